// Hooks that draw a view again: when the state has changed, or at regular times.

import { useEffect, useState } from 'preact/hooks';
import type { StateStore } from '../../state/store.ts';

export function useStore<T extends object>(store: StateStore<T>): T {
  const [value, setValue] = useState(store.get());
  useEffect(() => {
    setValue(store.get());
    return store.subscribe(() => setValue(store.get()));
  }, [store]);
  return value;
}

/** Counts up every `ms` while `running`, for clocks and for values that change too often to announce. */
export function useTick(ms: number, running: boolean): number {
  const [tick, setTick] = useState(0);
  useEffect(() => {
    if (!running) return;
    const timer = setInterval(() => setTick((count) => count + 1), ms);
    return () => clearInterval(timer);
  }, [ms, running]);
  return tick;
}
