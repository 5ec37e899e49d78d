// Pauses between attempts: each about twice as long as the one before, never shorter than the gateway asked for, and over after some time.

export interface BackoffOptions {
  /** Pause before the second attempt, milliseconds. Default 250. */
  readonly firstMs?: number;
  /** Longest pause, milliseconds. Default 10,000. */
  readonly mostMs?: number;
  /** Time without success after which nothing more is tried, milliseconds. Default 120,000. */
  readonly giveUpMs?: number;
}

export class Backoff {
  readonly #firstMs: number;
  readonly #mostMs: number;
  readonly #giveUpMs: number;
  #attempts = 0;
  #since: number | undefined;

  constructor({ firstMs = 250, mostMs = 10_000, giveUpMs = 120_000 }: BackoffOptions = {}) {
    this.#firstMs = firstMs;
    this.#mostMs = mostMs;
    this.#giveUpMs = giveUpMs;
  }

  /** Length of the next pause, in whole milliseconds; undefined when it is time to give up. `atLeastMs`: what a `Retry-After` asked for. */
  next(atLeastMs = 0): number | undefined {
    const now = performance.now();
    this.#since ??= now;
    const doubled = Math.min(this.#mostMs, this.#firstMs * 2 ** this.#attempts++);
    // Clients that lost the same gateway do not come back in one moment.
    const pauseMs = Math.max(atLeastMs, Math.round(doubled * (0.75 + Math.random() / 2)));
    return now - this.#since + pauseMs > this.#giveUpMs ? undefined : pauseMs;
  }

  succeeded(): void {
    this.#attempts = 0;
    this.#since = undefined;
  }
}

/** Resolves after that time, or as soon as it is aborted. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  const stop = (): void => resolve();
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  return promise.finally(() => {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  });
}
