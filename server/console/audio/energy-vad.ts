// When the caller was last audible, judged by the page itself from what it sends:
// providers say when they noticed the end of speech, not when it was.

/** A pause of this length separates two utterances. */
const pauseMs = 900;

export class VoiceWatch {
  #floor = 0.002;
  #since: number | undefined;
  #lastAt: number | undefined;
  #audible = false;

  /** The end of the last audible sound, monotonic milliseconds. */
  get lastAt(): number | undefined {
    return this.#lastAt;
  }

  /** The last chunk was. */
  get audible(): boolean {
    return this.#audible;
  }

  /** The start of the utterance that `lastAt` ended. */
  get since(): number | undefined {
    return this.#since;
  }

  /** `level`: RMS of a chunk, 0 to 1; `at`: when its last sample was heard. */
  hear(level: number, at: number): void {
    this.#audible = level > Math.max(0.004, this.#floor * 3);
    if (this.#audible) {
      if (this.#lastAt === undefined || at - this.#lastAt > pauseMs) this.#since = at;
      this.#lastAt = at;
    }
    // Falls at once, rises slowly: speech must not become its own floor.
    this.#floor = level < this.#floor ? level : this.#floor + (level - this.#floor) * 0.005;
  }
}
