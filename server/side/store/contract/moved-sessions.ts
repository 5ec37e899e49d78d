// The part of the store's contract that is about sessions which a gateway process has left, until another one takes them or they expire.

import type { MovedSession } from '../../../ipc/session-record.ts';

export interface MovedSessions {
  leaveSession(left: MovedSession): Promise<void>;
  /** `owner`: of `MovedSession`; undefined: whoever it is, for the one that may read the session by this id of its row. */
  movedSession(id: string, owner: string | undefined, now: number): Promise<MovedSession | undefined>;
  /** Takes it for this instance: of several that try, one gets true. */
  takeMoved(id: string, owner: string, instance: string, now: number): Promise<boolean>;
  /** Takes back that it was left. */
  dropMoved(id: string): Promise<void>;
  /** Returns how many. */
  removeExpiredMoved(now: number): Promise<number>;
}
