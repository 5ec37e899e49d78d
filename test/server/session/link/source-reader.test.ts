// The share that a source has of the event loop: what is read at once, what waits, and in which order it is read.

import { afterEach, expect, test } from 'vitest';
import { SourceReader } from '../../../../server/session/link/source-reader.ts';
import { openReadPeer } from '../../../support/peer.ts';
import { destroySocketPairs } from '../../../support/socket-pair.ts';
import { until } from '../../../support/until.ts';

afterEach(destroySocketPairs);

/** A reader for which every byte is a frame, and whose source is paused and resumed by it alone. */
async function open(maxFramesPerSecond = 20_000) {
  const { peer } = await openReadPeer('client');
  const read: string[] = [];
  const faults: unknown[] = [];
  const reader = new SourceReader({
    source: peer,
    limits: { maxFramesPerSecond },
    read(chunk, _at, maxFrames) {
      const count = Math.min(chunk.length, Math.ceil(maxFrames));
      read.push(chunk.toString('latin1', 0, count));
      if (chunk.includes('!')) throw new Error('a fault');
      return { count, rest: count < chunk.length ? chunk.subarray(count) : undefined };
    },
    onFault: (error) => void faults.push(error),
  });
  return { reader, peer, read, faults, text: () => read.join('') };
}

test('a source has the frames of ten milliseconds at once, and is then read a part at a time, in order', async () => {
  const { reader, peer, read, text } = await open();
  const sent = Array.from({ length: 1000 }, (_, index) => String.fromCharCode(32 + (index % 90)))
    .join('')
    .replaceAll('!', '.');
  reader.receive(Buffer.from(sent));
  expect(read[0]).toHaveLength(192);
  expect(peer.isPaused).toBe(true);
  reader.receive(Buffer.from('behind it'));
  await until(() => !peer.isPaused);
  expect(text()).toBe(`${sent}behind it`);
  expect(Math.max(...read.map(({ length }) => length))).toBe(192);
});

test.each([
  ['many small reads', 1],
  ['large reads', 64 * 1024],
])('%s use up the share, whatever frames are in them', async (_, bytes) => {
  const { peer } = await openReadPeer('client');
  const reader = new SourceReader({
    source: peer,
    limits: { maxFramesPerSecond: 20_000 },
    read: () => ({ count: 0, rest: undefined }),
    onFault: () => {},
  });
  let reads = 0;
  for (; !peer.isPaused && reads < 1000; reads += 1) reader.receive(Buffer.alloc(bytes));
  expect(reads).toBeLessThan(100);
  await until(() => !peer.isPaused);
});

test('a source with the least limit reads one frame at a time, and all of them', async () => {
  const { reader, peer, read, text } = await open(1);
  reader.receive(Buffer.from('abcdef'));
  expect(read).toEqual(['a']);
  await until(() => text() === 'abcdef');
  expect(peer.isPaused).toBe(true);
  reader.stop();
});

test('what is given back is read before what came later', async () => {
  const { reader, peer, text } = await open();
  reader.receive(Buffer.alloc(300, 'x'));
  reader.receive(Buffer.from('later'));
  reader.giveBack([Buffer.from('given '), Buffer.from('back, ')]);
  await until(() => !peer.isPaused);
  expect(text()).toBe(`${'x'.repeat(192)}given back, ${'x'.repeat(108)}later`);
});

test('what is given back to a reader that was stopped is dropped', async () => {
  const { reader, peer, read } = await open();
  reader.stop();
  reader.giveBack([Buffer.alloc(300, 'x')]);
  expect(read).toEqual([]);
  expect(peer.isPaused).toBe(false);
});

test('a source that is gone is told to be so after all that it sent was read', async () => {
  const { reader, text } = await open();
  reader.receive(Buffer.alloc(1000, 'x'));
  let atLoss: number | undefined;
  reader.afterKept(() => {
    atLoss = text().length;
  });
  expect(atLoss).toBeUndefined();
  await until(() => atLoss !== undefined);
  expect(atLoss).toBe(1000);
});

test('a fault over a frame is handed over, at once and out of the queue', async () => {
  const { reader, faults } = await open();
  reader.receive(Buffer.from('!'));
  expect(faults).toEqual([new Error('a fault')]);
  reader.receive(Buffer.alloc(300, 'x'));
  reader.receive(Buffer.from('!'));
  await until(() => faults.length === 2);
});
