// The audio of one reply, piece by piece: the synthesised sentence, a pause, then the caller's own words.
// Rule: nothing is resampled or encoded before it is about to be sent.

import { createResampler, type StreamingResampler } from '../../../codecs/resample.ts';

const PAUSE_MS = 200;
/** Silence at the end of a reply, so that players do not clip the last word. */
const TAIL_MS = 100;

/** A piece of mono PCM16 audio. */
export interface AudioClip {
  readonly samples: Int16Array;
  readonly sampleRateHz: number;
}

export class ReplyAudio {
  readonly sampleRateHz: number;
  readonly #clips: AudioClip[];
  #resampler: StreamingResampler | undefined;
  #position = 0;

  constructor(sampleRateHz: number, sentence: AudioClip, playback: AudioClip | undefined) {
    this.sampleRateHz = sampleRateHz;
    this.#clips = [sentence];
    if (playback) this.#clips.push(silence(PAUSE_MS, playback.sampleRateHz), playback);
    this.#clips.push(silence(TAIL_MS, sampleRateHz));
  }

  /** The next piece of about `ms`, which may be shorter at the end of a clip; undefined at the end. */
  next(ms: number): Int16Array | undefined {
    const clip = this.#clips[0];
    if (!clip) return undefined;
    this.#resampler ??= createResampler(clip.sampleRateHz, this.sampleRateHz);
    const end = this.#position + Math.round((clip.sampleRateHz * ms) / 1000);
    const samples = this.#resampler.process(clip.samples.subarray(this.#position, end));
    this.#position = end;
    if (end >= clip.samples.length) this.#advance();
    return samples.length > 0 ? samples : this.next(ms);
  }

  #advance(): void {
    this.#clips.shift();
    this.#position = 0;
    this.#resampler = undefined;
  }
}

function silence(ms: number, sampleRateHz: number): AudioClip {
  return { samples: new Int16Array(Math.round((sampleRateHz * ms) / 1000)), sampleRateHz };
}
