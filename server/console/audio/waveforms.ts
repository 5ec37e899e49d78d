// Peaks that the page draws: the caller's last seconds, and a waveform for each utterance.
// They are kept outside the page's state, since they change with every chunk.

export const blockMs = 20;

/** The caller's last peaks, one for each 20 ms, with their times. */
export class RecentPeaks {
  readonly #peaks: { readonly at: number; readonly peak: number }[] = [];
  readonly #keepMs: number;

  constructor(keepMs: number) {
    this.#keepMs = keepMs;
  }

  /** Adds peaks. `endedAt`: when the last of them was recorded. */
  push(peaks: readonly number[], endedAt: number): void {
    peaks.forEach((peak, index) => {
      this.#peaks.push({ at: endedAt - (peaks.length - 1 - index) * blockMs, peak });
    });
    const oldest = endedAt - this.#keepMs;
    const drop = this.#peaks.findIndex(({ at }) => at >= oldest);
    if (drop > 500) this.#peaks.splice(0, drop);
  }

  between(from: number, to: number): number[] {
    return this.#peaks.filter(({ at }) => at > from && at <= to).map(({ peak }) => peak);
  }

  /** Loudest peak of the last `withinMs`. */
  loudest(now: number, withinMs: number): number {
    return Math.max(0, ...this.between(now - withinMs, now));
  }
}

export interface Waveform {
  readonly peaks: number[];
  /** Milliseconds of a reply that were played; the caller's own words count as played. */
  playedMs: number;
  version: number;
}

/** Waveforms by the id of their caption; the oldest are forgotten. */
export class Waveforms {
  readonly #waves = new Map<string, Waveform>();
  readonly #max: number;

  constructor(max = 200) {
    this.#max = max;
  }

  get(id: string): Waveform | undefined {
    return this.#waves.get(id);
  }

  append(id: string, peaks: readonly number[]): void {
    const wave = this.#waves.get(id) ?? { peaks: [], playedMs: 0, version: 0 };
    this.#waves.set(id, wave);
    wave.peaks.push(...peaks);
    wave.version += 1;
    const [oldest] = this.#waves.keys();
    if (this.#waves.size > this.#max && oldest !== undefined) this.#waves.delete(oldest);
  }

  played(id: string, playedMs: number): void {
    const wave = this.#waves.get(id);
    if (wave === undefined || wave.playedMs === playedMs) return;
    wave.playedMs = playedMs;
    wave.version += 1;
  }
}
