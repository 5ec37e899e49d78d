// A signal as a promise, to race against work that does not listen to it.

/** Rejects with the signal's reason when it is aborted, at once when it was; never resolves. */
export function rejectedOn(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
