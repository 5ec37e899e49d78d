// Microphone to 16-bit chunks of one length, at the dialect's rate whatever the device's is.

import { Chunker, toInt16 } from '../pcm.ts';
import { Resampler } from '../resampler.ts';

export interface CaptureOptions {
  readonly rateHz: number;
  readonly chunkMs: number;
}

class CaptureProcessor extends AudioWorkletProcessor {
  readonly #resampler: Resampler;
  readonly #chunker: Chunker;

  constructor(options: AudioWorkletNodeOptions) {
    super();
    const { rateHz, chunkMs } = options.processorOptions as CaptureOptions;
    this.#resampler = new Resampler(sampleRate, rateHz);
    this.#chunker = new Chunker((rateHz * chunkMs) / 1000);
  }

  process(inputs: Float32Array[][]): boolean {
    const channel = inputs[0]?.[0];
    if (channel === undefined) return true;
    for (const chunk of this.#chunker.push(toInt16(this.#resampler.push(channel)))) {
      this.port.postMessage(chunk.buffer, [chunk.buffer]);
    }
    return true;
  }
}

registerProcessor('capture', CaptureProcessor);
