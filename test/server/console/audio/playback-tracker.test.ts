// What the caller heard of a reply that was cut off.

import { expect, test } from 'vitest';
import { PlaybackTracker } from '../../../../server/console/audio/playback-tracker.ts';

const rateHz = 24_000;

test('a cut tells the milliseconds heard: played, less what was on its way to the ear', () => {
  const ledger = new PlaybackTracker(rateHz);
  ledger.receive('a', 2, rateHz);
  const played = [{ item: 'a', playedSamples: 12_000 }];
  expect(ledger.truncations(played, 0)).toEqual([{ itemId: 'a', contentIndex: 2, playedMs: 500, receivedMs: 1000 }]);
  expect(ledger.truncations(played, 120)).toMatchObject([{ playedMs: 380 }]);
  expect(ledger.truncations(played, 9999)).toMatchObject([{ playedMs: 0 }]);
});

test('it never tells more than was received', () => {
  const ledger = new PlaybackTracker(rateHz);
  ledger.receive('a', 0, 2400);
  expect(ledger.truncations([{ item: 'a', playedSamples: 24_000 }], 0)).toMatchObject([
    { playedMs: 100, receivedMs: 100 },
  ]);
});

test('an item that was heard to its end is not cut, one that is still arriving is', () => {
  const ledger = new PlaybackTracker(rateHz);
  ledger.receive('a', 0, 2400);
  const played = [{ item: 'a', playedSamples: 2400 }];
  expect(ledger.truncations(played, 0)).toHaveLength(1);
  ledger.end('a');
  expect(ledger.truncations(played, 0)).toEqual([]);
});

test('an item that waited behind the one that played is cut at nothing', () => {
  const ledger = new PlaybackTracker(rateHz);
  ledger.receive('a', 0, 2400);
  ledger.receive('b', 0, 2400);
  ledger.end('a');
  const played = [
    { item: 'a', playedSamples: 2400 },
    { item: 'b', playedSamples: 0 },
  ];
  expect(ledger.truncations(played, 0)).toMatchObject([{ itemId: 'b', playedMs: 0 }]);
});

test('after an interruption nothing more of the items so far is taken, but new ones are', () => {
  const ledger = new PlaybackTracker(rateHz);
  expect(ledger.receive('a', 0, 100)).toBe(true);
  ledger.refuseAll();
  expect(ledger.receive('a', 0, 100)).toBe(false);
  expect(ledger.receive('b', 0, 50)).toBe(true);
  expect(ledger.totalReceived).toBe(150);
});
