// Remembers where the caller was audible in the audio that was sent, and when that was sent. A provider names the end of speech
// as a position in that audio; sound that only the page noticed after it does not count.

/** Half a minute of chunks. */
const keptChunks = 750;
/** Page and provider do not cut the audio at the same places. */
const toleranceMs = 40;

export class SpeechTimeline {
  #chunks: { readonly endMs: number; readonly at: number }[] = [];

  /** Adds an audible chunk. `endMs`: position of its end, from the first sample sent; `at`: when it was sent. */
  add(endMs: number, at: number): void {
    this.#chunks.push({ endMs, at });
    if (this.#chunks.length > keptChunks) this.#chunks.shift();
  }

  /** Time at which the last audible chunk up to that position was sent; undefined when there is none. */
  lastBefore(positionMs: number): number | undefined {
    return this.#chunks.findLast(({ endMs }) => endMs <= positionMs + toleranceMs)?.at;
  }
}
