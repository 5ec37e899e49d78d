// Resolves once the last session has ended; used by drain and close.

export interface WhenEmpty {
  /** Resolves when nothing is left. */
  wait(): Promise<void>;
  /** Must be called when something has ended. */
  check(): void;
}

export function createWhenEmpty(isEmpty: () => boolean): WhenEmpty {
  let waiting: (() => void)[] = [];
  return {
    wait() {
      if (isEmpty()) return Promise.resolve();
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.push(resolve);
      return promise;
    },
    check() {
      if (!isEmpty()) return;
      for (const resolve of waiting) resolve();
      waiting = [];
    },
  };
}
