// Notices that a session has had no message in either direction for too long. Rule: a frame costs it nothing.

import { performance } from 'node:perf_hooks';

export interface IdleTimerOptions {
  readonly idleMs: number;
  /** Monotonic ms. */
  readonly lastFrameAt: () => number;
  readonly onIdle: () => void;
}

/** Returns what ends the watch. */
export function startIdleTimer({ idleMs, lastFrameAt, onIdle }: IdleTimerOptions): () => void {
  let timer: NodeJS.Timeout;
  const arm = (afterMs: number): void => {
    timer = setTimeout(() => {
      const leftMs = lastFrameAt() + idleMs - performance.now();
      if (leftMs <= 0) onIdle();
      else arm(leftMs);
    }, afterMs);
  };
  arm(idleMs);
  return () => clearTimeout(timer);
}
