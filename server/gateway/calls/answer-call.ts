// Answers requests of calls: one that makes a call is admitted like a session, goes on to the provider, and is counted from its answer on; one that
// asks something of a call goes on where the call belongs to its key.

import type { IncomingMessage } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { findCall } from '../../../adapters/realtime/index.ts';
import type { HttpReply, Refusal } from '../../../adapters/realtime/refusal.ts';
import { masked, writeHead } from '../../http/reply.ts';
import type { Answer, CheckedExchange } from '../../http/request/answer.ts';
import { readBody } from '../../http/request/body.ts';
import { lapsedKey } from '../../http/request/keys/authenticate.ts';
import { draining, isRefusal, notNow } from '../../http/request/refusals.ts';
import { clientEnded, keyRevoked } from '../../session/close-reason.ts';
import { limitReached, tooManyDownloads, tooManyUpgrades } from '../admission/refusals.ts';
import type { OpeningLeash } from '../money/leash.ts';
import { reservationOf, type SessionHost } from '../open-session.ts';
import { tellRefusal } from '../side/refusal-row.ts';
import { giveUseBack, takeUse } from '../side/secret-uses.ts';
import { announceSession } from '../start-session.ts';
import { leashed } from '../targets/dial.ts';
import { tellTries } from '../targets/report.ts';
import { admitCall, type CallAdmission, isCallId } from './admit-call.ts';
import { askForWhole, askProvider, type CallQuestion, headOf, readAnswer } from './ask-provider.ts';
import { askTargets, type Beginning } from './ask-targets.ts';
import type { MediaCall } from './media-call.ts';
import { type BegunCall, hangUp, keptHeaders } from './reach-call.ts';
import { startCall } from './start-call.ts';

/** Tells whether a request is one of calls. */
export const isOfCall = ({ request, handshake }: Pick<CheckedExchange, 'request' | 'handshake'>): boolean =>
  findCall(request.method ?? '', handshake.path) !== undefined;

/** Lives from a request of a call until its answer is known. */
export class CallOpening {
  readonly #exchange: CheckedExchange;
  readonly #host: SessionHost;
  readonly #askedAt = performance.now();
  readonly #aborted = new AbortController();
  #isStarted = false;

  constructor(exchange: CheckedExchange, host: SessionHost) {
    this.#exchange = exchange;
    this.#host = host;
  }

  /** The client is refused, since the gateway ends. */
  abort(): void {
    this.#aborted.abort();
  }

  async run(): Promise<Answer> {
    const { request, handshake, source } = this.#exchange;
    const begins = findCall(request.method ?? '', handshake.path)?.endpoint.start !== undefined;
    const busy = begins ? this.#host.busy() : undefined;
    if (busy !== undefined) return this.#refused(busy);
    const policy = this.#host.policy();
    const { maxCallBodyBytes: maxBytes, handshakeMs: ms } = policy.config.limits;
    const limits = { maxBytes, setting: 'limits.maxCallBodyBytes', ms };
    const body = async () => wholeBody(await readBody(request, limits));
    const decision = await admitCall({ request, handshake, policy, address: source.address, isUpgrade: false, body });
    if (isRefusal(decision)) return this.#refused(decision);
    const foreign = await this.#refuseForeign(decision);
    if (foreign !== undefined) return this.#refused(foreign, decision);
    const { asked } = decision;
    return asked === undefined ? this.#relay(decision) : this.#open({ ...decision, asked });
  }

