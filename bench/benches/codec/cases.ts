// The rows of the codec bench: what the hot path does to a frame, beside what it is there to avoid. A row is one line.

import { randomBytes } from 'node:crypto';
import { decodeAlaw, decodeMulaw, encodeAlaw, encodeMulaw } from '../../../codecs/audio/g711.ts';
import { pcm16Bytes, pcm16Samples } from '../../../codecs/audio/pcm16.ts';
import { createResampler } from '../../../codecs/audio/resample.ts';
import { eventType } from '../../../codecs/json/event-type.ts';
import { decodeBase64, encodeBase64 } from '../../../codecs/text/base64.ts';
import type { Load } from '../../load/load.ts';
import { createTemplate } from '../../load/wire.ts';

export interface CodecCase {
  readonly id: string;
  readonly title: string;
  /** Size of the input of one operation; 0 when bytes a second mean nothing. */
  readonly bytes: number;
  /** True for a comparison that is not ours, which `compare` leaves alone. */
  readonly isReference?: boolean;
  /** One operation; what it gives is kept, so that no compiler leaves it out. */
  run(): unknown;
}

const messageOf = (frame: Load['frame'], frameBytes: number): Buffer => {
  const { bytes, messageBytes } = createTemplate(frame, frameBytes);
  return bytes.subarray(bytes.length - messageBytes);
};
const delta = messageOf('delta', 6500);
const append = messageOf('append', 2600);
/** Audio of these two: 98 and 40 ms of PCM16 at 24 kHz. */
const [long, short] = [randomBytes(4704), randomBytes(1920)];
const [longText, shortText] = [long.toString('base64'), short.toString('base64')];
/** 20 ms of 8 kHz, of 16 kHz and of 24 kHz, loud enough to meet all segments of G.711. */
const [at8, at16, at24] = [160, 320, 480].map((count) =>
  Int16Array.from({ length: count }, (_, index) => 30_000 * Math.sin(index / 7)),
) as [Int16Array, Int16Array, Int16Array];
const pcm = Buffer.from(pcm16Bytes(at24));
const [mulaw, alaw] = [encodeMulaw(at8), encodeAlaw(at8)];
const [up8, up16, down24] = [
  createResampler(8000, 24_000),
  createResampler(16_000, 24_000),
  createResampler(24_000, 8000),
];

const row = (id: string, title: string, bytes: number, run: () => unknown): CodecCase => ({ id, title, bytes, run });
const reference = (id: string, title: string, bytes: number, run: () => unknown): CodecCase => ({
  ...row(id, title, bytes, run),
  isReference: true,
});
const rewritten = (data: Buffer): Buffer => Buffer.from(JSON.stringify(JSON.parse(data.toString())));

export const codecCases: readonly CodecCase[] = [
  row('event_type.6500', 'event type, delta', delta.length, () => eventType(delta)),
  row('event_type.2600', 'event type, append', append.length, () => eventType(append)),
  reference('parse.6500', 'JSON.parse, delta', delta.length, () => JSON.parse(delta.toString())),
  reference('parse.2600', 'JSON.parse, append', append.length, () => JSON.parse(append.toString())),
  reference('rewrite.6500', 'parse and stringify, delta', delta.length, () => rewritten(delta)),
  reference('rewrite.2600', 'parse and stringify, append', append.length, () => rewritten(append)),
  row('view.6500', 'frame as a view', delta.length, () => ({ data: delta.subarray(1), binary: false, at: 0 })),
  reference('copy.6500', 'frame as a copy', delta.length, () => ({ data: Buffer.from(delta), binary: false, at: 0 })),
  row('base64_encode.4704', 'base64 encode, 98 ms', long.length, () => encodeBase64(long)),
  row('base64_encode.1920', 'base64 encode, 40 ms', short.length, () => encodeBase64(short)),
  row('base64_decode.4704', 'base64 decode, 98 ms', longText.length, () => decodeBase64(longText)),
  row('base64_decode.1920', 'base64 decode, 40 ms', shortText.length, () => decodeBase64(shortText)),
  row('pcm16_samples', 'PCM16 to samples, 20 ms of 24 kHz', pcm.length, () => pcm16Samples(pcm)),
  row('pcm16_bytes', 'samples to PCM16, 20 ms of 24 kHz', at24.byteLength, () => pcm16Bytes(at24)),
  row('mulaw_decode', 'mu-law decode, 20 ms', mulaw.length, () => decodeMulaw(mulaw)),
  row('mulaw_encode', 'mu-law encode, 20 ms', at8.byteLength, () => encodeMulaw(at8)),
  row('alaw_decode', 'A-law decode, 20 ms', alaw.length, () => decodeAlaw(alaw)),
  row('alaw_encode', 'A-law encode, 20 ms', at8.byteLength, () => encodeAlaw(at8)),
  row('resample_8_24', 'resample 8 to 24 kHz, 20 ms', at8.byteLength, () => up8.process(at8)),
  row('resample_16_24', 'resample 16 to 24 kHz, 20 ms', at16.byteLength, () => up16.process(at16)),
  row('resample_24_8', 'resample 24 to 8 kHz, 20 ms', at24.byteLength, () => down24.process(at24)),
  // Last, since a compiler inlines the first operation that a loop ever runs, and no other.
  reference('nothing', 'nothing: the loop itself', 0, () => delta),
];
