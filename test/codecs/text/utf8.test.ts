// Text in pieces: the answer does not depend on the cuts.

import { isUtf8 } from 'node:buffer';
import { describe, expect, test } from 'vitest';
import { utf8Check } from '../../../codecs/text/utf8.ts';
import { seededRandom } from '../../support/random.ts';

const SOUND = ['', 'a', 'é', '€', '😀', 'aé€😀', '\u0000\u007f\u0080\u07ff\u0800\ud7ff\ue000\uffff\u{10000}\u{10ffff}'];
/** Bytes that begin no character, and characters that are too long, too large, half a pair, or incomplete. */
const UNSOUND = [
  ...[
    '80',
    'bf',
    'c0',
    'c080',
    'c1bf',
    'e08080',
    'e09fbf',
    'f0808080',
    'f08fbfbf',
    'f4908080',
    'f5808080',
    'f888808080',
  ],
  ...['eda080', 'edbfbf', 'edb080', 'fe', 'ff', 'c3', 'e282', 'f09f98', 'e28261', 'f09f9861', 'c361', 'c3c3', 'f02828'],
];

/** The answer after the last piece; false when an earlier piece was refused. */
function check(pieces: readonly Buffer[]): boolean {
  const isSound = utf8Check();
  return pieces.every((piece, index) => {
    const own = Buffer.from(piece);
    const answer = isSound(own, index === pieces.length - 1);
    own.fill(0xff);
    return answer;
  });
}

/** All ways to cut these bytes in two and in three, empty pieces included. */
function* cuttings(bytes: Buffer): Generator<Buffer[]> {
  for (let one = 0; one <= bytes.length; one++) {
    yield [bytes.subarray(0, one), bytes.subarray(one)];
    for (let two = one; two <= bytes.length; two++) {
      yield [bytes.subarray(0, one), bytes.subarray(one, two), bytes.subarray(two)];
    }
  }
}

const single = (bytes: Buffer): Buffer[] => [...bytes].map((byte) => Buffer.from([byte]));

describe('utf8Check', () => {
  test.each(SOUND)('accepts %j however it is cut', (text) => {
    const bytes = Buffer.from(text);
    expect(check([bytes])).toBe(true);
    expect(check([...single(bytes), Buffer.alloc(0)])).toBe(true);
    for (const pieces of cuttings(bytes)) expect(check(pieces)).toBe(true);
  });

  test.each(UNSOUND)('refuses %s however it is cut, with any text around it', (hex) => {
    for (const [before, after] of [
      ['', ''],
      ['a', 'b'],
      ['😀', '€'],
      ['é', 'é'],
    ] as const) {
      const bytes = Buffer.concat([Buffer.from(before), Buffer.from(hex, 'hex'), Buffer.from(after)]);
      expect(check([bytes])).toBe(false);
      expect(check([...single(bytes), Buffer.alloc(0)])).toBe(false);
      for (const pieces of cuttings(bytes)) expect(check(pieces)).toBe(false);
    }
  });

  test.each([
    ['c0', 1],
    ['f5', 1],
    ['e080', 2],
    ['eda0', 2],
    ['f08f', 2],
    ['f490', 2],
    ['e261', 2],
    ['f028', 2],
    ['f09f61', 3],
    ['f09f9861', 4],
  ])('refuses %s at byte %i, as soon as it cannot become a character', (hex, bad) => {
    const isSound = utf8Check();
    const answers = single(Buffer.from(hex, 'hex')).map((piece) => isSound(piece, false));
    expect(answers.indexOf(false) + 1).toBe(bad);
  });

  test('judges random bytes in random pieces like all of them at once', () => {
    const random = seededRandom(7);
    const parts = [...SOUND, ...SOUND, ...SOUND].map((text) => Buffer.from(text));
    let sound = 0;
    for (let round = 0; round < 5000; round++) {
      const bytes = Buffer.concat(Array.from({ length: random.below(6) }, () => random.pick(parts)));
      if (bytes.length > 0 && random.below(2) === 0) bytes[random.below(bytes.length)] = random.below(256);
      const pieces: Buffer[] = [];
      for (let at = 0; at <= bytes.length; ) {
        const to = at + random.below(5);
        pieces.push(bytes.subarray(at, to));
        if (to > bytes.length) break;
        at = to;
      }
      if (isUtf8(bytes)) sound += 1;
      expect(check(pieces)).toBe(isUtf8(bytes));
    }
    expect(sound).toBeGreaterThan(1000);
    expect(sound).toBeLessThan(4500);
  });
});
