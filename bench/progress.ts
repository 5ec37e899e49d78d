// Shows the progress: one line that is written over, with the time that is left; on a file or a pipe, plain lines.

export interface BenchProgress {
  /** A bench begins; `seconds` is its own guess. */
  begin(name: string, seconds: number): void;
  /** `share` of the bench is done, 0 to 1. */
  at(label: string, share: number): void;
  end(): void;
  say(line: string): void;
}

/** Time between two lines on a file or a pipe. */
const PLAIN_MS = 5000;

/** `seconds`: the guesses of all benches, in their order. */
export function createProgress(seconds: readonly number[], out: NodeJS.WriteStream = process.stderr): BenchProgress {
  const guesses = [...seconds];
  let current = { name: '', seconds: 0, startedAt: 0 };
  let shown = '';
  let shownAt = Number.NEGATIVE_INFINITY;

  function leftS(share: number): number {
    const spentS = (performance.now() - current.startedAt) / 1000;
    // The guess counts less, the more of the bench has been seen.
    const isKnown = Math.min(1, share * 4);
    const wholeS = share > 0 ? isKnown * (spentS / share) + (1 - isKnown) * current.seconds : current.seconds;
    return Math.max(0, wholeS - spentS) + guesses.reduce((sum, guess) => sum + guess, 0);
  }

  function show(text: string): void {
    const now = performance.now();
    if (out.isTTY) out.write(`\r\x1b[K${text.slice(0, (out.columns ?? 120) - 1)}`);
    else if (now - shownAt > PLAIN_MS) out.write(`${text}\n`);
    else return;
    shown = text;
    shownAt = now;
  }

  return {
    begin(name, guess) {
      guesses.shift();
      current = { name, seconds: guess, startedAt: performance.now() };
      show(`${name} · ${minutes(leftS(0))} left`);
    },
    at: (label, share) => show(`${label} · ${minutes(leftS(share))} left`),
    end() {
      if (out.isTTY) out.write('\r\x1b[K');
    },
    say(line) {
      if (out.isTTY) out.write(`\r\x1b[K${line}\n${shown}`);
      else out.write(`${line}\n`);
    },
  };
}

function minutes(seconds: number): string {
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}
