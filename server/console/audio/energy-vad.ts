// Voice activity detection by loudness: when the caller was last audible, judged from the audio that the page sends.
// Providers say when they noticed the end of speech, not when it was.

/** Shortest pause between two utterances. */
const pauseMs = 900;

export class EnergyVad {
  /** End of the last audible chunk, monotonic milliseconds. */
  lastAt: number | undefined;
  /** Start of the utterance that `lastAt` is the end of. */
  since: number | undefined;
  /** True when the last chunk was audible. */
  audible = false;
  #noiseFloor = 0.002;

  /** Adds a chunk. `level`: RMS, 0 to 1; `at`: when its last sample was recorded. */
  add(level: number, at: number): void {
    this.audible = level > Math.max(0.004, this.#noiseFloor * 3);
    if (this.audible) {
      if (this.lastAt === undefined || at - this.lastAt > pauseMs) this.since = at;
      this.lastAt = at;
    }
    // The floor falls at once and rises slowly: speech must not become its own floor.
    this.#noiseFloor = level < this.#noiseFloor ? level : this.#noiseFloor + (level - this.#noiseFloor) * 0.005;
  }
}
