// Assigning moments to turns.

import { expect, test } from 'vitest';
import type { ViewEvent } from '../../../../server/console/dialects/dialect.ts';
import { TurnTracker } from '../../../../server/console/session/turn-tracker.ts';
import type { TimedTurn } from '../../../../server/console/state/latency.ts';

function tracker() {
  const closed: number[] = [];
  let latest: readonly TimedTurn[] = [];
  const turns = new TurnTracker({ onChange: (changed) => (latest = changed), onClosed: (id) => closed.push(id) });
  const happen = (at: number, event: ViewEvent, voicedAt?: number) => turns.observe(event, at, voicedAt);
  const marks = () => latest.map((turn) => turn.marks);
  const outcomes = () => latest.map(({ outcome }) => outcome);
  const ids = () => latest.map(({ id }) => id);
  return { turns, closed, happen, marks, outcomes, ids };
}

const started: ViewEvent = { kind: 'reply-started' };
const audio = (itemId: string): ViewEvent => ({ kind: 'audio', itemId, contentIndex: 0, base64: '', rateHz: 24000 });
const done = (status: 'completed' | 'cancelled', toolsPending = false): ViewEvent => ({
  kind: 'reply-done',
  status,
  toolsPending,
});

const words: ViewEvent = { kind: 'caption', side: 'provider', itemId: 'm', delta: 'Noon', final: false };

test('a spoken turn begins with the last audible sound, not with the moment it was noticed', () => {
  const { turns, happen, marks, closed, outcomes } = tracker();
  happen(1500, { kind: 'speech-stopped' }, 1000);
  happen(1510, { kind: 'committed', itemId: 'u' });
  happen(1520, started);
  happen(1800, audio('a'));
  turns.played('a', 1850);
  happen(2500, done('completed'));
  expect(marks()).toEqual([{ 'speech-end': 1000, commit: 1510, 'first-audio': 1800, playback: 1850, done: 2500 }]);
  expect(outcomes()).toEqual(['completed']);
  expect(closed).toEqual([1]);
});

test('the end of speech is unknown when there was no pause before the provider noticed it', () => {
  const { happen, marks } = tracker();
  happen(1500, { kind: 'speech-stopped' }, 1420);
  happen(1510, { kind: 'committed', itemId: 'u' });
  happen(1520, started);
  happen(1530, done('completed'));
  happen(3000, started, 2990);
  expect(marks()).toEqual([{ commit: 1510, done: 1530 }, {}]);
});

test('a written message that cuts a reply off opens its own turn, and the end of the old reply closes the old one', () => {
  const { turns, happen, marks, outcomes } = tracker();
  turns.written(0);
  happen(10, started);
  happen(20, audio('a'));
  turns.written(100);
  happen(110, audio('a'));
  happen(120, done('cancelled'));
  happen(130, started);
  happen(140, audio('b'));
  turns.played('b', 150);
  happen(200, done('completed'));
  expect(outcomes()).toEqual(['cancelled', 'completed']);
  expect(marks()[0]).toEqual({ request: 0, 'first-audio': 20, done: 120 });
  expect(marks()[1]).toEqual({ request: 100, 'first-audio': 140, playback: 150, done: 200 });
});

test('a reply that continues after a function call belongs to the same turn', () => {
  const { turns, happen, outcomes, marks } = tracker();
  turns.written(0);
  happen(10, started);
  happen(20, done('completed', true));
  happen(30, started);
  happen(40, words);
  happen(50, done('completed'));
  expect(outcomes()).toEqual(['completed']);
  expect(marks()).toEqual([{ request: 0, 'first-text': 40, done: 50 }]);
});

test('the last sound since the previous turn is the origin when the provider does not say when speech ended', () => {
  const { happen, marks } = tracker();
  happen(2000, started, 1400);
  happen(2010, done('completed'));
  happen(3000, started, 1400);
  happen(3010, done('completed'));
  expect(marks().map((turn) => turn['speech-end'])).toEqual([1400, undefined]);
});

test('playback that starts after the reply was complete still counts for its turn', () => {
  const { turns, happen, marks } = tracker();
  turns.released(100, 80);
  happen(110, started);
  happen(120, audio('a'));
  happen(121, done('completed'));
  turns.played('a', 170);
  expect(marks()[0]).toMatchObject({ 'speech-end': 80, commit: 100, playback: 170 });
});

test('a turn that is followed by another one or by the end before any reply counts as unanswered', () => {
  const { turns, outcomes } = tracker();
  turns.written(0);
  turns.written(10);
  turns.end();
  expect(outcomes()).toEqual(['unanswered', 'unanswered']);
});

test('the first mark of a kind counts, and a closed turn keeps its outcome', () => {
  const { turns, happen, marks, outcomes } = tracker();
  turns.written(1);
  happen(2, started);
  happen(5, words);
  happen(9, words);
  happen(10, done('cancelled'));
  turns.end();
  expect(marks()).toEqual([{ request: 1, 'first-text': 5, done: 10 }]);
  expect(outcomes()).toEqual(['cancelled']);
});

test('turns are bounded and keep counting', () => {
  const { turns, ids } = tracker();
  for (let i = 0; i < 1003; i++) turns.written(i);
  expect(ids()).toHaveLength(1000);
  expect(ids().at(-1)).toBe(1003);
});
