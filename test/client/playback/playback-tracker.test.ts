// The part of an interrupted reply that the caller heard.

import { expect, test } from 'vitest';
import { PlaybackTracker } from '../../../client/playback/playback-tracker.ts';

const rateHz = 24_000;

test('a truncation tells the milliseconds that were heard: those played, less the output latency', () => {
  const tracker = new PlaybackTracker(rateHz);
  tracker.receive('a', 2, rateHz);
  const played = [{ item: 'a', playedSamples: 12_000 }];
  expect(tracker.truncations(played, 0)).toEqual([{ itemId: 'a', contentIndex: 2, playedMs: 500, receivedMs: 1000 }]);
  expect(tracker.truncations(played, 120)).toMatchObject([{ playedMs: 380 }]);
  expect(tracker.truncations(played, 9999)).toMatchObject([{ playedMs: 0 }]);
});

test('a truncation never tells more than was received', () => {
  const tracker = new PlaybackTracker(rateHz);
  tracker.receive('a', 0, 2400);
  expect(tracker.truncations([{ item: 'a', playedSamples: 24_000 }], 0)).toMatchObject([
    { playedMs: 100, receivedMs: 100 },
  ]);
});

test('an item that was heard to its end is not truncated, one that is still arriving is', () => {
  const tracker = new PlaybackTracker(rateHz);
  tracker.receive('a', 0, 2400);
  const played = [{ item: 'a', playedSamples: 2400 }];
  expect(tracker.truncations(played, 0)).toHaveLength(1);
  tracker.end('a');
  expect(tracker.truncations(played, 0)).toEqual([]);
});

test('an item that was queued behind the one that played is truncated at zero', () => {
  const tracker = new PlaybackTracker(rateHz);
  tracker.receive('a', 0, 2400);
  tracker.receive('b', 0, 2400);
  tracker.end('a');
  const played = [
    { item: 'a', playedSamples: 2400 },
    { item: 'b', playedSamples: 0 },
  ];
  expect(tracker.truncations(played, 0)).toMatchObject([{ itemId: 'b', playedMs: 0 }]);
});

test('audio of earlier items is refused after an interruption, audio of new ones is not', () => {
  const tracker = new PlaybackTracker(rateHz);
  expect(tracker.receive('a', 0, 100)).toBe(true);
  tracker.refuseAll();
  expect(tracker.receive('a', 0, 100)).toBe(false);
  expect(tracker.receive('b', 0, 50)).toBe(true);
  expect(tracker.totalReceived).toBe(150);
});
