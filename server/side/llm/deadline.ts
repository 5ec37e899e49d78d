// How long a call goes on: until its client leaves, its deadline is there, or another attempt has won.

import type { Call } from './call.ts';

/** The reason of the signal of a call that is over. */
export class CallAborted extends Error {
  readonly by: 'client' | 'deadline' | 'hedge';
  constructor(by: CallAborted['by']) {
    super(by);
    this.by = by;
  }
}

export interface CallDeadline {
  readonly signal: AbortSignal;
  /** Takes away the timer and the listener. */
  close(): void;
}

/** `longestMs`: of the class; the deadline of the call may be earlier. */
export function startDeadline(
  { signal, deadline }: Pick<Call, 'signal' | 'deadline'>,
  longestMs: number,
): CallDeadline {
  const controller = new AbortController();
  const leave = () => controller.abort(new CallAborted('client'));
  const left = deadline === undefined ? longestMs : Math.min(longestMs, deadline - performance.now());
  const timer = setTimeout(() => controller.abort(new CallAborted('deadline')), Math.max(0, left));
  if (signal.aborted) leave();
  else signal.addEventListener('abort', leave, { once: true });
  return {
    signal: controller.signal,
    close() {
      clearTimeout(timer);
      signal.removeEventListener('abort', leave);
    },
  };
}
