// The queue of the playback worklet: what it plays, and what it reports.

import { expect, test } from 'vitest';
import { PlayQueue } from '../../../client/playback/play-queue.ts';

const ramp = (from: number, length: number) => Int16Array.from({ length }, (_, i) => from + i);

function pull(queue: PlayQueue, length: number): { samples: number[]; started: readonly string[]; gap: boolean } {
  const out = new Float32Array(length);
  const { started, gap } = queue.pull(out);
  return { samples: [...out].map((value) => Math.round(value * 32_768)), started, gap };
}

test('items are played in order and without a gap, and the start of each is reported', () => {
  const queue = new PlayQueue(0);
  queue.push('a', ramp(1, 3));
  queue.push('b', ramp(10, 3));
  expect(pull(queue, 4)).toEqual({ samples: [1, 2, 3, 10], started: ['a', 'b'], gap: false });
  queue.finish();
  expect(pull(queue, 4)).toEqual({ samples: [11, 12, 0, 0], started: [], gap: false });
  expect(queue.totalPlayed).toBe(6);
});

test('playing begins when enough is queued, or when no more will come', () => {
  const queue = new PlayQueue(4);
  queue.push('a', ramp(1, 3));
  expect(pull(queue, 2).samples).toEqual([0, 0]);
  queue.push('a', ramp(4, 1));
  expect(pull(queue, 2)).toMatchObject({ samples: [1, 2], started: ['a'] });

  const short = new PlayQueue(4);
  short.push('a', ramp(1, 1));
  short.finish();
  expect(pull(short, 2)).toMatchObject({ samples: [1, 0], started: ['a'] });
});

test('a queue that runs dry before the end reports a gap, and playing waits again until enough is queued', () => {
  const queue = new PlayQueue(2);
  queue.push('a', ramp(1, 2));
  expect(pull(queue, 3)).toMatchObject({ samples: [1, 2, 0], gap: true });
  queue.push('a', ramp(3, 1));
  expect(pull(queue, 1)).toMatchObject({ samples: [0], gap: false });
  queue.push('a', ramp(4, 1));
  expect(pull(queue, 2)).toMatchObject({ samples: [3, 4], started: [] });
});

test('a flush drops the rest and reports the samples played of each item', () => {
  const queue = new PlayQueue(0);
  queue.push('a', ramp(1, 3));
  queue.push('b', ramp(10, 3));
  queue.push('c', ramp(20, 3));
  pull(queue, 4);
  expect(queue.flush()).toEqual([
    { item: 'a', playedSamples: 3 },
    { item: 'b', playedSamples: 1 },
    { item: 'c', playedSamples: 0 },
  ]);
  expect(queue.queuedSamples).toBe(0);
  expect(pull(queue, 2)).toEqual({ samples: [0, 0], started: [], gap: false });
  expect(queue.totalPlayed).toBe(4);
});

test('items that were played to their end are forgotten when a new one comes', () => {
  const queue = new PlayQueue(0);
  for (const item of ['a', 'b', 'c']) {
    queue.push(item, ramp(1, 2));
    queue.finish();
    pull(queue, 2);
  }
  expect(queue.itemsPlayed()).toEqual([{ item: 'c', playedSamples: 2 }]);
});
