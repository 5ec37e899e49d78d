// Sound as Deepgram's sockets have it: raw samples in one of the encodings that are played here. Containers and other codecs are not.

import { decodeAlaw, decodeMulaw, encodeAlaw, encodeMulaw } from '../../../codecs/audio/g711.ts';
import { pcm16Bytes, pcm16Samples } from '../../../codecs/audio/pcm16.ts';
import { RATE_STEP_HZ } from '../../../codecs/audio/resample.ts';

interface Encoding {
  decode(bytes: Uint8Array): Int16Array;
  encode(samples: Int16Array): Buffer;
}

/** Mono sound of one direction. */
export interface SoundFormat extends Encoding {
  readonly sampleRateHz: number;
}

const encodings: ReadonlyMap<string, Encoding> = new Map([
  ['linear16', { decode: pcm16Samples, encode: pcm16Bytes }],
  ['mulaw', { decode: decodeMulaw, encode: encodeMulaw }],
  ['alaw', { decode: decodeAlaw, encode: encodeAlaw }],
]);

/** The format of these names; the fault says what was expected. */
export function soundFormat(encoding: string, sampleRateHz: number): SoundFormat | { readonly fault: string } {
  const found = encodings.get(encoding);
  if (found === undefined)
    return { fault: `the rehearsal provider has the encodings ${[...encodings.keys()].join(', ')}` };
  const fits = sampleRateHz >= 8000 && sampleRateHz <= 48_000 && sampleRateHz % RATE_STEP_HZ === 0;
  return fits ? { ...found, sampleRateHz } : { fault: 'the rehearsal provider has sample rates from 8000 to 48000' };
}
