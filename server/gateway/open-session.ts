// Opens one session: admission, the use of a client secret, a place in the registry, the provider, the 101. Rule: the client gets one answer,
// and the place is given back unless a session has it.

import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { HttpReply, Refusal } from '../../adapters/realtime/refusal.ts';
import { type ClientGone, watchClientGone } from '../http/connection/client-gone.ts';
import type { ConnectionLimit } from '../http/connection/connection-limit.ts';
import type { Places } from '../http/connection/places.ts';
import { masked, writeReply } from '../http/reply.ts';
import { askedFor } from '../http/request/facts.ts';
import { lapsedKey } from '../http/request/keys/authenticate.ts';
import type { RefusalFacts, RefusalLog } from '../http/request/refusal/refusal-log.ts';
import type { RefusalRows } from '../http/request/refusal/refusal-rows.ts';
import { draining, isRefusal, refuse } from '../http/request/refusals.ts';
import { REQUEST_ID_HEADER, type RequestSource } from '../http/request/source.ts';
import type { Reservation } from '../ipc/session-reservation.ts';
import type { SecretStore } from '../ipc/stored-keys.ts';
import { faultOf } from '../platform/log.ts';
import type { Session } from '../session/session.ts';
import { upgradeReply } from '../transport/upgrade.ts';
import type { Admission, WaitForFirst } from './admission/admission.ts';
import { admit } from './admission/admit.ts';
import { duplicateSession, limitReached, speaksWebSocket, tooManyUpgrades } from './admission/refusals.ts';
import type { SliceStore } from './money/funds.ts';
import type { OpeningLeash } from './money/leash.ts';
import { takeReturn } from './sessions/return/return.ts';
import { WaitingClient } from './sessions/waiting-client.ts';
import {
  type ContextOutcome,
  type ContextReader,
  checkHeard,
  dialWithContext,
  readContext,
  withContext,
} from './side/read-context.ts';
import { tellRefusal } from './side/refusal-row.ts';
import { giveUseBack, takeUse } from './side/secret-uses.ts';
import { announceSession, type SessionOwner, scopesOf, startSession, type Upgrade } from './start-session.ts';
import { dialTargets, type LeashedAdmission, leashed } from './targets/dial.ts';
import { tellTries } from './targets/report.ts';
import { checkTerms } from './targets/terms.ts';

/** The gateway, as the opening of a session sees it. */
export interface SessionHost extends SessionOwner, ContextReader {
  /** The reason why no session opens now, whoever asks; undefined: there is none. */
  busy(): Refusal | undefined;
  /** The reason why this session does not open now; undefined: it does. */
  refusal(admission: Admission): Refusal | undefined;
  isEnding(): boolean;
  /** The wait for the client of a live session: see `Session.returning`. */
  returning(id: string): Session['returning'];
  /** Called with the connection of a client that another process serves from now on. */
  onHandedOver(socket: Socket): void;
  readonly logRefusal: RefusalLog;
  /** Undefined where no rows are written. */
  readonly refusals?: Pick<RefusalRows, 'add' | 'flush'> | undefined;
  /** Undefined where there is no side process. */
  readonly secrets?: SecretStore | undefined;
  /** Where sessions take their slices of budgets; undefined where there is no store. */
  readonly slices?: SliceStore | undefined;
  readonly connections: ConnectionLimit;
  /** Downloads of recordings. */
  readonly downloads: Places;
  /** Finds out what a session may cost: see `leashOf`. */
  leash(admission: Admission): Promise<OpeningLeash | Refusal> | undefined;
}

type DialFailure = Exclude<ContextOutcome, { readonly kind: 'open' }>;

/** Lives from an upgrade request until its client has an answer. */
export class SessionOpening {
  readonly #upgrade: Upgrade;
  readonly #host: SessionHost;
  readonly #askedAt = performance.now();
  /** The client, where it had its 101 before anything is known of it. */
  #waiting: WaitingClient | undefined;
  #clientGone: ClientGone | undefined;
  /** Tells whether the client left while the provider was asked. */
  #hasLeft = false;
  #isStarted = false;

  constructor(upgrade: Upgrade, host: SessionHost) {
    this.#upgrade = upgrade;
    this.#host = host;
  }

