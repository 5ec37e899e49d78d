// The waveforms that the page draws.

import { expect, test } from 'vitest';
import { RecentPeaks, Waveforms } from '../../../../server/console/audio/waveforms.ts';

test('peaks are found by their time', () => {
  const ring = new RecentPeaks(10_000);
  ring.push([0.1, 0.9], 1040);
  ring.push([0.2, 0.3], 1080);
  expect(ring.between(1020, 1060)).toEqual([0.9, 0.2]);
  expect(ring.loudest(1080, 30)).toBe(0.3);
  expect(ring.loudest(2000, 30)).toBe(0);
});

test('old peaks are forgotten', () => {
  const ring = new RecentPeaks(1000);
  for (let at = 0; at < 60_000; at += 20) ring.push([0.5], at);
  expect(ring.between(0, 30_000)).toEqual([]);
  expect(ring.between(59_500, 60_000)).toHaveLength(24);
});

test('a waveform grows and notes its playback, and the oldest waveforms are forgotten', () => {
  const book = new Waveforms(2);
  book.append('a', [0.1]);
  book.append('a', [0.2]);
  book.played('a', 20);
  expect(book.get('a')).toEqual({ peaks: [0.1, 0.2], playedMs: 20, version: 3 });
  book.append('b', []);
  book.append('c', []);
  expect(book.get('a')).toBeUndefined();
  book.played('a', 40);
  expect(book.get('a')).toBeUndefined();
});
