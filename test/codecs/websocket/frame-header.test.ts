// Headers of every length, and the faults in their first two bytes.

import { describe, expect, test } from 'vitest';
import { headerFault, headerLength, payloadLength, readHeader } from '../../../codecs/websocket/frame-header.ts';
import { frameBytes } from '../../support/raw-socket.ts';

describe('the header of a frame', () => {
  test.each([
    [0, 2],
    [125, 2],
    [126, 4],
    [65_535, 4],
    [65_536, 10],
  ])('has, for a payload of %i bytes, %i bytes, and four more with a mask', (length, expected) => {
    for (const masked of [false, true]) {
      const bytes = frameBytes(2, Buffer.alloc(length), { masked });
      const size = expected + (masked ? 4 : 0);
      expect(headerLength(bytes[1] as number)).toBe(size);
      expect(payloadLength(Buffer.concat([Buffer.alloc(3), bytes]), 3)).toBe(length);
      const mask = masked ? 0x44332211 : 0;
      expect(readHeader(bytes.subarray(0, size))).toEqual({ opcode: 2, isFinal: true, mask, payloadBytes: length });
    }
  });

  test('holds the final bit, a length of eight bytes and any mask', () => {
    const bytes = Buffer.from('01ff8000000000000000ffeeddcc', 'hex');
    expect(readHeader(bytes)).toEqual({ opcode: 1, isFinal: false, mask: 0xccddeeff | 0, payloadBytes: 2 ** 63 });
  });

  test('has a fault exactly for first bytes that the protocol forbids', () => {
    const allowed = new Set<string>();
    const faults = new Set<number | undefined>();
    const faultsOfTheOtherMasking = new Set<number | undefined>();
    for (let first = 0; first < 256; first++) {
      for (let second = 0; second < 256; second++) {
        for (const isContinued of [false, true]) {
          const fault = headerFault(first, second, second >= 128, isContinued);
          faultsOfTheOtherMasking.add(headerFault(first, second, second < 128, isContinued));
          faults.add(fault);
          if (fault === undefined) allowed.add(`${first.toString(16)} ${second % 128 > 125} ${isContinued}`);
        }
      }
    }
    expect([...faults].sort()).toEqual([1002, undefined]);
    expect([...faultsOfTheOtherMasking]).toEqual([1002]);
    const control = ['88', '89', '8a'].flatMap((first) => [`${first} false false`, `${first} false true`]);
    const begin = ['1', '2', '81', '82'].flatMap((first) => [`${first} false false`, `${first} true false`]);
    const goOn = ['0', '80'].flatMap((first) => [`${first} false true`, `${first} true true`]);
    expect([...allowed].sort()).toEqual([...control, ...begin, ...goOn].sort());
  });
});
