// What is shown while it runs: one line that is written over, with the time that is left; on a file or a pipe, plain lines.

export interface Progress {
  /** A bench begins; `seconds` is its own guess. */
  begin(name: string, seconds: number): void;
  at(label: string, done: number, of: number): void;
  end(): void;
  say(line: string): void;
}

/** `seconds`: the guesses of all benches, in their order. */
export function createProgress(seconds: readonly number[], out: NodeJS.WriteStream = process.stderr): Progress {
  const guesses = [...seconds];
  let current = { name: '', seconds: 0, startedAt: 0 };
  let shown = '';

  function leftS(done: number, of: number): number {
    const spentS = (performance.now() - current.startedAt) / 1000;
    const share = of === 0 ? 0 : done / of;
    // The guess counts less, the more of the bench has been seen.
    const wholeS = share > 0 ? share * (spentS / share) + (1 - share) * current.seconds : current.seconds;
    return Math.max(0, wholeS - spentS) + guesses.reduce((sum, one) => sum + one, 0);
  }

  function show(text: string): void {
    if (out.isTTY) out.write(`\r\x1b[K${text.slice(0, (out.columns ?? 120) - 1)}`);
    else if (text !== shown) out.write(`${text}\n`);
    shown = text;
  }

  return {
    begin(name, guess) {
      guesses.shift();
      current = { name, seconds: guess, startedAt: performance.now() };
      show(`${name} · ${minutes(leftS(0, 1))} left`);
    },
    at: (label, done, of) => show(`${label} · ${done} of ${of} · ${minutes(leftS(done, of))} left`),
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
