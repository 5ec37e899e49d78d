// Deadline and cancellation of a call: it ends when its client leaves, when it waits too long for content, when another attempt has won, or
// when this process ends.
// Rule: an answer that flows is not cut.

import { startSilenceTimer } from '../../../platform/times/silence-timer.ts';
import type { Call } from '../call.ts';

/** The reason of an aborted signal of a call. */
export class CallAborted extends Error {
  readonly by: 'client' | 'deadline' | 'hedge' | 'shutdown';
  constructor(by: CallAborted['by']) {
    super(by);
    this.by = by;
  }
}

export interface CallDeadline {
  readonly signal: AbortSignal;
  /** Tells that a part of the answer came: the time that the class gives begins anew. */
  progressed(): void;
  /** Ends the call now, since this process ends. */
  shutDown(): void;
  /** Removes the timer and the listener. */
  clear(): void;
}

/** `maxMs` is the longest wait for content, that of the class; the deadline of the call may be earlier, and stays where it is. */
export function startDeadline({ signal, deadline }: Pick<Call, 'signal' | 'deadline'>, maxMs: number): CallDeadline {
  const controller = new AbortController();
  const leave = () => controller.abort(new CallAborted('client'));
  const left = deadline === undefined ? maxMs : Math.min(maxMs, deadline - performance.now());
  const timer = startSilenceTimer(Math.max(0, left), () => controller.abort(new CallAborted('deadline')));
  const isOfClass = left === maxMs;
  if (signal.aborted) leave();
  else signal.addEventListener('abort', leave, { once: true });
  return {
    signal: controller.signal,
    progressed() {
      if (isOfClass) timer.heard();
    },
    shutDown: () => controller.abort(new CallAborted('shutdown')),
    clear() {
      timer.clear();
      signal.removeEventListener('abort', leave);
    },
  };
}
