// Messages that begin like the one before: which reads hold nothing else, compared with a slow reading of the same bytes.

import { describe, expect, test } from 'vitest';
import { AlikeMessages, type DecisiveBytes } from '../../../codecs/websocket/alike-messages.ts';
import { type Random, seededRandom } from '../../support/random.ts';
import { type FrameOptions, frameBytes } from '../../support/raw-socket.ts';

const [TEXT, BINARY] = [1, 2];
const MOST_BYTES = 300;
const typed = '{"type":"input_audio_buffer.append","audio":"';

describe.each([
  ['masked', true],
  ['unmasked', false],
])('of %s frames', (_, masked) => {
  const frame = (opcode: number, payload: Buffer | string, more: FrameOptions = {}): Buffer =>
    frameBytes(opcode, payload, { masked, ...more });
  const learned = (example: string, decisive: DecisiveBytes | undefined, binary = false): AlikeMessages => {
    const alike = new AlikeMessages({ isMasked: masked, maxPayloadBytes: MOST_BYTES });
    alike.learn(Buffer.from(example), binary, decisive);
    return alike;
  };
  const ofAppends = () => learned(`${typed}AAAA"}`, { first: 34, last: 0 });

  test('counts the messages of a read, and their bytes', () => {
    const alike = ofAppends();
    const one = `${typed}BBBB"}`;
    const long = `${typed}${'C'.repeat(200)}"}`;
    expect(alike.areAll(frame(TEXT, one), Infinity)).toBe(true);
    expect([alike.count, alike.bytes]).toEqual([1, one.length]);
    expect(alike.areAll(Buffer.concat([frame(TEXT, long), frame(TEXT, one), frame(TEXT, long)]), 3)).toBe(true);
    expect([alike.count, alike.bytes]).toEqual([3, one.length + 2 * long.length]);
  });

  const append = `${typed}BBBB"}`;
  test.each<[string, Buffer]>([
    ['a message and a part of one', Buffer.concat([frame(TEXT, append), frame(TEXT, append).subarray(0, 30)])],
    ['a part of a header', frame(TEXT, append).subarray(0, 1)],
    ['a header without its mask or payload', frame(TEXT, append).subarray(0, 2)],
    ['a message that ends before its header says', frame(TEXT, append, { claimed: append.length + 1 })],
    ['a message that is longer than allowed', frame(TEXT, typed.padEnd(MOST_BYTES + 1, 'x'))],
    ['a claim of 2^63 bytes', frame(TEXT, append, { claimed: 2 ** 63 })],
    ['a message that is shorter than what decides', frame(TEXT, typed.slice(0, 33))],
    ['a message of the other opcode', frame(BINARY, append)],
    ['a ping', frame(9, append)],
    ['a first fragment', frame(TEXT, append, { fin: false })],
    ['a last fragment', frame(0, append)],
    ['a fragment within', frame(0, append, { fin: false })],
    ['reserved bits', frame(TEXT, append, { rsv: 4 })],
    ['the wrong masking', frame(TEXT, append, { masked: !masked })],
    ['another message behind', Buffer.concat([frame(TEXT, append), frame(TEXT, '{"type":"response.create"}')])],
    ['four messages where three are allowed', Buffer.concat(Array.from({ length: 4 }, () => frame(TEXT, append)))],
  ])('does not take %s', (_name, chunk) => {
    expect(ofAppends().areAll(chunk, 3)).toBe(false);
  });

  test('does not take a message that differs in one of the bytes which decide', () => {
    for (let index = 0; index < 34; index += 1) {
      const other = Buffer.from(append);
      other[index] = (other[index] ?? 0) ^ 1;
      expect(ofAppends().areAll(frame(TEXT, other), 1), `byte ${index}`).toBe(false);
    }
  });

  test('takes nothing before a message was learned, and after one that says nothing', () => {
    const nothing = new AlikeMessages({ isMasked: masked, maxPayloadBytes: MOST_BYTES });
    const alike = ofAppends();
    alike.learn(Buffer.from('{"type":"response.create"}'), false, undefined);
    for (const chunk of [frame(TEXT, append), frame(0, '', { fin: false }), frame(TEXT, '')])
      for (const fresh of [nothing, alike]) expect(fresh.areAll(chunk, 1)).toBe(false);
  });

  test('takes every message of the opcode where no byte decides', () => {
    const alike = learned('sound', { first: 0, last: 0 }, true);
    expect(alike.areAll(Buffer.concat([frame(BINARY, ''), frame(BINARY, 'more'), frame(BINARY, '{')]), 3)).toBe(true);
    expect(alike.areAll(frame(TEXT, 'more'), 3)).toBe(false);
  });

  test('agrees with a slow reading, however the bytes are made up', () => {
    const random = seededRandom(masked ? 1 : 2);
    let taken = 0;
    for (let round = 0; round < 3000; round += 1) {
      const decisive = { first: random.below(12), last: masked ? 0 : random.pick([0, 0, 3]) };
      const example = randomMessage(random, decisive, true);
      const alike = learned(example, decisive);
      const messages = Array.from({ length: 1 + random.below(4) }, () => randomMessage(random, decisive));
      const frames = messages.map((message) => frame(random.below(20) === 0 ? BINARY : TEXT, message));
      const whole = Buffer.concat(frames);
      const chunk = random.below(10) === 0 ? whole.subarray(0, random.below(whole.length)) : whole;
      if (!alike.areAll(chunk, Infinity)) continue;
      taken += 1;
      const read = messages.slice(0, alike.count);
      expect(chunk.equals(Buffer.concat(frames.slice(0, read.length)))).toBe(true);
      expect(alike.bytes).toBe(read.join('').length);
      for (const message of read) expect(decided(message, decisive)).toBe(decided(example, decisive));
    }
    expect(taken).toBeGreaterThan(100);
  });
});

/** A message of few letters, so that it is often like another. An example has no quotes in its string. */
function randomMessage(random: Random, { first, last }: DecisiveBytes, isExample = false): string {
  const letters = (length: number, of: string) => Array.from({ length }, () => random.pick([...of])).join('');
  const string = letters(random.below(8), !isExample && random.below(9) === 0 ? 'a"\\' : 'a');
  const end = random.pick(isExample ? ['"aa', '"ab'] : ['"aa', '"ab', '\\"aa']);
  return letters(first, 'aaaaaaab') + string + (last === 0 ? '' : end);
}

/** Returns what a reader learns who looks at the first bytes, and behind the first string after them. */
function decided(message: string, { first, last }: DecisiveBytes): string {
  if (last === 0) return message.slice(0, first);
  return `${message.slice(0, first)} ${/^[^"]*(?<!\\)(".*)$/.exec(message.slice(first))?.[1] ?? message}`;
}
