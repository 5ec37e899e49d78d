// Where in the audio that was sent the caller was audible, and when that was sent. A provider names the end of speech
// as a position in that audio; what the page alone took for sound after it does not count.

/** Half a minute of chunks. */
const keptChunks = 750;
/** The two do not cut the audio at the same places. */
const toleranceMs = 40;

export class VoiceTrail {
  #chunks: { readonly endMs: number; readonly at: number }[] = [];

  /** `endMs`: the position after an audible chunk, from the first sample sent; `at`: when it was sent. */
  audible(endMs: number, at: number): void {
    this.#chunks.push({ endMs, at });
    if (this.#chunks.length > keptChunks) this.#chunks.shift();
  }

  /** When the last audible sound up to that position was sent; undefined if there was none. */
  lastBefore(positionMs: number): number | undefined {
    return this.#chunks.findLast(({ endMs }) => endMs <= positionMs + toleranceMs)?.at;
  }
}
