// Frames that pass, are read or are refused, however the bytes are cut. TRUNKLINE_LONG=1 tries more random frames.

import { describe, expect, test } from 'vitest';
import { FrameReader } from '../../../codecs/websocket/frame-reader.ts';
import { type Cut, expectSame, type RunOptions, runAsReference, runFrames } from '../../support/frame-run.ts';
import { seededRandom } from '../../support/random.ts';
import { randomWire } from '../../support/random-wire.ts';
import { closeBytes, type FrameOptions, frameBytes } from '../../support/raw-socket.ts';

const [TEXT, BINARY, PING, PONG] = [1, 2, 9, 10];
const isLong = process.env.TRUNKLINE_LONG === '1';
const seeds = isLong ? { frames: 1500, garbage: 2000, ofEachEnd: 20 } : { frames: 500, garbage: 700, ofEachEnd: 5 };
console.info(`random frames: ${isLong ? 'long' : 'CI'} mode, ${JSON.stringify(seeds)}`);
const whole: Cut = () => Infinity;
const sizes = [1, 2, 3, 7, 100, 1000, Infinity];
const every =
  (size: number): Cut =>
  () =>
    size;
const passesAll = (): boolean => false;

describe.each([
  ['masked', true],
  ['unmasked', false],
])('a reader of %s frames', (_, masked) => {
  const options: RunOptions = { isMasked: masked, maxPayloadBytes: 100_000, maxFragments: 4 };
  const gated: RunOptions = { ...options, refuses: passesAll };
  const frame = (opcode: number, payload: Buffer | string = '', more: FrameOptions = {}): Buffer =>
    frameBytes(opcode, payload, { masked, ...more });
  const open = { fin: false };

  const speech = Buffer.alloc(70_000, 'speech');
  const data = [
    [frame(TEXT, 'hello')],
    [frame(BINARY, speech.subarray(0, 300)), frame(TEXT), frame(BINARY)],
    [frame(TEXT, 'aé€😀'.repeat(40)), frame(TEXT, Buffer.from('€').subarray(0, 2), open)],
    [frame(0, '', open), frame(0, Buffer.from('€').subarray(2), open)],
    [frame(0), frame(BINARY, speech)],
    [frame(BINARY, 'a', open), frame(0, 'b')],
  ].map((frames) => Buffer.concat(frames));
  const controls = [
    { name: 'ping', payload: Buffer.from('are you there') },
    { name: 'pong', payload: Buffer.alloc(0) },
    { name: 'ping', payload: Buffer.alloc(125, 1) },
    { name: 'pong', payload: Buffer.from('x') },
    { name: 'ping', payload: Buffer.alloc(0) },
  ];
  const talk = Buffer.concat(
    data.flatMap((bytes, index) => {
      const control = controls[index];
      return control === undefined ? [bytes] : [bytes, frame(control.name === 'ping' ? PING : PONG, control.payload)];
    }),
  );
  const messages = [
    { data: Buffer.from('hello'), binary: false },
    { data: speech.subarray(0, 300), binary: true },
    { data: Buffer.alloc(0), binary: false },
    { data: Buffer.alloc(0), binary: true },
    { data: Buffer.from('aé€😀'.repeat(40)), binary: false },
    { data: Buffer.from('€'), binary: false },
    { data: speech, binary: true },
    { data: Buffer.from('ab'), binary: true },
  ];

  test.each(sizes)('passes data frames unchanged and reads all frames, in pieces of %d', (size) => {
    for (const how of [options, gated]) {
      const run = runAsReference(talk, every(size), how);
      expectSame(run.passed, Buffer.concat(data));
      expect(run.messages.map(({ binary }) => binary)).toEqual(messages.map(({ binary }) => binary));
      for (const [index, message] of messages.entries()) expectSame(run.messages[index]?.data ?? speech, message.data);
      expect(run.controls).toEqual(controls);
      expect(run.end).toBeUndefined();
    }
  });

  test('holds an incomplete header back, and passes an incomplete payload', () => {
    const bytes = Buffer.concat([frame(TEXT, 'a'.repeat(200), open), frame(0, 'b')]);
    const run = runFrames(bytes, every(1), options);
    const first = bytes.length - frame(0, 'b').length;
    const header = first - 200;
    const second = first + header - 2;
    for (const [index, { passed, isBetweenFrames, isBetweenMessages }] of run.steps.entries()) {
      const read = index + 1;
      const isInHeader = read < header || (read > first && read < second);
      expect(passed).toBe(isInHeader ? (read < header ? 0 : first) : read);
      expect(isBetweenFrames).toBe(isInHeader || read === first || read === bytes.length);
      expect(isBetweenMessages).toBe(read < header || read === bytes.length);
    }
  });

  test('stamps a message with the time of its last byte', () => {
    const reader = new FrameReader({ ...options, maxBufferedChunks: 10 });
    const bytes = frame(TEXT, 'late');
    expect(reader.read(bytes.subarray(0, 4), 10).frames).toEqual([]);
    expect(reader.read(bytes.subarray(4), 20).frames).toEqual([{ data: Buffer.from('late'), binary: false, at: 20 }]);
    expect(reader.read(bytes, 30).frames[0]?.at).toBe(30);
  });

  test('counts frames of every kind in a read', () => {
    const reader = new FrameReader({ ...options, maxBufferedChunks: 10 });
    const bytes = Buffer.concat([frame(TEXT, 'a', open), frame(PING), frame(0, 'b'), frame(BINARY, 'c'), frame(PONG)]);
    expect(reader.read(bytes, 0).count).toBe(5);
    expect(reader.read(frame(TEXT, 'abc').subarray(0, 8), 0).count).toBe(masked ? 0 : 1);
  });

  const invalid = Buffer.from('good until \xff here', 'latin1');
  const faults: readonly (readonly [string, number, readonly Buffer[], readonly Buffer[]])[] = [
    ...[1, 2, 4].flatMap((rsv) => [
      [`reserved bits ${rsv}`, 1002, [], [frame(TEXT, 'x', { rsv })]] as const,
      [`reserved bits ${rsv} of a ping`, 1002, [], [frame(PING, '', { rsv })]] as const,
    ]),
    ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode) => [`opcode ${opcode}`, 1002, [], [frame(opcode)]] as const),
    ['the wrong masking', 1002, [], [frame(TEXT, 'xyz', { masked: !masked })]],
    ['the wrong masking of a ping', 1002, [], [frame(PING, '', { masked: !masked })]],
    ['the wrong masking of a close', 1002, [], [closeBytes(1000, '', { masked: !masked })]],
    ['a ping in fragments', 1002, [], [frame(PING, '', open)]],
    ['a close in fragments', 1002, [], [frame(8, '', open)]],
    ['a ping of 126 bytes', 1002, [], [frame(PING, Buffer.alloc(126))]],
    ['a close of 70000 bytes', 1002, [], [frame(8, speech)]],
    ['a continuation of nothing', 1002, [], [frame(0, 'x')]],
    ['a text within a message', 1002, [frame(TEXT, 'x', open)], [frame(TEXT, 'x')]],
    ['a binary within a message', 1002, [frame(TEXT, 'x', open)], [frame(BINARY, 'x', open)]],
    ['one byte too many', 1009, [], [frame(BINARY, Buffer.alloc(100_001))]],
    ['one byte too many in fragments', 1009, [frame(BINARY, Buffer.alloc(100_000), open)], [frame(0, 'x')]],
    ['a claim of 2^32 bytes', 1009, [], [frame(TEXT, '', { claimed: 2 ** 32 })]],
    ['a claim of 2^63 bytes', 1009, [], [frame(TEXT, '', { claimed: 2 ** 63 })]],
    ['one fragment too many', 1008, ['1', '2', '3', '4'].map((x) => frame(x === '1' ? 1 : 0, x, open)), [frame(0)]],
    ['text that is not UTF-8', 1007, [], [frame(TEXT, invalid)]],
    ['text that ends in a character', 1007, [], [frame(TEXT, Buffer.from('€').subarray(0, 2))]],
    ['half a pair', 1007, [], [frame(TEXT, Buffer.from('eda080', 'hex'))]],
    ['a fragment that is not UTF-8', 1007, [frame(TEXT, 'x', open)], [frame(0, invalid)]],
    ['a character not ended', 1007, [frame(TEXT, Buffer.from('€').subarray(0, 2), open)], [frame(0, '€')]],
    ['a last fragment too short', 1007, [frame(TEXT, Buffer.from('😀').subarray(0, 2), open)], [frame(0)]],
  ];

  test.each(faults)('refuses %s with %i, and passes the earlier frames', (_name, code, before, [faulty]) => {
    const sound = Buffer.concat([frame(TEXT, 'sound'), frame(BINARY, 'sound')]);
    const passing = [sound, ...before];
    const behind = Buffer.concat([frame(TEXT, 'behind'), frame(PING)]);
    const wire = Buffer.concat([...passing, frame(PONG, 'seen'), faulty as Buffer, behind]);
    const start = Buffer.concat(passing).length + frame(PONG, 'seen').length;
    const cutInTwo = Array.from({ length: Math.min(40, wire.length - start) }, (_value, index): Cut => {
      const pieces = [start + index, Infinity];
      return () => pieces.shift() ?? Infinity;
    });
    for (const cut of [...sizes.map(every), ...cutInTwo]) {
      const run = runAsReference(wire, cut, options);
      expect(run.end).toBe(`broken ${code}`);
      expect(run.controls).toEqual([{ name: 'pong', payload: Buffer.from('seen') }]);
      expect(run.messages).toHaveLength(2);
      expectSame(runAsReference(wire, cut, gated).passed, sound);
    }
    expectSame(runFrames(wire, whole, options).passed, Buffer.concat(passing));
  });

  test('refuses a message that takes too many reads, and accepts one of fewer reads', () => {
    const few = { ...options, maxBufferedChunks: 5 };
    const long = Buffer.concat([frame(BINARY, speech.subarray(0, 500))]);
    const talk = Buffer.concat([long, long, long]);
    const fits = runFrames(talk, every(Math.ceil(long.length / 5)), few);
    expect(fits.end).toBeUndefined();
    expectSame(fits.passed, talk);
    const late = runFrames(Buffer.concat([frame(TEXT, 'a'), long]), every(100), few);
    expect(late.end).toBe('broken 1008');
    expect(late.passed).toHaveLength(500);
    const slow = Buffer.concat([frame(TEXT, 'a', open), ...Array.from({ length: 5 }, () => frame(PING))]);
    expect(runFrames(slow, every(frame(PING).length), few).end).toBe('broken 1008');
  });

  test('does not count reads of control frames between messages', () => {
    const wire = Buffer.concat(Array.from({ length: 20 }, () => frame(PING, 'x')));
    expect(runFrames(wire, every(1), { ...options, maxBufferedChunks: 20 }).controls).toHaveLength(20);
  });

  test.each(sizes)('reads nothing after a close, in pieces of %d', (size) => {
    const said = Buffer.concat([Buffer.from('0fa1', 'hex'), Buffer.from('bye')]);
    for (const payload of [said, Buffer.alloc(0), Buffer.from([3])]) {
      const wire = Buffer.concat([frame(TEXT, 'a', open), frame(8, payload), frame(0, 'b'), Buffer.alloc(2000, 0xff)]);
      const run = runAsReference(wire, every(size), options);
      expect(run.end).toBe(`closed ${payload.toString('hex')}`);
      expectSame(run.passed, frame(TEXT, 'a', open));
      expect(run.messages).toEqual([]);
    }
  });

  test.each(sizes)('asks the gate with whole messages before any byte passes, in pieces of %d', (size) => {
    const parts = [frame(TEXT, 'to be ', open), frame(PING, 'in between'), frame(0, 'kept')];
    const wire = Buffer.concat([frame(BINARY, 'fine'), ...parts, frame(TEXT, 'behind'), frame(PING, 'behind')]);
    const refused = runAsReference(wire, every(size), { ...options, refuses: (message) => message.includes('kept') });
    expect(refused.asked.map(String)).toEqual(['fine', 'to be kept']);
    expect(refused.end).toBe('refused');
    expectSame(refused.passed, frame(BINARY, 'fine'));
    expect(refused.controls).toEqual([{ name: 'ping', payload: Buffer.from('in between') }]);
    const passed = runAsReference(wire, every(size), gated);
    expect(passed.asked.map(String)).toEqual(['fine', 'to be kept', 'behind']);
    expectSame(
      passed.passed,
      Buffer.concat([frame(BINARY, 'fine'), ...parts.filter((_p, i) => i !== 1), frame(TEXT, 'behind')]),
    );
  });

  test('passes the rest of an open message when it is muted, and nothing of the next', () => {
    const parts = [frame(TEXT, 'to be ', open), frame(PING, 'p'), frame(0, 'ended')];
    const wire = Buffer.concat([...parts, frame(TEXT, 'next', open), frame(PONG, 'q'), frame(0), frame(BINARY, 'n')]);
    const message = Buffer.concat([parts[0] as Buffer, parts[2] as Buffer]);
    const header = masked ? 6 : 2;
    for (const size of sizes) {
      for (let mutedAt = 0; mutedAt < Buffer.concat(parts).length; mutedAt++) {
        const run = runAsReference(wire, every(size), { ...options, mutedAt });
        expectSame(run.passed, mutedAt < header ? Buffer.alloc(0) : message);
        expect(run.controls).toHaveLength(2);
        expect(runAsReference(wire, every(size), { ...gated, mutedAt }).passed).toHaveLength(0);
      }
    }
  });

  test('finds the faults of dropped frames when it is muted', () => {
    for (const faulty of [frame(TEXT, '', { rsv: 1 }), frame(TEXT, '', { claimed: 100_001 }), frame(0)]) {
      const run = runAsReference(Buffer.concat([frame(BINARY, 'x'), faulty]), whole, { ...options, mutedAt: 0 });
      expect(run.end).toMatch(/^broken/);
    }
  });

  test('agrees with the reference on any frames in any pieces', () => {
    const ends = new Map<string, number>();
    for (let seed = 0; seed < seeds.frames; seed++) {
      const random = seededRandom(seed);
      const wire = randomWire(random, masked);
      const largest = random.pick([1, 4, 30, 200, 3000]);
      const how: RunOptions = {
        ...{ isMasked: masked, maxPayloadBytes: 1000, maxFragments: 4 },
        refuses: random.pick([undefined, passesAll, (message: Buffer) => message.length % 7 === 3]),
        mutedAt: random.below(3) === 0 ? random.below(wire.length) : undefined,
      };
      const { end = 'none' } = runAsReference(wire, () => 1 + random.below(largest), how);
      const name = end.replace(/(?<=closed).*/, '');
      ends.set(name, (ends.get(name) ?? 0) + 1);
    }
    const all = ['broken 1002', 'broken 1007', 'broken 1008', 'broken 1009', 'closed', 'none', 'refused'];
    expect([...ends.keys()].sort()).toEqual(all);
    for (const count of ends.values()) expect(count).toBeGreaterThan(seeds.ofEachEnd);
  });

  test('agrees with the reference on any garbage', () => {
    for (let seed = 0; seed < seeds.garbage; seed++) {
      const random = seededRandom(seed);
      const wire = random.below(2) === 0 ? random.bytes(1 + random.below(300)) : randomWire(random, masked);
      for (let flips = random.below(4); flips > 0; flips--) wire[random.below(wire.length)] = random.below(256);
      const refuses = random.pick([undefined, passesAll]);
      const how = { isMasked: masked, maxPayloadBytes: 1000, maxFragments: 4, refuses };
      runAsReference(wire, () => 1 + random.below(50), how);
    }
  });
});
