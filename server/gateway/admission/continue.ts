// What a new session is told of an earlier one (`trunkline-continue`): what the side path keeps of it, and whether the new one may have it.
// Rule: who names a session that is not his own learns no more than of one that does not exist.

import type { Refusal } from '../../../adapters/realtime/contract.ts';
import type { Config } from '../../config/config.ts';
import type { SessionRecord } from '../../ipc/session-record.ts';
import type { ContextAnswer, SideHandler, SideReplyHead } from '../../ipc/side-request.ts';
import { unlessAborted } from '../../platform/deadline.ts';
import type { SessionContext } from '../../session/subject.ts';
import type { DialOutcome } from '../../transport/dial.ts';
import type { Admission } from './admit.ts';
import { CONTINUE } from './continue-request.ts';
import { isRefusal } from './refusals.ts';

export interface ContextReader {
  readonly config: Pick<Config, 'side'>;
  /** undefined: there is no side process. */
  readonly askSide?: SideHandler | undefined;
  /** A session of any process, live or lately ended. */
  find(id: string): Promise<SessionRecord | undefined>;
}

/** Reads what is kept, for `side.contextMs` at most, or says why the session is not to be opened. Never rejects. */
export async function readContext(
  { provider: adapter, key, continues: session = '' }: Admission,
  { config, askSide, find }: ContextReader,
  signal: AbortSignal,
): Promise<SessionContext | Refusal> {
  const until = AbortSignal.any([signal, AbortSignal.timeout(config.side.contextMs)]);
  const requester = { scope: 'key', key: key?.id, team: key?.team } as const;
  const heads: SideReplyHead[] = [];
  try {
    if (askSide === undefined) throw new Error('there is no side process');
    const live = await unlessAborted(find(session), until);
    const request = {
      requester,
      method: 'GET',
      path: `/v1/sessions/${session}/context`,
      query: {},
      headers: {},
      body: undefined,
      // Another key's session does not exist for this one.
      live: live?.key === key?.id ? live : undefined,
    };
    const keep = (part: SideReplyHead | Buffer) => void (Buffer.isBuffer(part) || heads.push(part));
    await unlessAborted(askSide(request, keep, until), until);
    const [{ status, body }] = heads as [SideReplyHead];
    if (status === 404) return unknown;
    if (status !== 200) throw new Error(`the side path answered ${status}`);
    const { from, text, dataClass, provider } = JSON.parse(String(body)) as ContextAnswer;
    const isElsewhere = dataClass === 'regulated' && provider !== adapter.name;
    return isElsewhere ? regulatedElsewhere(provider) : { continues: session, from, text, dataClass };
  } catch {
    if (config.side.whenContextUnavailable === 'refuse') return unavailable;
    return { continues: session, from: 'unavailable', text: '', dataClass: 'open' };
  }
}

export interface ContextDial {
  dial(signal: AbortSignal): Promise<DialOutcome>;
  read(signal: AbortSignal): Promise<SessionContext | Refusal>;
  /** The client left. */
  readonly signal: AbortSignal;
}

/** Dials while the context is read. A context that is refused ends the dialling, a dialling that fails the reading. The context is in `admitted`. */
export async function dialWithContext(
  admitted: Admission,
  { dial, read, signal }: ContextDial,
): Promise<{ readonly dialled: DialOutcome; readonly admitted: Admission }> {
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  let refused: Refusal | undefined;
  const reading = read(either).then((context) => {
    if (isRefusal(context) && !stop.signal.aborted) {
      refused = context;
      stop.abort();
    }
    return context;
  });
  const dialled = await dial(either);
  if (dialled.kind !== 'open' && refused === undefined) {
    stop.abort();
    return { dialled, admitted };
  }
  const context = await reading;
  if (!isRefusal(context)) return { dialled, admitted: withContext(admitted, context) };
  if (dialled.kind === 'open') dialled.socket.destroy();
  return { dialled: { kind: 'failed', refusal: context }, admitted };
}

/** The session as it opens: the text of a regulated session makes it one, too. */
function withContext(admitted: Admission, context: SessionContext): Admission {
  return { ...admitted, context, dataClass: context.dataClass === 'regulated' ? 'regulated' : admitted.dataClass };
}

const unknown: Refusal = {
  status: 404,
  code: 'unknown_session',
  message: `no session of this key has the id that is given as the ${CONTINUE}`,
};

const unavailable: Refusal = {
  status: 503,
  code: 'side_unavailable',
  message: `what is kept of the session in ${CONTINUE} cannot be read now`,
  retryAfterS: 1,
};

const regulatedElsewhere = (provider: string): Refusal => ({
  status: 403,
  code: 'policy_refused',
  message: `the session in ${CONTINUE} is regulated: expected a session with ${provider}, which heard it`,
});
