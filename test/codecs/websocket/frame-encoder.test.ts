// Frames of our own, read by another implementation.

import type { Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import * as ws from 'ws';
import { closePayload } from '../../../codecs/websocket/close-frame.ts';
import { encodeFrame, type OwnOpcode } from '../../../codecs/websocket/frame-encoder.ts';

/** The frame parser of ws, which is missing in its types. */
const { Receiver } = ws as unknown as { readonly Receiver: new (options: { isServer: boolean }) => Writable };

/** The frame as ws reads it, as a server or as a client. */
function readByLibrary(bytes: Buffer, isServer: boolean): Promise<{ name: string; payload: Buffer }> {
  return new Promise((resolve, reject) => {
    const receiver = new Receiver({ isServer });
    for (const name of ['message', 'ping', 'pong']) {
      receiver.on(name, (payload: Buffer) => resolve({ name: name === 'message' ? 'text' : name, payload }));
    }
    receiver.on('conclude', (code: number, reason: Buffer) =>
      resolve({ name: 'close', payload: closePayload(code, reason) }),
    );
    receiver.on('error', reject);
    receiver.write(bytes);
  });
}

const cases: readonly (readonly [OwnOpcode, number])[] = [
  ...(['ping', 'pong'] as const).flatMap((opcode) => [0, 1, 3, 125].map((length) => [opcode, length] as const)),
  ...[0, 1, 125, 126, 127, 65_535, 65_536, 100_001].map((length) => ['text', length] as const),
];

describe('encodeFrame', () => {
  test.each(cases)('writes a %s of %i bytes, masked and not masked', async (opcode, length) => {
    const payload = Buffer.alloc(length, 'payload');
    for (const isMasked of [false, true]) {
      const frame = encodeFrame(opcode, payload, isMasked);
      expect((frame[1] as number) >= 128).toBe(isMasked);
      const lengthBytes = length < 126 ? 0 : length < 65_536 ? 2 : 8;
      expect(frame).toHaveLength(2 + lengthBytes + (isMasked ? 4 : 0) + length);
      const read = await readByLibrary(frame, isMasked);
      expect(read.name).toBe(opcode);
      expect(read.payload.equals(payload)).toBe(true);
    }
    expect(payload.equals(Buffer.alloc(length, 'payload'))).toBe(true);
  });

  test('writes a close with its code and reason', async () => {
    for (const isMasked of [false, true]) {
      const frame = encodeFrame('close', closePayload(4001, 'späť'), isMasked);
      expect(await readByLibrary(frame, isMasked)).toEqual({ name: 'close', payload: closePayload(4001, 'späť') });
    }
  });

  test('masks every frame with a mask of its own', () => {
    const masks = Array.from({ length: 20 }, () => encodeFrame('pong', Buffer.alloc(0), true).toString('hex', 2));
    expect(new Set(masks).size).toBeGreaterThan(18);
  });
});
