// Wakes those who wait for a change. A notification between two waits is not lost, and wakes each waiter once.

interface WakeSignal {
  notify(): void;
  /** Resolves at the next notification, at once if one came since the last wait, after `ms`, or when the signal aborts. */
  wait(ms: number, signal?: AbortSignal): Promise<void>;
}

export function createWakeSignal(): WakeSignal {
  const waiting = new Set<() => void>();
  let isPending = false;
  return {
    notify() {
      isPending = waiting.size === 0;
      for (const wake of waiting) wake();
      waiting.clear();
    },
    wait(ms, signal) {
      if (isPending || signal?.aborted) {
        isPending = false;
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
