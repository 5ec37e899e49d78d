// A timer that begins anew whenever something is heard. Rule: what came while this process was busy is heard before it is called silence.

interface SilenceTimer {
  heard(): void;
  clear(): void;
}

/** Calls `silent` once, after so long a silence. */
export function startSilenceTimer(ms: number, silent: () => void): SilenceTimer {
  let heardCount = 0;
  const look = () => {
    const before = heardCount;
    setImmediate(() => heardCount > before || silent());
  };
  const timer = setTimeout(look, ms);
  return {
    heard() {
      heardCount += 1;
      timer.refresh();
    },
    clear: () => clearTimeout(timer),
  };
}
