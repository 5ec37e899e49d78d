// Frames of our own, read by another implementation, and what the close frames of others say.

import type { Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import * as ws from 'ws';
import { closePayload, encodeFrame, type OwnOpcode, readClose } from '../../codecs/frame-encoder.ts';
import { seededRandom } from '../support/random.ts';

/** The reader of the WebSocket library, which its types leave out. */
const { Receiver } = ws as unknown as { readonly Receiver: new (options: { isServer: boolean }) => Writable };

/** What it reads, as server or as client. */
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
  test.each(cases)('writes a %s of %i bytes as servers and as clients do', async (opcode, length) => {
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

describe('closePayload', () => {
  test('is the code and the reason, and empty without a code', () => {
    expect(closePayload(1000)).toEqual(Buffer.from('03e8', 'hex'));
    expect(closePayload(4999, 'aé')).toEqual(Buffer.from('138761c3a9', 'hex'));
    expect(closePayload(1001, Buffer.from('b'))).toEqual(Buffer.from('03e962', 'hex'));
    expect(closePayload(undefined, 'never said')).toEqual(Buffer.alloc(0));
  });
});

describe('readClose', () => {
  test('gives back code and reason, whatever they are', () => {
    const random = seededRandom(3);
    for (let round = 0; round < 200; round++) {
      const code = 3000 + random.below(2000);
      const reason = 'aé€😀'.slice(0, random.below(4)).toWellFormed();
      expect(readClose(closePayload(code, reason))).toEqual({ code, reason: Buffer.from(reason) });
    }
  });

  test('knows exactly the codes that may be sent', () => {
    const known: number[] = [];
    for (let code = 0; code < 65_536; code++) {
      const read = readClose(closePayload(code));
      if ('fault' in read) expect(read.fault).toBe(1002);
      else known.push(code);
    }
    const below3000 = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014];
    expect(known).toEqual([...below3000, ...Array.from({ length: 2000 }, (_, index) => 3000 + index)]);
  });

  test('takes an empty payload for no code, and refuses one byte and a reason that is not UTF-8', () => {
    expect(readClose(Buffer.alloc(0))).toEqual({ code: 1005, reason: Buffer.alloc(0) });
    expect(readClose(Buffer.from([3]))).toEqual({ fault: 1002 });
    expect(readClose(closePayload(1000, Buffer.from('c328', 'hex')))).toEqual({ fault: 1007 });
    expect(readClose(closePayload(1000, Buffer.from('c3', 'hex')))).toEqual({ fault: 1007 });
  });
});
