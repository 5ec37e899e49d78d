// The reader of the load processes: the same frames, however the bytes arrive.

import { expect, test } from 'vitest';
import { createFrameReader } from '../../../bench/load/frame-reader.ts';
import { createTemplate, readStamp, stamped } from '../../../bench/load/wire.ts';
import { encodeFrame } from '../../../codecs/websocket/frame-encoder.ts';

function readAll(chunks: readonly Buffer[]) {
  const frames: { opcode: number; bytes: number; head: string }[] = [];
  const read = createFrameReader(({ opcode, bytes, head }) => frames.push({ opcode, bytes, head: head.toString() }));
  for (const chunk of chunks) read(chunk);
  return frames;
}

test.each([0, 1, 125, 126, 127, 500, 65_535, 65_536, 70_000])(
  'a payload of %d bytes is read, masked and not',
  (bytes) => {
    const payload = Buffer.alloc(bytes, 'abcdefg');
    const expected = { opcode: 1, bytes, head: payload.subarray(0, 512).toString() };
    expect(readAll([encodeFrame('text', payload, true), encodeFrame('text', payload, false)])).toEqual([
      expected,
      expected,
    ]);
  },
);

test('frames that are cut anywhere or joined are read one by one', () => {
  const payloads = ['', 'one', 'x'.repeat(130), 'y'.repeat(66_000)].map((text) => Buffer.from(text));
  const bytes = Buffer.concat(payloads.map((payload) => encodeFrame('binary', payload, true)));
  const whole = readAll([bytes]);
  expect(whole.map((frame) => frame.bytes)).toEqual([0, 3, 130, 66_000]);
  for (const size of [1, 2, 3, 7, 1000]) {
    const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
      bytes.subarray(index * size, (index + 1) * size),
    );
    expect(readAll(chunks)).toEqual(whole);
  }
});

test.each(['append', 'delta', 'text', 'ask'] as const)(
  '%s: a stamped frame is JSON of its size and gives its stamp back',
  (kind) => {
    for (const template of [createTemplate(kind, 2600, true), createTemplate(kind, 2600)]) {
      const stamp = { intendedNs: 1_234_567_890_123, isMeasured: true, wantsEcho: false, isToken: true };
      const [frame] = readAll([stamped(template, stamp)]);
      expect(readStamp(Buffer.from(frame?.head ?? ''))).toEqual(stamp);
      expect(frame?.bytes).toBeGreaterThan(2595);
      expect(frame?.bytes).toBeLessThanOrEqual(2600);
    }
    let text = '';
    const all = stamped(createTemplate(kind, 300, true), { intendedNs: 5, isMeasured: false });
    createFrameReader(({ head }) => {
      text = head.toString();
    })(all);
    const message = JSON.parse(text) as { type: string; audio?: string; delta?: string };
    const content = message.audio ?? message.delta ?? '';
    expect(Buffer.from(content, 'base64').toString('base64')).toBe(content);
    // Parsing and serialising again leaves the stamp readable.
    expect(readStamp(Buffer.from(JSON.stringify(message, undefined, 1)))).toEqual({
      intendedNs: 5,
      isMeasured: false,
      wantsEcho: false,
      isToken: false,
    });
  },
);

test.each([true, false])(
  'sound is a binary message of three quarters of the size, and gives its stamp back (masked: %s)',
  (isMasked) => {
    const stamp = { intendedNs: 1_234_567_890_123, isMeasured: true, wantsEcho: false, isToken: false };
    const template = createTemplate('sound', 2600, isMasked);
    const [frame] = readAll([stamped(template, stamp)]);
    expect([frame?.opcode, frame?.bytes, template.messageBytes]).toEqual([2, 1950, 1950]);
    expect(readStamp(Buffer.from(frame?.head ?? ''))).toEqual(stamp);
  },
);
