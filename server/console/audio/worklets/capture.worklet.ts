// Cuts the microphone's signal into 16-bit chunks of one length, at the dialect's rate whatever the device's is.

import { createResampler } from '../../../../codecs/audio/resample.ts';
import { Chunker, chunkMs, toInt16 } from '../pcm.ts';

export interface CaptureOptions {
  readonly rateHz: number;
}

class CaptureProcessor extends AudioWorkletProcessor {
  readonly #resampler: ReturnType<typeof createResampler>;
  readonly #chunker: Chunker;

  constructor(options: AudioWorkletNodeOptions) {
    super();
    const { rateHz } = options.processorOptions as CaptureOptions;
    this.#resampler = createResampler(sampleRate, rateHz);
    this.#chunker = new Chunker((rateHz * chunkMs) / 1000);
  }

  process(inputs: Float32Array[][]): boolean {
    const channel = inputs[0]?.[0];
    if (channel === undefined) return true;
    for (const chunk of this.#chunker.push(this.#resampler.process(toInt16(channel)))) {
      this.port.postMessage(chunk.buffer, [chunk.buffer]);
    }
    return true;
  }
}

registerProcessor('capture', CaptureProcessor);
