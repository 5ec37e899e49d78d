// The shapes that the page draws: a ring of the caller's last seconds, and one shape per utterance.
// Kept outside the page's state: they change with every chunk.

export const blockMs = 20;

/** The caller's peaks, one per 20 ms, with the time of each. */
export class PeakRing {
  readonly #peaks: { readonly at: number; readonly peak: number }[] = [];
  readonly #keepMs: number;

  constructor(keepMs: number) {
    this.#keepMs = keepMs;
  }

  /** `endedAt`: when the last of the peaks was heard. */
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

  /** The loudest in the last `withinMs`. */
  recent(now: number, withinMs: number): number {
    let peak = 0;
    for (let i = this.#peaks.length - 1; i >= 0; i--) {
      const entry = this.#peaks[i];
      if (entry === undefined || entry.at < now - withinMs) break;
      peak = Math.max(peak, entry.peak);
    }
    return peak;
  }
}

export interface Wave {
  readonly peaks: number[];
  /** Of a reply; the caller's own words count as played. */
  playedMs: number;
  version: number;
}

/** One shape per utterance; the oldest are forgotten. */
export class WaveBook {
  readonly #waves = new Map<string, Wave>();
  readonly #max: number;

  constructor(max = 200) {
    this.#max = max;
  }

  get(id: string): Wave | undefined {
    return this.#waves.get(id);
  }

  append(id: string, peaks: readonly number[]): void {
    const wave = this.#open(id);
    wave.peaks.push(...peaks);
    wave.version += 1;
  }

  played(id: string, playedMs: number): void {
    const wave = this.#waves.get(id);
    if (wave === undefined || wave.playedMs === playedMs) return;
    wave.playedMs = playedMs;
    wave.version += 1;
  }

  #open(id: string): Wave {
    const known = this.#waves.get(id);
    if (known !== undefined) return known;
    const wave: Wave = { peaks: [], playedMs: 0, version: 0 };
    this.#waves.set(id, wave);
    const oldest = this.#waves.keys().next().value;
    if (this.#waves.size > this.#max && oldest !== undefined) this.#waves.delete(oldest);
    return wave;
  }
}
