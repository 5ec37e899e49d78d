// Leaves a session to another process or machine, at its turn of a drain: what that needs is stored until its client is there, for `resumeMs` at most.
// Rule: what was said is stored only where texts may be.

import { encodeMsgpack } from '../../../../codecs/msgpack.ts';
import type { MovedSessionStore, MovingState } from '../../../ipc/session-record.ts';
import { withDeadline } from '../../../platform/deadline.ts';
import { reasons } from '../../../session/close-reason.ts';
import type { Session } from '../../../session/session.ts';
import type { Admission } from '../../admission/admission.ts';
import { ownerOf } from './owner.ts';

/** Longest time for the store. */
const STORE_MS = 2000;
/** Longest state, in characters. */
const MOST_STATE = 16 * 1024 * 1024;

interface Leaving {
  readonly admission: Admission;
  readonly session: Pick<Session, 'leave' | 'stay' | 'end' | 'returning' | 'summary'>;
  readonly store: MovedSessionStore;
  /** `StoredSession.startedAt` */
  readonly rowStartedAt: number;
}

/** Tells whether the session is one that another process can go on with: the next one knows of it what its handshake says, and what is stored. */
export const canMove = ({ survives, endpoint, targets, pinned, dialled, context }: Admission): boolean =>
  survives === 'both' &&
  endpoint.dialect.clients === undefined &&
  endpoint.firstFrame === undefined &&
  [targets, pinned, dialled, context].every((part) => part === undefined);

/** Resolves with false, and the session goes on, where it cannot be left now. */
export async function moveAway({ admission, session, store, rowStartedAt }: Leaving): Promise<boolean> {
  const part = session.leave();
  if (part === undefined) return false;
  const { sessionId: id, provider, endpoint, model, handshake, policy } = admission;
  const place = { provider: provider.name, path: endpoint.path, model, rowStartedAt };
  const state = encodeMsgpack({ ...place, ...part } satisfies MovingState).toString('base64');
  const { received, sent } = part;
  const expiresAt = Date.now() + policy.config.limits.resumeMs;
  const left = { id, owner: ownerOf(handshake) ?? '', received, sent, state, expiresAt };
  const isStored =
    state.length <= MOST_STATE &&
    (await withDeadline(store.leave(left), STORE_MS).then(
      () => true,
      () => false,
    ));
  // Messages that came while it was stored are not in it.
  if (isStored && session.returning?.state.sent === sent) {
    session.end(reasons.moved);
    // It may have ended otherwise meanwhile.
    if (session.summary().reason === reasons.moved.name) return true;
  }
  await store.drop(id).catch(() => {});
  session.stay();
  return false;
}
