// Time limits for work that cannot be stopped: the caller goes on without it, and what becomes of it later is ignored.

import { addAbortListener } from 'node:events';

/** Settles as the work does, or rejects with the signal's reason as soon as that is aborted. */
export async function unlessAborted<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  using _listener = addAbortListener(signal, () => reject(signal.reason));
  return await Promise.race([work, aborted]);
}

/** Settles as the work does, or rejects with a `TimeoutError` (see `isTimeout`) after `ms`. The timer keeps no process alive. */
export function withDeadline<Result>(work: Promise<Result>, ms: number): Promise<Result> {
  return unlessAborted(work, AbortSignal.timeout(ms));
}

/** Tells the end of a deadline from a failure of the work. */
export function isTimeout(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'TimeoutError';
}
