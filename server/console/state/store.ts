// A value that views watch. Changes are announced once per turn of the schedule, however many there were.

export interface Store<T> {
  get(): T;
  set(patch: Partial<T>): void;
  subscribe(listener: () => void): () => void;
}

/** `schedule` runs its argument later: an animation frame in the page, a microtask in tests. */
export function createStore<T extends object>(initial: T, schedule: (run: () => void) => void): Store<T> {
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

/** Next animation frame, or 100 ms in a page that is not visible, where there are no frames. */
export function onNextFrame(run: () => void): void {
  if (document.hidden) setTimeout(run, 100);
  else requestAnimationFrame(run);
}
