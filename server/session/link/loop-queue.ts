// The queue for the event loop of a process: those that want more of it than their share wait here, and all of them together get a part of
// it, so that floods hold up nobody else, whatever their frames cost.

import { performance } from 'node:perf_hooks';

/** Time between two times of reading, and how long one takes, but for the last one who reads: floods have about a fifth of the loop. */
export const QUEUE_MS = 5;
const READING_MS = 1;

class LoopQueue {
  readonly #waiting = new Set<() => void>();
  #timer: NodeJS.Timeout | undefined;

  /** Calls `take` once, behind those that wait already; not in this turn of the loop. */
  wait(take: () => void): void {
    this.#waiting.add(take);
    this.#timer ??= setTimeout(this.#serve, QUEUE_MS);
  }

  leave(take: () => void): void {
    this.#waiting.delete(take);
  }

  readonly #serve = (): void => {
    const endsAt = performance.now() + READING_MS;
    // Those that come again while it serves have to wait.
    let left = this.#waiting.size;
    for (const take of this.#waiting) {
      this.#waiting.delete(take);
      take();
      left -= 1;
      if (left <= 0 || performance.now() >= endsAt) break;
    }
    this.#timer = this.#waiting.size > 0 ? setTimeout(this.#serve, QUEUE_MS) : undefined;
  };
}

/** A process has one event loop. */
export const loopQueue = new LoopQueue();
