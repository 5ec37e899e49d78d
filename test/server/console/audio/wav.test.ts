// The sample recordings, and files that are no recordings.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { levelOf } from '../../../../server/console/audio/pcm.ts';
import { readWav } from '../../../../server/console/audio/wav.ts';
import { samples } from '../../../../server/console/view/talk/samples.ts';

const read = (path: string) => {
  const file = readFileSync(new URL(path, import.meta.url));
  return file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength) as ArrayBuffer;
};

test.each(samples)('$file comes with the page, has its length and is not silent', ({ file, seconds }) => {
  const shipped = read(`../../../../server/console/public/samples/${file}`);
  expect(Buffer.from(shipped).equals(Buffer.from(read(`../../../fixtures/speech/${file}`)))).toBe(true);
  const { rateHz, samples: sound } = readWav(shipped);
  expect(rateHz).toBe(16_000);
  expect(sound.length / rateHz).toBeCloseTo(seconds, 1);
  expect(levelOf(sound)).toBeGreaterThan(0.01);
});

function wav(format: { kind?: number; channels?: number; bits?: number }, extra = Buffer.alloc(0)): ArrayBuffer {
  const head = Buffer.alloc(36);
  head.write('RIFF', 0);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(format.kind ?? 1, 20);
  head.writeUInt16LE(format.channels ?? 1, 22);
  head.writeUInt32LE(8000, 24);
  head.writeUInt16LE(format.bits ?? 16, 34);
  const data = Buffer.from([...Buffer.from('data'), 4, 0, 0, 0, 1, 0, 2, 0]);
  return new Uint8Array(Buffer.concat([head, extra, data])).buffer;
}

test('unknown chunks are skipped', () => {
  const list = Buffer.from([...Buffer.from('LIST'), 3, 0, 0, 0, 1, 2, 3, 0]);
  expect(readWav(wav({}, list))).toEqual({ rateHz: 8000, samples: Int16Array.of(1, 2) });
});

test.each([
  [wav({ channels: 2 }), /16-bit mono/],
  [wav({ bits: 8 }), /16-bit mono/],
  [wav({ kind: 3 }), /16-bit mono/],
  [wav({}).slice(0, 36), /no samples/],
  [new ArrayBuffer(4), /not a WAV/],
])('another kind of file is refused with a sentence', (file, message) => {
  expect(() => readWav(file)).toThrow(message);
});
