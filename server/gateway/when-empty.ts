// Tells when something that fills and empties has become empty: for whoever waits with ending it.

export interface WhenEmpty {
  /** Resolves when it is empty. */
  wait(): Promise<void>;
  /** To be called when it may have become empty. */
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
