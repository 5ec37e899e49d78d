// A sign that something may have changed. Rule: a ring between two looks is not lost, and nobody who waits hears it twice.

export interface WakeSignal {
  notify(): void;
  /** Resolves at the next ring, at once if one came since the last wait, after `ms`, or when the signal aborts. */
  wait(ms: number, signal?: AbortSignal): Promise<void>;
}

export function createWakeSignal(): WakeSignal {
  const waiting = new Set<() => void>();
  let hasRung = false;
  return {
    notify() {
      hasRung = waiting.size === 0;
      for (const wake of waiting) wake();
      waiting.clear();
    },
    wait(ms, signal) {
      if (hasRung || signal?.aborted) {
        hasRung = false;
        return Promise.resolve();
      }
      return new Promise((resolve) => {
        const wake = () => {
          clearTimeout(timer);
          waiting.delete(wake);
          signal?.removeEventListener('abort', wake);
          resolve();
        };
        const timer = setTimeout(wake, ms);
        waiting.add(wake);
        signal?.addEventListener('abort', wake, { once: true });
      });
    },
  };
}
