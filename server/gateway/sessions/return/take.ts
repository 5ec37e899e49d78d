// Goes on with a session that another process or machine has left: its provider is dialled anew, and told by the way of the dialect what was said. Rule: of
// several that try, one gets it; it is no new session, and no new use of its credential.

import type { Handshake } from '../../../../adapters/realtime/contract.ts';
import type { Refusal } from '../../../../adapters/realtime/refusal.ts';
import { decodeMsgpack } from '../../../../codecs/msgpack.ts';
import { watchClientGone } from '../../../http/connection/client-gone.ts';
import { isRefusal } from '../../../http/request/refusals.ts';
import type { MovingState } from '../../../ipc/session-record.ts';
import type { ConnectOutcome } from '../../../transport/connector.ts';
import type { Admission } from '../../admission/admission.ts';
import { admit } from '../../admission/admit.ts';
import { duplicateSession, limitReached } from '../../admission/refusals.ts';
import type { OpeningLeash } from '../../money/leash.ts';
import { announceSession, type SessionOwner, scopesOf, startSession, type Upgrade } from '../../start-session.ts';
import { dialTarget } from '../../targets/dial.ts';
import { ownerOf } from './owner.ts';
import { noSuchSession, tooLate } from './relay.ts';

/** The session that a client asks for, and the number of messages that it has got of it. */
export interface AskedReturn {
  readonly id: string;
  readonly received: number;
  readonly handshake: Handshake;
}

export interface TakeHost extends SessionOwner {
  refusal(admission: Admission): Refusal | undefined;
  leash(admission: Admission): Promise<OpeningLeash | Refusal> | undefined;
}

export async function takeOver(
  { id, received, handshake }: AskedReturn,
  upgrade: Upgrade,
  host: TakeHost,
): Promise<Refusal | 'returned'> {
  const owner = ownerOf(handshake) ?? '';
  const left = await host.moved?.find({ id, owner }).catch(() => undefined);
  if (left === undefined) return noSuchSession;
  const state = decodeMsgpack(Buffer.from(left.state, 'base64')) as MovingState;
  if (received > state.sent || received < state.sent - state.kept.length) return tooLate;
  const { request, source } = upgrade;
  const asker = { address: source.address, isUpgrade: true, isReturn: true };
  const admitted = await admit(request, host.policy(), asker);
  if (isRefusal(admitted)) return admitted;
  const { maxSeconds: most } = admitted;
  const maxSeconds = most && Math.max(1, most - Math.round(state.before.durationMs / 1000));
  const admission: Admission = { ...admitted, sessionId: id, isOffered: true, survives: 'both', maxSeconds };
  const refusal = checkPlace(admission, state) ?? host.refusal(admission) ?? (await checkLeash(admission, host));
  if (refusal !== undefined) return refusal;
  // Rates count sessions that begin.
  const scopes = scopesOf(admission).map(({ rates: _, ...scope }) => scope);
  const result = await host.registry.reserve({ id, isOffered: true, key: admission.key?.id, scopes });
  if (result !== 'granted') return result === 'duplicate' ? duplicateSession : limitReached(result);
  return goOn({ admission, state, received, owner }, upgrade, host);
}

interface Taking {
  readonly admission: Admission;
  readonly state: MovingState;
  readonly received: number;
  readonly owner: string;
}

async function goOn({ admission, state, received, owner }: Taking, upgrade: Upgrade, host: TakeHost) {
  const { sessionId: id } = admission;
  const askedAt = performance.now();
  const gone = watchClientGone(upgrade.socket);
  const { outcome, at: dialledAt } = await dialTarget(admission, host, gone.signal);
  const isTaken = outcome.kind === 'open' && (await host.moved?.take({ id, owner }).catch(() => false));
  gone.stop();
  if (outcome.kind === 'open' && isTaken) {
    const { ms: dialMs, connection, socket: upstream } = outcome;
    const started = announceSession(admission, host, state.rowStartedAt);
    const opening = { askedAt, dialledAt, dialMs, connection };
    startSession(
      { admission, upgrade, upstream, started, opening, leash: undefined, moved: { state, received } },
      host,
    );
    return 'returned' as const;
  }
  host.registry.release(id);
  return failure(outcome);
}

function failure(outcome: ConnectOutcome): Refusal {
  if (outcome.kind === 'failed') return outcome.refusal;
  if (outcome.kind === 'refused') return { ...notDialled, message: `${notDialled.message} (${outcome.reply.status})` };
  outcome.socket.destroy();
  return noSuchSession;
}

/** A session goes on where it was: what it was told stands for no other model. */
function checkPlace({ provider, endpoint, model }: Admission, state: MovingState): Refusal | undefined {
  const isSame = provider.name === state.provider && endpoint.path === state.path && model === state.model;
  return isSame ? undefined : otherPlace;
}

/** One whose cost is limited since then cannot be counted from its beginning. */
async function checkLeash(admission: Admission, host: TakeHost): Promise<Refusal | undefined> {
  const leash = await host.leash(admission);
  return isRefusal(leash) ? leash : leash && noSuchSession;
}

const otherPlace: Refusal = {
  status: 400,
  code: 'invalid_request',
  message: 'expected the path and the model of the session that is to be resumed',
};

const notDialled: Refusal = {
  status: 503,
  code: 'upstream_refused',
  message: 'the provider refused another socket for the session',
  retryAfterS: 1,
};
