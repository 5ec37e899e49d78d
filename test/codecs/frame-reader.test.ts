// Frames that go by: what may pass of them, whatever the cuts, and in memory that is used again.

import { describe, expect, test } from 'vitest';
import type { Batch, ReadEnd } from '../../codecs/frame-batch.ts';
import { FrameReader, type FrameReaderOptions } from '../../codecs/frame-reader.ts';
import { type Random, seededRandom } from '../support/random.ts';
import { closeBytes, frameBytes } from '../support/raw-socket.ts';

const defaults = { maxPayloadBytes: 1000, maxFragments: 4, maxBufferedChunks: 100_000 };

function readerFor(isMasked: boolean, options: Partial<FrameReaderOptions> = {}): FrameReader {
  return new FrameReader({ ...defaults, isMasked, ...options });
}

interface Heard {
  readonly passed: Buffer;
  readonly messages: { readonly data: Buffer; readonly binary: boolean }[];
  readonly controls: string[];
  end: ReadEnd | undefined;
}

/** Reads in chunks of the given sizes; the memory of a chunk is overwritten after each read, as a socket would. */
function readAll(reader: FrameReader, wire: Buffer, nextSize: () => number, onBatch?: (batch: Batch) => void): Heard {
  const passed: Buffer[] = [];
  const heard = { messages: [] as Heard['messages'], controls: [] as string[], end: undefined as ReadEnd | undefined };
  for (let at = 0; at < wire.length && heard.end === undefined; ) {
    const size = nextSize();
    const chunk = Buffer.from(wire.subarray(at, at + size));
    at += size;
    const batch = reader.read(chunk, at);
    passed.push(...batch.runs.map((run) => Buffer.from(run)));
    for (const { data, binary } of batch.frames) heard.messages.push({ data: Buffer.from(data), binary });
    for (const { name, payload } of batch.controls) heard.controls.push(`${name} ${payload}`);
    heard.end = batch.end;
    onBatch?.(batch);
    chunk.fill(0xff);
  }
  return { ...heard, passed: Buffer.concat(passed) };
}

const whole = () => Number.POSITIVE_INFINITY;

interface Conversation {
  readonly wire: Buffer;
  /** The bytes of the data frames alone. */
  readonly data: Buffer;
  /** Where in `data` frames end, and where messages do. */
  readonly frameEnds: ReadonlySet<number>;
  readonly messageEnds: ReadonlySet<number>;
  readonly messages: { readonly data: Buffer; readonly binary: boolean }[];
  readonly controls: string[];
}

/** Messages of one to four fragments, with pings and pongs anywhere between frames. */
function converse(random: Random, masked: boolean): Conversation {
  const wire: Buffer[] = [];
  const data: Buffer[] = [];
  const [frameEnds, messageEnds] = [new Set([0]), new Set([0])];
  const messages: Conversation['messages'] = [];
  const controls: string[] = [];
  let length = 0;
  const control = () => {
    if (random.below(3) > 0) return;
    const [opcode, name] = random.pick([[9, 'ping'] as const, [10, 'pong'] as const]);
    const payload = 'x'.repeat(random.below(126));
    wire.push(frameBytes(opcode, payload, { masked }));
    controls.push(`${name} ${payload}`);
  };
  for (let count = 1 + random.below(8); count > 0; count -= 1) {
    const binary = random.below(2) === 0;
    const message = binary ? random.bytes(random.below(300)) : Buffer.from('aé語😀'.repeat(random.below(40)));
    const cuts = Array.from({ length: random.below(4) }, () => random.below(message.length + 1)).sort((a, b) => a - b);
    const pieces = [0, ...cuts].map((from, index) => message.subarray(from, cuts[index] ?? message.length));
    for (const [index, piece] of pieces.entries()) {
      control();
      const opcode = index > 0 ? 0 : binary ? 2 : 1;
      const bytes = frameBytes(opcode, piece, { masked, fin: index === pieces.length - 1 });
      wire.push(bytes);
      data.push(bytes);
      length += bytes.length;
      frameEnds.add(length);
    }
    messageEnds.add(length);
    messages.push({ data: message, binary });
    control();
  }
  return { wire: Buffer.concat(wire), data: Buffer.concat(data), frameEnds, messageEnds, messages, controls };
}

