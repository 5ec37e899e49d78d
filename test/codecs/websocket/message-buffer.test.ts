// The memory of a message that comes in pieces: bounded by what has come, whatever the pieces are and whatever was announced.

import { expect, test } from 'vitest';
import { HeldFrames } from '../../../codecs/websocket/held-frames.ts';
import { MessageBuffer } from '../../../codecs/websocket/message-buffer.ts';

const KIB = 1024;

function open() {
  const memory = { now: 0, most: 0 };
  const onResize = (byBytes: number): void => {
    memory.now += byBytes;
    memory.most = Math.max(memory.most, memory.now);
  };
  return { memory, onResize };
}

test.each([1, 7, 1000, 60_000])('gives back what was added in pieces of %d bytes, and all of its memory', (size) => {
  const { memory, onResize } = open();
  const buffer = new MessageBuffer(onResize);
  const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, index) => index % 251));
  for (let at = 0; at < bytes.length; at += size) {
    buffer.add(bytes.subarray(at, at + size), bytes.length - Math.min(bytes.length, at + size));
    expect(memory.now).toBeLessThanOrEqual(Math.max(2 * buffer.length, 16 * KIB));
  }
  expect(memory.most).toBeLessThanOrEqual(bytes.length);
  expect(buffer.take().equals(bytes)).toBe(true);
  expect(memory.now).toBe(0);
  expect(buffer.take().length).toBe(0);
});

test('believes an announced length for 16 KiB only', () => {
  const { memory, onResize } = open();
  const buffer = new MessageBuffer(onResize);
  buffer.add(Buffer.from('a'), 30_000_000);
  expect(memory.now).toBe(16 * KIB);
  buffer.add(Buffer.alloc(16 * KIB), 29_000_000);
  expect(memory.now).toBe(2 * (16 * KIB + 1));
  buffer.clear();
  expect(memory.now).toBe(0);
});

test('keeps nothing alive but its own memory, and gives bytes away in less than twice theirs', () => {
  const { memory, onResize } = open();
  const buffer = new MessageBuffer(onResize);
  const taken: Buffer[] = [];
  for (let count = 0; count < 100; count++) {
    buffer.add(Buffer.from('a'));
    expect(memory.now).toBe(16 * KIB);
    taken.push(buffer.take());
  }
  const kept = new Set(taken.map(({ buffer }) => buffer));
  expect([...kept].reduce((bytes, { byteLength }) => bytes + byteLength, 0)).toBeLessThanOrEqual(2 * Buffer.poolSize);
  buffer.add(Buffer.alloc(9 * KIB), 0);
  expect(buffer.take().buffer.byteLength).toBe(9 * KIB);
});

test('frames that are held take their own length of memory once, until they are given away', () => {
  const { memory, onResize } = open();
  const held = new HeldFrames(onResize);
  const payload = Buffer.alloc(100_000, 'speech');
  held.begin([Buffer.alloc(8)], { payloadBytes: payload.length, mask: 0, isFinal: true });
  for (let at = 0; at < payload.length; at += 10) held.add(payload.subarray(at, at + 10), payload.length - at - 10);
  expect(memory.most).toBe(8 + payload.length);
  const { frames, data } = held.take();
  expect(frames.length).toBe(8 + payload.length);
  expect(data.equals(payload)).toBe(true);
  expect(memory.now).toBe(0);
});
