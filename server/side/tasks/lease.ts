// Holds the lease of one running task: prolongs it while it runs, and stops the run when it is lost.

import type { Task } from '../../ipc/records.ts';
import type { Store } from '../store/contract.ts';

/** Why a run is stopped before its end. */
export type StopReason = 'lease_lost' | 'closing' | 'deadline';

export interface TaskLease {
  /** Aborted with a `Stopped` as its reason. */
  readonly signal: AbortSignal;
  stop(why: StopReason): void;
  /** Ends the prolonging, and the deadline. */
  release(): void;
}

/** @param deadlineMs of the whole run */
export function holdTaskLease(task: Task, store: Store, leaseMs: number, deadlineMs: number): TaskLease {
  const control = new AbortController();
  const deadline = setTimeout(() => control.abort('deadline' satisfies StopReason), deadlineMs);
  const beat = setInterval(() => {
    // A store that fails for a moment is asked again with the next beat; what is written later is checked against the version anyway.
    store.extendTaskLease(task.id, task.version, Date.now() + leaseMs).then(
      (isOurs) => isOurs || control.abort('lease_lost' satisfies StopReason),
      () => {},
    );
  }, leaseMs / 3);
  return {
    signal: control.signal,
    stop: (why) => control.abort(why),
    release() {
      clearTimeout(deadline);
      clearInterval(beat);
    },
  };
}
