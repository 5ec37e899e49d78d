// The payloads of close frames, ours and those of others.

import { describe, expect, test } from 'vitest';
import { closePayload, findClose, readClose } from '../../../codecs/websocket/close-frame.ts';
import { seededRandom } from '../../support/random.ts';
import { closeBytes, frameBytes } from '../../support/raw-socket.ts';

describe('closePayload', () => {
  test('holds the code and the reason, and is empty without a code', () => {
    expect(closePayload(1000)).toEqual(Buffer.from('03e8', 'hex'));
    expect(closePayload(4999, 'aé')).toEqual(Buffer.from('138761c3a9', 'hex'));
    expect(closePayload(1001, Buffer.from('b'))).toEqual(Buffer.from('03e962', 'hex'));
    expect(closePayload(undefined, 'never said')).toEqual(Buffer.alloc(0));
  });
});

describe('readClose', () => {
  test('returns any code and reason that were written', () => {
    const random = seededRandom(3);
    for (let round = 0; round < 200; round++) {
      const code = 3000 + random.below(2000);
      const reason = 'aé€😀'.slice(0, random.below(4)).toWellFormed();
      expect(readClose(closePayload(code, reason))).toEqual({ code, reason: Buffer.from(reason) });
    }
  });

  test('accepts exactly the codes that may be sent', () => {
    const known: number[] = [];
    for (let code = 0; code < 65_536; code++) {
      const read = readClose(closePayload(code));
      if ('fault' in read) expect(read.fault).toBe(1002);
      else known.push(code);
    }
    const below3000 = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014];
    expect(known).toEqual([...below3000, ...Array.from({ length: 2000 }, (_, index) => 3000 + index)]);
  });

  test('reads 1005 from an empty payload, and refuses one byte and a reason that is not UTF-8', () => {
    expect(readClose(Buffer.alloc(0))).toEqual({ code: 1005, reason: Buffer.alloc(0) });
    expect(readClose(Buffer.from([3]))).toEqual({ fault: 1002 });
    expect(readClose(closePayload(1000, Buffer.from('c328', 'hex')))).toEqual({ fault: 1007 });
    expect(readClose(closePayload(1000, Buffer.from('c3', 'hex')))).toEqual({ fault: 1007 });
  });
});

test.each([1, 2, 5, 16_384])('the end of a close is found behind any other frames, in chunks of %i bytes', (size) => {
  const before = [frameBytes(1, closeBytes(1000)), frameBytes(2, 'hel', { fin: false }), frameBytes(9, 'there?')];
  const bytes = Buffer.concat([...before, closeBytes(1000, 'bye')]);
  const hasClose = findClose();
  const ends: number[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    if (hasClose(bytes.subarray(at, at + size))) ends.push(Math.min(at + size, bytes.length));
  }
  expect(ends).toEqual([bytes.length]);
});
