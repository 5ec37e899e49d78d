// Estimates when the caller stopped to speak: at the last audible sound that the page sent. A provider that names the end of
// speech as a position in the audio is believed; sound that only the page noticed after it does not count.

import type { EnergyVad } from '../audio/energy-vad.ts';
import type { ViewEvent } from '../dialects/dialect.ts';

/** Page and provider do not notice the start of speech at the same moment. */
const detectionMs = 1500;
/** Page and provider do not cut the audio at the same places. */
const toleranceMs = 40;
/** Half a minute of chunks. */
const keptChunks = 750;

export class SpeechEndEstimator {
  readonly #vad: EnergyVad;
  readonly #audibleChunks: { readonly endMs: number; readonly at: number }[] = [];
  #speechStartedAt = Number.NEGATIVE_INFINITY;

  /** `vad`: gets every chunk before `sent` is called for it. */
  constructor(vad: EnergyVad) {
    this.#vad = vad;
  }

  /** Notes a chunk that was sent. `endMs`: position of its end in all audio sent. */
  sent(endMs: number, at: number): void {
    if (!this.#vad.audible) return;
    this.#audibleChunks.push({ endMs, at });
    if (this.#audibleChunks.length > keptChunks) this.#audibleChunks.shift();
  }

  /** Time of the last audible sound of the utterance that an event belongs to; undefined when there was none. */
  voicedBefore(event: ViewEvent, at: number): number | undefined {
    if (event.kind === 'speech-started') this.#speechStartedAt = at;
    const from = this.#speechStartedAt - detectionMs;
    if (event.kind !== 'speech-stopped' || event.voicedUntilMs === undefined) return this.voicedSince(from);
    const untilMs = event.voicedUntilMs + toleranceMs;
    const last = this.#audibleChunks.findLast(({ endMs }) => endMs <= untilMs);
    return last !== undefined && last.at >= from ? last.at : undefined;
  }

  /** Time of the last audible sound, unless it is older than `from`. */
  voicedSince(from: number): number | undefined {
    const { lastAt } = this.#vad;
    return lastAt !== undefined && lastAt >= from ? lastAt : undefined;
  }
}
