// Deadline and cancellation of a call: it ends when its client leaves, when its time is up, or when another attempt has won.

import type { Call } from './call.ts';

/** The reason of an aborted signal of a call. */
export class CallAborted extends Error {
  readonly by: 'client' | 'deadline' | 'hedge';
  constructor(by: CallAborted['by']) {
    super(by);
    this.by = by;
  }
}

interface CallDeadline {
  readonly signal: AbortSignal;
  /** Removes the timer and the listener. */
  clear(): void;
}

/** `maxMs` is the limit of the class; the deadline of the call may be earlier. */
export function startDeadline({ signal, deadline }: Pick<Call, 'signal' | 'deadline'>, maxMs: number): CallDeadline {
  const controller = new AbortController();
  const leave = () => controller.abort(new CallAborted('client'));
  const left = deadline === undefined ? maxMs : Math.min(maxMs, deadline - performance.now());
  const timer = setTimeout(() => controller.abort(new CallAborted('deadline')), Math.max(0, left));
  if (signal.aborted) leave();
  else signal.addEventListener('abort', leave, { once: true });
  return {
    signal: controller.signal,
    clear() {
      clearTimeout(timer);
      signal.removeEventListener('abort', leave);
    },
  };
}