  /** A key that shares its account reaches the calls that it has made, and those only, unless it may reach any. */
  async #refuseForeign(admission: CallAdmission): Promise<Refusal | undefined> {
    const { callId, bindsIds, key } = admission;
    if (callId === undefined || !bindsIds || key?.callIds === 'any') return undefined;
    const owns = await this.#host.idOwners.ofCalls(admission).owns([callId]);
    if (owns === 'away') return notNow('whether this key has made the call cannot be found out now');
    return owns ? undefined : foreignCall;
  }

  async #relay(admission: CallAdmission): Promise<Answer> {
    const { data, call } = admission;
    const { 'content-type': type, accept } = this.#exchange.request.headers;
    const body = data && { type: type ?? 'application/json', data };
    const question = { method: call.method, body, accept };
    const means = { config: admission.policy.config, signal: this.#aborted.signal };
    if (call.method === 'GET') return this.#download(admission, question);
    const reply = await askForWhole(admission, question, means);
    return 'code' in reply ? this.#refused(reply, admission) : masked(reply, admission.ownCredential);
  }

  /** A recording is as long as its call, and takes a connection at either end meanwhile. */
  async #download(admission: CallAdmission, question: CallQuestion): Promise<Answer> {
    const { connections, downloads } = this.#host;
    const { request, response, source } = this.#exchange;
    const end = downloads.take(source.address);
    if (typeof end === 'string') return this.#refused(tooManyDownloads[end], admission);
    connections.hold(request.socket, response);
    // Nobody else wants it: a client that leaves ends the question, too.
    response.once('close', () => this.#aborted.abort());
    try {
      const means = { config: admission.policy.config, signal: this.#aborted.signal };
      const answer = await askProvider(admission, question, means);
      if (!response.destroyed) return await this.#stream(admission, answer);
      if (!('code' in answer)) answer.destroy();
      return this.#left();
    } finally {
      end();
    }
  }

  /** There is nobody who could be told. */
  #left(): undefined {
    this.#host.metrics.refused('client_left', 499);
  }

  async #stream(admission: CallAdmission, answer: IncomingMessage | Refusal): Promise<Answer> {
    if ('code' in answer) return this.#refused(answer, admission);
    const { response } = this.#exchange;
    const { status, headers } = headOf(answer);
    if (status >= 300) {
      const reply = await readAnswer(answer, admission.policy.config.limits.dialMs);
      return 'code' in reply ? this.#refused(reply, admission) : masked(reply, admission.ownCredential);
    }
    answer.setTimeout(admission.policy.config.limits.stallMs, () => answer.destroy());
    writeHead(response, status, headers);
    await pipeline(answer, response, { signal: this.#aborted.signal }).catch(() => response.destroy());
    return undefined;
  }

  async #open(first: Beginning): Promise<Answer> {
    const { connections, refusal, secrets } = this.#host;
    const { request, source } = this.#exchange;
    const refused = refusal(first);
    if (refused !== undefined) return this.#refused(refused, first);
    const end = connections.beginUpgrade(request.socket, source.address);
    if (typeof end === 'string') return this.#refused(tooManyUpgrades[end], first);
    try {
      const found = await leashed(first, this.#host);
      if (isRefusal(found)) return this.#refused(found, first);
      const { leash } = found;
      const admission = found.admission as Beginning;
      const unusable = await takeUse(admission, secrets);
      if (unusable !== undefined) return this.#refused(unusable, admission);
      try {
        return await this.#reserve(admission, leash);
      } finally {
        if (!this.#isStarted) giveUseBack(admission, secrets);
      }
    } finally {
      end();
    }
  }

  async #reserve(admission: Beginning, leash: OpeningLeash | undefined): Promise<Answer> {
    const { registry } = this.#host;
    const result = await registry.reserve(reservationOf(admission));
    if (result === 'duplicate') throw new Error('the id of a session is there twice');
    if (result !== 'granted') return this.#refused(limitReached(result), admission);
    try {
      // The call is there as soon as the provider is asked, so that its money has to be there before.
      const unfunded = await leash?.open();
      return unfunded === undefined ? await this.#ask(admission, leash) : this.#refused(unfunded, admission);
    } finally {
      if (!this.#isStarted) {
        registry.release(admission.sessionId);
        leash?.funds?.close(false);
      }
    }
  }

  async #ask(first: Beginning, taken: OpeningLeash | undefined): Promise<Answer> {
    const lapsed = this.#host.isEnding() ? draining : lapsedKey(first);
    if (lapsed !== undefined) return this.#refused(lapsed, first);
    // A provider that is asked makes a call, which would be hung up at once.
    if (this.#exchange.response.destroyed) return this.#left();
    const { targets } = first;
    const announced = targets === undefined ? announceSession(first, this.#host) : undefined;
    const { accept } = this.#exchange.request.headers;
    const hasLeft = () => this.#exchange.response.destroyed;
    const means = { ...this.#host, accept, signal: this.#aborted.signal, hasLeft };
    const { admission, reply, leash, at } = await askTargets({ admission: first, leash: taken }, means);
    const outcome = 'code' in reply ? 'failed' : reply.status >= 300 ? 'refused' : 'open';
    tellTries({ admission, outcome, source: this.#exchange.source }, this.#host);
    if ('code' in reply) {
      if (admission.callId !== undefined) this.#hangUpUnknown(admission);
      return this.#refused(reply, admission);
    }
    if (reply.status >= 300) return this.#refusedByProvider(admission, masked(reply, admission.ownCredential));
    const id = idOf(admission, reply);
    if (id === undefined) return this.#refused(noId, admission);
    const { call: endpoint, provider } = admission;
    const begun: BegunCall = { id, family: endpoint.family, provider, headers: keptHeaders(admission) };
    const opening = {
      askedAt: this.#askedAt,
      dialledAt: at,
      dialMs: performance.now() - at,
      connection: 'cold',
      tries: targets?.tries,
    } as const;
    const started = announced ?? announceSession(admission, this.#host);
    const call = startCall({ admission, begun, started, opening, leash }, this.#host);
    this.#isStarted = true;
    if (lapsedKey(admission) !== undefined) call.end(keyRevoked());
    this.#endIfLeft(call);
    return this.#answerOf(reply, id, admission);
  }

  /** A call that was there before may have been taken though no answer came: nobody would count it. */
  #hangUpUnknown({ callId: id = '', call: { family }, provider, ...admission }: Beginning): void {
    const begun = { id, family, provider, headers: keptHeaders({ ...admission, provider }) };
    const { log, policy } = this.#host;
    hangUp(begun, () => policy(), new AbortController().signal).then(
      (outcome) =>
        outcome === 'failed' && log.error({ id: admission.sessionId }, 'call not hung up: it may go on uncounted'),
      () => {},
    );
  }

  /** Nobody talks where the answer did not come to its client. */
  #endIfLeft(call: MediaCall): void {
    const { response } = this.#exchange;
    const end = (): void => void (response.writableFinished || call.end(clientEnded(1006)));
    if (response.destroyed) end();
    else response.once('close', end);
  }

  #answerOf({ status, headers, body }: HttpReply, id: string, { sessionId }: Beginning): HttpReply {
    const { path } = this.#exchange.handshake;
    const location = headers.location === undefined ? {} : { location: `${path}/${id}` };
    return {
      status,
      headers: { ...headers, ...location, 'x-trunkline-session': sessionId } as HttpReply['headers'],
      body,
    };
  }

  #refusedByProvider(admission: Beginning, reply: HttpReply): HttpReply {
    const { metrics, logRefusal } = this.#host;
    const { source } = this.#exchange;
    const { status, headers } = reply;
    const code = 'upstream_refused';
    metrics.refused(code, status);
    const facts = { provider: admission.provider.name, route: admission.call.path, key: admission.key?.id };
    const upstreamRequestId = headers['x-request-id'];
    logRefusal({ ...source, ...facts, code, status, upstreamRequestId }, 'provider refused the call');
    tellRefusal(
      { code, status, message: `the provider refused the call with HTTP ${status}` },
      this.#exchange,
      this.#host,
      admission,
    );
    return reply;
  }

  #refused(refusal: Refusal, admission?: CallAdmission): Refusal {
    tellRefusal(refusal, this.#exchange, this.#host, admission);
    return refusal;
  }
}

/** The id in the path, where the call was there before. */
function idOf({ asked: { start }, callId }: Beginning, { headers: { location }, body }: HttpReply): string | undefined {
  const id = start.idIn === undefined ? callId : start.idIn({ location, body: Buffer.from(body) });
  return id !== undefined && isCallId(id) ? id : undefined;
}

const wholeBody = (body: Awaited<ReturnType<typeof readBody>>): Buffer | undefined | Refusal =>
  body === undefined || Buffer.isBuffer(body) || isRefusal(body) ? body : Buffer.concat(body as readonly Buffer[]);

const foreignCall: Refusal = {
  status: 403,
  code: 'id_not_issued',
  message: 'expected the id of a call that this key has made through this gateway, or callIds: any of the key',
};

const noId: Refusal = {
  status: 502,
  code: 'upstream_refused',
  message: 'the provider answered without the id of a call that could be counted',
};
