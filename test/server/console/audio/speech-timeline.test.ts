// Finding the last audible sound before the end of speech.

import { expect, test } from 'vitest';
import { SpeechTimeline } from '../../../../server/console/audio/speech-timeline.ts';

test('the last sound up to a position is found, with the tolerance of a chunk', () => {
  const timeline = new SpeechTimeline();
  expect(timeline.lastBefore(1000)).toBeUndefined();
  timeline.add(400, 5400);
  timeline.add(440, 5440);
  timeline.add(900, 5900);
  expect(timeline.lastBefore(430)).toBe(5440);
  expect(timeline.lastBefore(850)).toBe(5440);
  expect(timeline.lastBefore(2000)).toBe(5900);
  expect(timeline.lastBefore(300)).toBeUndefined();
});

test('old sounds are forgotten', () => {
  const timeline = new SpeechTimeline();
  for (let i = 1; i <= 1000; i++) timeline.add(i * 40, i * 40);
  expect(timeline.lastBefore(100 * 40)).toBeUndefined();
  expect(timeline.lastBefore(1000 * 40)).toBe(1000 * 40);
});
