// The audio of one reply, piece by piece: the synthesised sentence, a pause, then the caller's own words.
// Rule: nothing is resampled or encoded before it is about to be sent.

import { createResampler } from '../../../codecs/audio/resample.ts';

const PAUSE_MS = 200;
/** Silence at the end of a reply, so that players do not clip the last word. */
const TAIL_MS = 100;

/** A piece of mono PCM16 audio. */
export interface AudioClip {
  readonly samples: Int16Array;
  readonly sampleRateHz: number;
}

/** Yields pieces of about `pieceMs` at the rate of the sentence. The last piece of a clip may be shorter. */
export function* replyAudio(sentence: AudioClip, playback: AudioClip | undefined, pieceMs: number) {
  const repeated = playback ? [silence(PAUSE_MS, playback.sampleRateHz), playback] : [];
  for (const { samples, sampleRateHz } of [sentence, ...repeated, silence(TAIL_MS, sentence.sampleRateHz)]) {
    const resampler = createResampler(sampleRateHz, sentence.sampleRateHz);
    const step = Math.round((sampleRateHz * pieceMs) / 1000);
    for (let start = 0; start < samples.length; start += step) {
      const piece = resampler.process(samples.subarray(start, start + step));
      if (piece.length > 0) yield piece;
    }
  }
}

function silence(ms: number, sampleRateHz: number): AudioClip {
  return { samples: new Int16Array(Math.round((sampleRateHz * ms) / 1000)), sampleRateHz };
}
