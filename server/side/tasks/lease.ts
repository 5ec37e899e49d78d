// Holds the lease of one running task: extends it while the task runs, and stops the run when it is lost.

import type { Task } from '../../ipc/stored-rows.ts';
import type { Store } from '../store/contract/store.ts';

type StopReason = 'lease_lost' | 'closing' | 'deadline';

export interface TaskLease {
  /** Aborts with a `StopReason` when the run must end before its time. */
  readonly signal: AbortSignal;
  stop(reason: StopReason): void;
  /** Stops extending, and the deadline. */
  release(): void;
}

interface TaskLeaseOptions {
  readonly store: Pick<Store, 'extendTaskLease'>;
  readonly leaseMs: number;
  /** Deadline of the whole run. */
  readonly deadlineMs: number;
}

export function holdTaskLease(task: Task, { store, leaseMs, deadlineMs }: TaskLeaseOptions): TaskLease {
  const control = new AbortController();
  const deadline = setTimeout(() => control.abort('deadline' satisfies StopReason), deadlineMs);
  const heartbeat = setInterval(() => {
    // The next beat asks a store again that fails for a moment. Late writes are checked against the version anyway.
    store.extendTaskLease(task.id, task.version, Date.now() + leaseMs).then(
      (isOurs) => isOurs || control.abort('lease_lost' satisfies StopReason),
      () => {},
    );
  }, leaseMs / 3);
  return {
    signal: control.signal,
    stop: (reason) => control.abort(reason),
    release() {
      clearTimeout(deadline);
      clearInterval(heartbeat);
    },
  };
}
