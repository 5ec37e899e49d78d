// Recordings of real speech, at the rate of a provider and in the pieces that a client sends.

import { readFileSync } from 'node:fs';
import { pcm16Bytes, pcm16Samples } from '../../codecs/audio/pcm16.ts';
import { resample } from '../../codecs/audio/resample.ts';

const RECORDED_HZ = 16_000;
const WAV_HEADER_BYTES = 44;
/** A silence that is longer than any detection waits, so that it finds the end of the turn. */
const SILENCE_MS = 1500;

export type Recording = 'librivox-0880' | 'librivox-0920' | 'librivox-0930';

/** PCM16 of a recording, without silence after it. */
export function speech(name: Recording, sampleRateHz: number): Buffer {
  const wav = readFileSync(new URL(`../fixtures/speech/${name}.wav`, import.meta.url));
  return pcm16Bytes(resample(pcm16Samples(wav.subarray(WAV_HEADER_BYTES)), RECORDED_HZ, sampleRateHz));
}

/** A spoken turn: the recording and the silence that ends it, as base64 of 100 ms each. */
export function spokenTurn(name: Recording, sampleRateHz: number): string[] {
  const silence = Buffer.alloc((sampleRateHz * SILENCE_MS * 2) / 1000);
  const pcm = Buffer.concat([speech(name, sampleRateHz), silence]);
  const step = sampleRateHz / 5;
  const count = Math.ceil(pcm.length / step);
  return Array.from({ length: count }, (_, at) => pcm.subarray(at * step, (at + 1) * step).toString('base64'));
}
