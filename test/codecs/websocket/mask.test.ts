// Unmasking, compared with the definition: each byte is XORed with one of four, in turn.

import { describe, expect, test } from 'vitest';
import { unmask } from '../../../codecs/websocket/mask.ts';
import { seededRandom } from '../../support/random.ts';

const MASKS = ['00000000', '11223344', 'ffeeddcc', '80000000', '00000080', 'ffffffff'];

/** Octet i of the payload is XORed with octet i modulo 4 of the mask. */
function byDefinition(payload: Buffer, mask: Buffer, read: number): Buffer {
  return Buffer.from(payload.map((byte, index) => byte ^ (mask[(read + index) % 4] as number)));
}

describe('unmask', () => {
  test.each(MASKS)('follows the definition with the mask %s, wherever a piece begins and however long it is', (hex) => {
    const mask = Buffer.from(hex, 'hex');
    const chunk = seededRandom(1).bytes(40);
    const before = Buffer.from(chunk);
    for (let from = 0; from < 5; from++) {
      for (let to = from; to <= from + 13; to++) {
        for (let read = 0; read < 9; read++) {
          const plain = unmask(chunk, { from, to, mask: mask.readInt32LE(), read }, 8);
          expect(plain).toEqual(byDefinition(chunk.subarray(from, to), mask, read));
        }
      }
    }
    expect(chunk).toEqual(before);
  });

  test('keeps results at different places apart', () => {
    const mask = Buffer.from('11223344', 'hex');
    const chunk = seededRandom(2).bytes(64);
    const pieces = [0, 1, 2, 3, 4, 5, 6, 7].map((index) => ({ from: index * 8, to: index * 8 + index, read: index }));
    const plain = pieces.map((piece) => unmask(chunk, { ...piece, mask: mask.readInt32LE() }, piece.from));
    for (const [index, { from, to, read }] of pieces.entries()) {
      expect(plain[index]).toEqual(byDefinition(chunk.subarray(from, to), mask, read));
    }
  });

  test('unmasks more than its memory holds, and keeps earlier results', () => {
    const mask = Buffer.from('a1b2c3d4', 'hex');
    const chunk = Buffer.alloc(1_000_003, 0x5a);
    const small = unmask(chunk, { from: 0, to: 10, mask: mask.readInt32LE(), read: 1 }, 0);
    const large = unmask(chunk, { from: 0, to: chunk.length, mask: mask.readInt32LE(), read: 2 }, 12);
    expect(small).toEqual(byDefinition(chunk.subarray(0, 10), mask, 1));
    expect(large.equals(byDefinition(chunk, mask, 2))).toBe(true);
  });
});
