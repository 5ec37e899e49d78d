// A hook that draws a view again at regular times.

import { useEffect, useState } from 'preact/hooks';

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
