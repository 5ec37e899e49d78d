// Reads what the side path keeps of an earlier session, for a new one that continues it (`trunkline-continue`).
// Rule: another key's session answers 404, like an unknown id; for a client secret so does what neither it nor its end user has opened.

import type { Refusal } from '../../../adapters/realtime/refusal.ts';
import { isRefusal, notNow } from '../../http/request/refusals.ts';
import type { SessionRecord } from '../../ipc/session-record.ts';
import { type AskWhole, type ContextAnswer, type Requester, requesterOf } from '../../ipc/side-request.ts';
import { unlessAborted } from '../../platform/deadline.ts';
import type { SessionContext } from '../../session/subject.ts';
import { canReadSession } from '../../side/http/handler.ts';
import type { ConnectOutcome } from '../../transport/connector.ts';
import type { DialOutcome } from '../../transport/dial.ts';
import type { Admission } from '../admission/admission.ts';
import { CONTINUE } from '../admission/continuation.ts';

export interface ContextReader {
  /** Undefined where there is no side process. */
  readonly askSide?: AskWhole | undefined;
  /** Finds a session of any process, live or lately ended. */
  find(id: string): Promise<SessionRecord | undefined>;
}

/** Reads for `side.contextMs` at most. A Refusal says why the session must not be opened. Never rejects. */
export async function readContext(
  admission: Pick<Admission, 'provider' | 'key' | 'secret' | 'continues' | 'policy' | 'targets'>,
  { askSide, find }: ContextReader,
  signal: AbortSignal,
): Promise<SessionContext | Refusal> {
  const { provider, continues = '', policy, targets } = admission;
  const { config } = policy;
  const requester = requesterIn(admission);
  const until = AbortSignal.any([signal, AbortSignal.timeout(config.side.contextMs)]);
  try {
    if (askSide === undefined) throw new Error('there is no side process');
    const live = await unlessAborted(find(continues), until);
    const request = {
      requester,
      method: 'GET',
      path: `/v1/sessions/${continues}/context`,
      query: {},
      headers: {},
      body: undefined,
      // A session of somebody else does not exist for this one.
      live: live !== undefined && canReadSession({ requester }, live) ? live : undefined,
    } as const;
    const { status, text: body } = await unlessAborted(askSide(request, until), until);
    if (status === 404) return unknown;
    if (status !== 200) throw new Error(`the side path answered ${status}`);
    const answer = JSON.parse(body) as ContextAnswer;
    const { from, text, dataClass } = answer;
    const context: SessionContext = { continues, from, text, dataClass, provider: answer.provider };
    // The one of several targets that will serve is not known yet.
    return (targets === undefined ? checkHeard({ context, provider }) : undefined) ?? context;
  } catch {
    if (config.side.whenContextUnavailable === 'refuse') return unavailable;
    return { continues, from: 'unavailable', text: '', dataClass: 'open' };
  }
}

/** Refuses to tell a provider of a regulated session that another one heard. */
export function checkHeard({ context, provider }: Pick<Admission, 'context' | 'provider'>): Refusal | undefined {
  const { dataClass, provider: heardBy = provider.name } = context ?? {};
  return dataClass === 'regulated' && heardBy !== provider.name ? regulatedElsewhere(heardBy) : undefined;
}

/** The text of a regulated session makes the one that continues it regulated, too. */
export function withContext(admission: Admission, context: Admission['context']): Admission {
  if (context === undefined) return admission;
  return { ...admission, context, dataClass: context.dataClass === 'regulated' ? 'regulated' : admission.dataClass };
}

/** A client secret continues its own sessions, and those of its end user, which other secrets may have opened. */
const requesterIn = ({ key, secret }: Pick<Admission, 'key' | 'secret'>): Requester =>
  secret === undefined ? requesterOf(key) : requesterOf(key, secret.id, secret.settings.endUser ?? key?.endUser);

interface ContextDial {
  dial(signal: AbortSignal): Promise<ConnectOutcome>;
  read(signal: AbortSignal): Promise<SessionContext | Refusal>;
  /** Aborted when the client is gone. */
  readonly signal: AbortSignal;
}

/** A refused context is an outcome without a connection. */
export type ContextOutcome = ConnectOutcome | Extract<DialOutcome, { readonly kind: 'failed' }>;

/** Dials while the context is read. A refused context ends the dialling and is its outcome; a dialling that fails ends the reading. */
export async function dialWithContext({
  dial,
  read,
  signal,
}: ContextDial): Promise<{ readonly dialled: ContextOutcome; readonly context?: SessionContext | undefined }> {
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const reading = read(either).then((context) => {
    // A refusal that comes after a failed dialling is its consequence.
    const isLate = stop.signal.aborted;
    if (isRefusal(context)) stop.abort();
    return isLate ? undefined : context;
  });
  const dialled = await dial(either);
  if (dialled.kind !== 'open') stop.abort();
  const context = await reading;
  if (!isRefusal(context)) return { dialled, context };
  if (dialled.kind === 'open') dialled.socket.destroy();
  return { dialled: { kind: 'failed', refusal: context } };
}

const unknown: Refusal = {
  status: 404,
  code: 'unknown_session',
  message: `no session of this key has the id that is given as the ${CONTINUE}`,
};

const unavailable = notNow(`what is kept of the session in ${CONTINUE} cannot be read now`);

const regulatedElsewhere = (provider: string): Refusal => ({
  status: 403,
  code: 'policy_refused',
  message: `the session in ${CONTINUE} is regulated: expected a session with ${provider}, which heard it`,
});
