// The audio of a turn in progress: a bounded store, and a count of all that was pushed.

import { concatSamples, durationMs } from '../../../codecs/audio/pcm16.ts';

export class TurnRecording {
  readonly sampleRateHz: number;
  readonly #keepMs: number;
  #pieces: Int16Array[] = [];
  #storedSamples = 0;
  #pushedSamples = 0;

  /** `keepMs`: how much is stored at most, from the beginning. */
  constructor(sampleRateHz: number, keepMs: number) {
    this.sampleRateHz = sampleRateHz;
    this.#keepMs = keepMs;
  }

  /** Length of all audio since the last `clear`, stored or not. */
  get durationMs(): number {
    return durationMs(this.#pushedSamples, this.sampleRateHz);
  }

  push(samples: Int16Array): void {
    this.#pushedSamples += samples.length;
    if (durationMs(this.#storedSamples, this.sampleRateHz) >= this.#keepMs) return;
    this.#pieces.push(samples);
    this.#storedSamples += samples.length;
  }

  /** Drops the oldest audio, so that about the last `lastMs` are left. */
  trim(lastMs: number): void {
    const first = this.#pieces[0];
    if (!first || durationMs(this.#storedSamples - first.length, this.sampleRateHz) < lastMs) return;
    this.#pieces.shift();
    this.#storedSamples -= first.length;
    this.#pushedSamples -= first.length;
    this.trim(lastMs);
  }

  clear(): void {
    this.#pieces = [];
    this.#storedSamples = 0;
    this.#pushedSamples = 0;
  }

  samples(): Int16Array {
    return concatSamples(this.#pieces);
  }
}