describe.each([
  ['masked', true],
  ['unmasked', false],
] as const)('%s frames', (_, masked) => {
  const frame = (opcode: number, payload: string | Buffer, fin = true) => frameBytes(opcode, payload, { masked, fin });

  test.each([1, 2, 3, 7, 100, 10_000])('pass as they are, whatever the cuts: %i bytes a read', (size) => {
    for (let seed = 0; seed < 60; seed += 1) {
      const { wire, data, frameEnds, messageEnds, messages, controls } = converse(seededRandom(seed), masked);
      const reader = readerFor(masked);
      let length = 0;
      const heard = readAll(
        reader,
        wire,
        () => size,
        ({ runs }) => {
          for (const run of runs) length += run.length;
          expect(reader.isBetweenFrames).toBe(frameEnds.has(length));
          expect(reader.isBetweenMessages).toBe(messageEnds.has(length));
        },
      );
      expect(heard).toEqual({ passed: data, messages, controls, end: undefined });
    }
  });

  test('pass as they are with random cuts, and whole through a gate', () => {
    for (let seed = 100; seed < 300; seed += 1) {
      const random = seededRandom(seed);
      const { wire, data, messageEnds, messages, controls } = converse(random, masked);
      const expected = { passed: data, messages, controls, end: undefined };
      const size = () => 1 + random.below(200);
      expect(readAll(readerFor(masked), wire, size)).toEqual(expected);
      const asked: Buffer[] = [];
      const gated = readerFor(masked, { gate: (one) => void asked.push(Buffer.from(one.data)) });
      let length = 0;
      const heard = readAll(gated, wire, size, ({ runs }) => {
        for (const run of runs) length += run.length;
        expect(messageEnds.has(length)).toBe(true);
      });
      expect(heard).toEqual(expected);
      expect(asked).toEqual(messages.map((one) => one.data));
    }
  });

  test('pass only with a complete header', () => {
    const wire = frame(2, Buffer.alloc(500));
    const header = wire.length - 500;
    const reader = readerFor(masked);
    for (let at = 0; at < header - 1; at += 1) expect(reader.read(wire.subarray(at, at + 1), 0).runs).toEqual([]);
    const runs = reader.read(wire.subarray(header - 1, header), 0).runs;
    expect(Buffer.concat([...runs])).toEqual(wire.subarray(0, header));
    expect(reader.isBetweenFrames).toBe(false);
  });

  const broken: [what: string, bytes: Buffer, code: number][] = [
    ['a reserved bit', frameBytes(1, 'x', { masked, rsv: 4 }), 1002],
    ['an unknown opcode', frame(3, 'x'), 1002],
    ['an unknown control opcode', frame(11, 'x'), 1002],
    ['the wrong mask', frameBytes(1, 'x', { masked: !masked }), 1002],
    ['a continuation of nothing', frame(0, 'x'), 1002],
    ['a ping in fragments', frame(9, 'x', false), 1002],
    ['a long ping', frame(9, 'x'.repeat(126)), 1002],
    ['a message over the limit', frame(2, Buffer.alloc(1001)), 1009],
    ['text that is not UTF-8', frame(1, Buffer.from([0x61, 0xff])), 1007],
  ];

  test.each(broken)('end with %s, of which nothing passes', (_what, bytes, code) => {
    const fine = frame(1, 'fine');
    for (const size of [1, whole()]) {
      const heard = readAll(readerFor(masked), Buffer.concat([fine, bytes, fine]), () => size);
      expect(heard.end).toEqual({ name: 'broken', code });
      expect(heard.messages).toHaveLength(1);
      if (size > 1) expect(heard.passed).toEqual(fine);
    }
  });

  test('end with too many fragments, at a boundary of frames', () => {
    const reader = readerFor(masked);
    const pieces = [frame(1, 'x', false), ...Array.from({ length: 4 }, () => frame(0, 'x', false))];
    const { passed, end } = readAll(reader, Buffer.concat(pieces), whole);
    expect(end).toEqual({ name: 'broken', code: 1008 });
    expect(passed).toEqual(Buffer.concat(pieces.slice(0, 4)));
    expect([reader.isBetweenFrames, reader.isBetweenMessages]).toEqual([true, false]);
  });

  test('end with text that is cut within a character, in the middle of its frame', () => {
    const reader = readerFor(masked);
    const wire = frame(1, Buffer.from([...Buffer.from('a'.repeat(200)), 0xe2, 0x82]));
    const { end } = readAll(reader, wire, () => 100);
    expect(end).toEqual({ name: 'broken', code: 1007 });
    expect(reader.isBetweenFrames).toBe(false);
  });

  test('end with one read too many for a message', () => {
    const { end, passed } = readAll(readerFor(masked, { maxBufferedChunks: 8 }), frame(2, Buffer.alloc(100)), () => 1);
    expect(end).toEqual({ name: 'broken', code: 1008 });
    expect(passed.length).toBeLessThan(20);
  });

  test('end with a close, behind which nothing is looked at', () => {
    const wire = Buffer.concat([frame(1, 'a'), closeBytes(4001, 'bye', { masked }), Buffer.from([0xff, 0xff])]);
    for (const size of [1, whole()]) {
      const { end, passed } = readAll(readerFor(masked), wire, () => size);
      expect(end).toEqual({ name: 'closed', payload: Buffer.from([0x0f, 0xa1, ...Buffer.from('bye')]) });
      expect(passed).toEqual(frame(1, 'a'));
    }
  });

  test('that a gate keeps back do not pass, nor anything behind them', () => {
    const refuse = () => {};
    const pieces = [frame(1, 'good'), frame(1, 'b', false), frame(9, '?'), frame(0, 'ad'), frame(1, 'good')];
    for (const size of [1, 3, whole()]) {
      const gate = ({ data }: { data: Buffer }) => (data.toString() === 'bad' ? refuse : undefined);
      const heard = readAll(readerFor(masked, { gate }), Buffer.concat(pieces), () => size);
      expect(heard).toMatchObject({ passed: frame(1, 'good'), controls: ['ping ?'], end: { name: 'refused', refuse } });
    }
  });

  test('pass no more after mute() but for the rest of a message that has begun', () => {
    const [first, second] = [frame(1, 'begun', false), frame(0, 'ended')];
    const reader = readerFor(masked);
    expect(reader.read(first, 0).runs).toHaveLength(1);
    reader.mute();
    const heard = readAll(reader, Buffer.concat([second, frame(1, 'next'), frame(9, '!')]), whole);
    expect(heard).toMatchObject({
      passed: second,
      controls: ['ping !'],
      messages: [{ data: Buffer.from('begunended') }],
    });
    expect(reader.isBetweenMessages).toBe(true);
  });

  test('that a gate holds are dropped by mute()', () => {
    const reader = readerFor(masked, { gate: () => undefined });
    reader.read(frame(1, 'begun', false), 0);
    reader.mute();
    expect(readAll(reader, Buffer.concat([frame(0, 'ended'), frame(1, 'next')]), whole).passed).toHaveLength(0);
  });
});

test('random bytes never throw', () => {
  const random = seededRandom(11);
  for (let round = 0; round < 3000; round += 1) {
    const reader = readerFor(round % 2 === 0, round % 3 === 0 ? { gate: () => undefined } : {});
    const heard = readAll(reader, random.bytes(1 + random.below(200)), () => 1 + random.below(50));
    if (heard.end?.name === 'broken') expect([1002, 1007, 1008, 1009]).toContain(heard.end.code);
  }
});
