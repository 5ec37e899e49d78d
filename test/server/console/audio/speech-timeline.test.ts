// Which sound was the last before the end of speech.

import { expect, test } from 'vitest';
import { SpeechTimeline } from '../../../../server/console/audio/speech-timeline.ts';

test('the last sound up to a position counts, give or take a chunk', () => {
  const trail = new SpeechTimeline();
  expect(trail.lastBefore(1000)).toBeUndefined();
  trail.add(400, 5400);
  trail.add(440, 5440);
  trail.add(900, 5900);
  expect(trail.lastBefore(430)).toBe(5440);
  expect(trail.lastBefore(850)).toBe(5440);
  expect(trail.lastBefore(2000)).toBe(5900);
  expect(trail.lastBefore(300)).toBeUndefined();
});

test('what is long past is forgotten', () => {
  const trail = new SpeechTimeline();
  for (let i = 1; i <= 1000; i++) trail.add(i * 40, i * 40);
  expect(trail.lastBefore(100 * 40)).toBeUndefined();
  expect(trail.lastBefore(1000 * 40)).toBe(1000 * 40);
});
