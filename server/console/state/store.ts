// Holds a value that views watch. Changes are announced once per run of the schedule, however many there were.

export interface StateStore<T> {
  get(): T;
  set(patch: Partial<T>): void;
  subscribe(listener: () => void): () => void;
}

/** Creates a store. `schedule` runs its argument later: at an animation frame in the page, in a microtask in tests. */
export function createStateStore<T extends object>(initial: T, schedule: (run: () => void) => void): StateStore<T> {
  let value = initial;
  let scheduled = false;
  const listeners = new Set<() => void>();
  const announce = () => {
    scheduled = false;
    for (const listener of listeners) listener();
  };
  return {
    get: () => value,
    set(patch) {
      value = { ...value, ...patch };
      if (scheduled) return;
      scheduled = true;
      schedule(announce);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** Runs at the next animation frame, or after 100 ms in a page that is not visible, where there are no frames. */
export function onNextFrame(run: () => void): void {
  if (document.hidden) setTimeout(run, 100);
  else requestAnimationFrame(run);
}