  /** Resolves once the client has its answer. Never rejects: what goes wrong with one client stays with that client. */
  async run(): Promise<void> {
    const { request, socket, source } = this.#upgrade;
    socket.on('error', () => {});
    try {
      const back = await takeReturn(this.#upgrade, this.#host);
      if (back === 'returned') return;
      // Nobody is asked who the client is where it would be refused whoever it is: that must cost next to nothing.
      const refusal = back ?? this.#host.busy();
      if (refusal !== undefined) return this.#refuse(refusal);
      const wait: WaitForFirst = (form, answer) => this.#waitForFirst(form, answer);
      const decision = await admit(request, this.#host.policy(), { address: source.address, isUpgrade: true, wait });
      if (isRefusal(decision)) this.#refuse(decision);
      else await this.#open(decision);
    } catch (error) {
      this.#host.log.error({ requestId: source.requestId, ...faultOf(error) }, 'upgrade failed');
      socket.destroy();
    }
  }

  /** Ends the dialling; the client is refused, since the gateway ends. */
  abort(): void {
    this.stopWaiting();
    this.#clientGone?.abort();
  }

  /** Refuses a client whose first message is still to come, since the gateway opens no more sessions. */
  stopWaiting(): void {
    this.#waiting?.refuseFirst(draining);
  }

  /** Answers with the 101, and reads the first message ahead of all else. */
  async #waitForFirst(...[form, answer]: Parameters<WaitForFirst>): ReturnType<WaitForFirst> {
    const { policy, unfinished, busy } = this.#host;
    const refusal = busy();
    if (refusal !== undefined) return refusal;
    const { request, socket, head, source } = this.#upgrade;
    const { requestId } = source;
    socket.write(upgradeReply(request.headers['sec-websocket-key'] ?? '', { ...answer, requestId }));
    this.#waiting = new WaitingClient({ socket, head, form, limits: policy().config.limits, unfinished });
    return this.#waiting.reading;
  }

  async #open(admission: Admission): Promise<void> {
    const refusal = this.#host.refusal(admission);
    if (refusal !== undefined) return this.#refuse(refusal, admission);
    const { socket, source } = this.#upgrade;
    const end = this.#host.connections.beginUpgrade(socket, source.address);
    if (typeof end === 'string') return this.#refuse(tooManyUpgrades[end], admission);
    const clientGone = this.#waiting ?? watchClientGone(socket);
    this.#clientGone = clientGone;
    try {
      const opening = await leashed(admission, this.#host);
      if (isRefusal(opening)) return this.#refuse(opening, admission);
      const unusable = await takeUse(admission, this.#host.secrets);
      if (unusable !== undefined) return this.#refuse(unusable, admission);
      await this.#reserve(opening, clientGone);
    } finally {
      end();
      clientGone.stop();
    }
  }

  /**
   * The use of a secret was taken before a place and the rates of its key are, so that one secret cannot use those up. A client that leaves
   * while the provider is asked has used it: what it takes of the rates does not come back either.
   */
  async #reserve(first: LeashedAdmission, clientGone: ClientGone): Promise<void> {
    const { admission } = first;
    try {
      const result = await this.#host.registry.reserve(reservationOf(admission));
      if (result === 'granted') await this.#dial(first, clientGone);
      else this.#refuse(result === 'duplicate' ? duplicateSession : limitReached(result), admission);
    } finally {
      if (!this.#isStarted && !this.#hasLeft) giveUseBack(admission, this.#host.secrets);
    }
  }

  async #dial(first: LeashedAdmission, { signal, stop }: ClientGone): Promise<void> {
    const { registry, isEnding } = this.#host;
    const { admission, leash } = first;
    const { continues, isOffered } = admission;
    let dialled: ContextOutcome | undefined;
    try {
      let served = { ...first, at: performance.now() };
      const dial = async (aborted: AbortSignal) => {
        const { outcome, ...target } = await dialTargets(first, this.#host, aborted);
        served = target;
        return outcome;
      };
      const read = (aborted: AbortSignal) => readContext(admission, this.#host, aborted);
      const dialling = continues === undefined ? dial(signal) : dialWithContext({ dial, read, signal });
      // Nobody waits for this while the provider is asked. What is left of a session with the same id has to be over before.
      const announced = continues === undefined && !isOffered ? announceSession(admission, this.#host) : undefined;
      const funding = leash?.open();
      const outcome = await dialling;
      dialled = 'dialled' in outcome ? outcome.dialled : outcome;
      stop();
      tellTries({ ...served, outcome: dialled.kind, source: this.#upgrade.source }, this.#host);
      const ended = isEnding() ? draining : this.#waiting?.noRoom;
      if (ended !== undefined) return this.#refuse(ended, admission);
      this.#hasLeft = signal.aborted;
      const lapsed = lapsedKey(admission);
      if (lapsed !== undefined) return this.#refuse(lapsed, admission);
      const unfunded = await funding;
      if (unfunded !== undefined) return this.#refuse(unfunded, admission);
      if (dialled.kind !== 'open') return this.#answerFailure(served.admission, dialled);
      if (this.#hasLeft || !this.#upgrade.socket.writable) {
        this.#hasLeft = true;
        return;
      }
      const known = withContext(served.admission, 'context' in outcome ? outcome.context : undefined);
      const unheard = checkHeard(known) ?? (known.context && checkTerms(known));
      if (unheard !== undefined) return this.#refuse(unheard, known);
      const started = (known.targets === undefined ? announced : undefined) ?? announceSession(known, this.#host);
      const askedAt = this.#waiting?.readyAt ?? this.#askedAt;
      const { ms: dialMs, connection, socket: upstream } = dialled;
      const opening = { askedAt, dialledAt: served.at, dialMs, connection, tries: known.targets?.tries };
      const ends = { upgrade: this.#upgrade, waiting: this.#waiting, upstream };
      startSession({ admission: known, ...ends, started, opening, leash: served.leash }, this.#host);
      this.#isStarted = true;
    } finally {
      if (!this.#isStarted) {
        registry.release(admission.sessionId);
        leash?.funds?.close(false);
        if (dialled?.kind === 'open') dialled.socket.destroy();
      }
    }
  }

  #answerFailure(admission: Admission, outcome: DialFailure): void {
    const { metrics } = this.#host;
    if (this.#hasLeft) metrics.refused('client_left', 499);
    else if (outcome.kind === 'failed') this.#refuse(outcome.refusal, admission);
    else {
      const reply = masked(outcome.reply, admission.ownCredential);
      const { status, headers } = reply;
      const upstreamRequestId = headers[REQUEST_ID_HEADER];
      metrics.refused('upstream_refused', status);
      const message = 'provider refused the upgrade';
      const refusal: Refusal = { code: 'upstream_refused', status, message: `the ${message} with HTTP ${status}` };
      this.#log({ code: 'upstream_refused', status, upstreamRequestId }, message, admission);
      this.#tell(refusal, admission);
      this.#write(refusal, reply);
    }
  }

  #refuse(refusal: Refusal, admission?: Admission): void {
    const { code, status, cause } = refusal;
    if (this.#waiting?.hasLeft) return void this.#host.metrics.refused('client_left', 499);
    this.#host.metrics.refused(code, status);
    this.#log({ code, status, cause }, 'upgrade refused', admission);
    this.#tell(refusal, admission);
    this.#write(refusal, refuse(this.#upgrade.request, refusal));
  }

  #log(facts: Omit<RefusalFacts, keyof RequestSource>, message: string, admission: Admission | undefined): void {
    const { request, source } = this.#upgrade;
    const asked = askedFor(request, this.#host.policy(), this.#waiting?.firstFrame);
    const known = admission && {
      ...{ id: admission.sessionId, class: admission.promptClass, key: admission.key?.id },
      provider: admission.provider.name,
    };
    this.#host.logRefusal({ ...source, ...asked, ...known, ...facts }, message);
  }

  #tell(refusal: Pick<Refusal, 'code' | 'message' | 'status'>, admission: Admission | undefined): void {
    tellRefusal(refusal, { ...this.#upgrade, firstFrame: this.#waiting?.firstFrame }, this.#host, admission);
  }

  /** A provider's own id of its refusal is passed on, and stands in the log beside ours. */
  #write(refusal: Refusal, reply: HttpReply): void {
    const { socket, source } = this.#upgrade;
    if (this.#waiting !== undefined) return void this.#waiting.refuse(refusal);
    writeReply(socket, reply, { [REQUEST_ID_HEADER]: source.requestId });
  }
}

/** Tells what an upgrade would be answered, without its effects: browsers hide why an upgrade failed, and show this. */
export async function explainUpgrade(request: IncomingMessage, address: string, host: SessionHost): Promise<HttpReply> {
  const decision = await admit(request, host.policy(), { address, isUpgrade: false });
  if (isRefusal(decision)) return refuse(request, decision);
  const refusal =
    host.refusal(decision) ?? (await refusedLeash(decision, host)) ?? (await tryReservation(decision, host));
  return refuse(request, refusal ?? speaksWebSocket);
}

async function refusedLeash(admission: Admission, host: SessionHost): Promise<Refusal | undefined> {
  const found = await leashed(admission, host);
  return isRefusal(found) ? found : undefined;
}

/** Takes a place under an id of its own, and gives it back. */
async function tryReservation(admission: Admission, host: SessionHost): Promise<Refusal | undefined> {
  const { registry } = host;
  const id = randomUUID();
  const result = await registry.reserve({ ...reservationOf(admission), id, isOffered: false, isTrial: true });
  if (result === 'granted') registry.release(id);
  if (typeof result === 'object') return limitReached(result);
  if (admission.continues === undefined) return undefined;
  const context = await readContext(admission, host, new AbortController().signal);
  return isRefusal(context) ? context : undefined;
}

export function reservationOf(admission: Admission): Reservation {
  const { sessionId, isOffered, key } = admission;
  return { id: sessionId, isOffered, key: key?.id, scopes: scopesOf(admission) };
}
