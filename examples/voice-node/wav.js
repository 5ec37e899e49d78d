// WAV files of 16 bits and one channel, and samples of another rate.

import { readFileSync, writeFileSync } from 'node:fs';

const HEADER_BYTES = 44;

/** Samples of a file, at this rate. */
export function readWav(path, rateHz) {
  const bytes = readFileSync(path);
  const isWav = bytes.toString('latin1', 0, 4) === 'RIFF' && bytes.toString('latin1', 8, 12) === 'WAVE';
  if (!isWav || bytes.readUInt16LE(20) !== 1 || bytes.readUInt16LE(22) !== 1 || bytes.readUInt16LE(34) !== 16)
    throw new Error(`expected PCM WAV of 16 bits and one channel, got ${path}`);
  // Other chunks may stand between the format and the samples.
  let at = 12;
  while (bytes.toString('latin1', at, at + 4) !== 'data') at += 8 + bytes.readUInt32LE(at + 4);
  const pcm = bytes.subarray(at + 8, at + 8 + bytes.readUInt32LE(at + 4));
  const samples = Int16Array.from({ length: pcm.length >> 1 }, (_, index) => pcm.readInt16LE(2 * index));
  return withRate(samples, bytes.readUInt32LE(24), rateHz);
}

function withRate(samples, fromHz, toHz) {
  return Int16Array.from({ length: Math.floor((samples.length * toHz) / fromHz) }, (_, index) => {
    const at = (index * fromHz) / toHz;
    const before = samples[Math.floor(at)];
    return before + ((samples[Math.ceil(at)] ?? before) - before) * (at % 1);
  });
}

export function writeWav(path, samples, rateHz) {
  const bytes = Buffer.alloc(HEADER_BYTES + samples.length * 2);
  bytes.write('RIFF', 0);
  bytes.writeUInt32LE(bytes.length - 8, 4);
  bytes.write('WAVEfmt ', 8);
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(1, 20);
  bytes.writeUInt16LE(1, 22);
  bytes.writeUInt32LE(rateHz, 24);
  bytes.writeUInt32LE(rateHz * 2, 28);
  bytes.writeUInt16LE(2, 32);
  bytes.writeUInt16LE(16, 34);
  bytes.write('data', 36);
  bytes.writeUInt32LE(samples.length * 2, 40);
  samples.forEach((sample, index) => {
    bytes.writeInt16LE(sample, HEADER_BYTES + 2 * index);
  });
  writeFileSync(path, bytes);
}
