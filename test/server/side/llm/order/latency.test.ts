// Figures of recent calls, and the order that they make.

import { expect, test } from 'vitest';
import { Latencies } from '../../../../../server/side/llm/order/latency.ts';

const targets = [{ label: 'one/first' }, { label: 'two/second' }, { label: 'three/third' }];
const asked = { asker: 'commodity', isStreamed: true };

function noted(clock: { now: number } = { now: 1_000_000 }) {
  const latencies = new Latencies(() => clock.now);
  const note = (label: string, tookMs: number, { outcome = 'ok', count = 10, isStreamed = true } = {}) => {
    for (let at = 0; at < count; at++)
      latencies.note({ label, isStreamed }, { outcome, latencyMs: tookMs * 5, firstTokenMs: tookMs });
  };
  const labels = () => latencies.order(targets, asked).targets.map(({ label }) => label);
  return { latencies, note, labels };
}

test('the quickest of late comes first, and those without figures last', () => {
  const { latencies, note, labels } = noted();
  expect(latencies.order(targets, asked)).toEqual({ targets, why: undefined });
  note('one/first', 900);
  note('two/second', 420);
  expect(latencies.order(targets, asked).why).toBe('fastest of 3: p95 420 ms');
  expect(labels()).toEqual(['two/second', 'one/first', 'three/third']);
});

test('a few slow calls in a hundred count, since p95 is what a caller waits for', () => {
  const { latencies, note, labels } = noted();
  note('one/first', 100, { count: 90 });
  note('one/first', 5000, { count: 10 });
  note('two/second', 300);
  expect(labels().slice(0, 2)).toEqual(['two/second', 'one/first']);
  expect(latencies.figures('one/first', true)).toEqual({ calls: 100, errorRate: 0, p50Ms: 100, p95Ms: 5000 });
});

test('a target of which a fifth of the calls fail comes after those that answer; what is not its fault counts nothing', () => {
  const { latencies, note, labels } = noted();
  note('one/first', 100, { count: 8 });
  note('one/first', 5, { outcome: 'unavailable', count: 2 });
  note('two/second', 3000);
  expect(labels().slice(0, 2)).toEqual(['two/second', 'one/first']);
  note('two/second', 1, { outcome: 'cancelled', count: 50 });
  note('two/second', 1, { outcome: 'invalid', count: 50 });
  expect(latencies.figures('two/second', true)).toMatchObject({ calls: 10, errorRate: 0, p50Ms: 3000 });
});

test('one that lost to a quicker one took at least so long', () => {
  const { latencies, note } = noted();
  note('one/first', 700, { outcome: 'hedged' });
  expect(latencies.figures('one/first', true)?.p50Ms).toBe(700);
});

test('whole answers are measured to their end, apart from streams', () => {
  const { latencies } = noted();
  for (let at = 0; at < 5; at++)
    latencies.note({ label: 'one/first', isStreamed: false }, { outcome: 'ok', latencyMs: 2000 });
  expect(latencies.figures('one/first', true)).toBeUndefined();
  expect(latencies.figures('one/first', false)?.p95Ms).toBe(2000);
});

test('every tenth call tries one that has no figures, each in turn, also when they have grown old', () => {
  const clock = { now: 1_000_000 };
  const { latencies, note } = noted(clock);
  note('one/first', 100);
  const calls = Array.from({ length: 40 }, () => latencies.order(targets, asked));
  expect(calls.flatMap(({ targets: [first] }, at) => (first?.label === 'one/first' ? [] : [at + 1]))).toEqual([
    ...[10, 20, 30, 40],
  ]);
  expect(calls[9]?.why).toBe('tried, since it has no figures of late');
  expect(calls[9]?.targets[0]?.label).not.toBe(calls[19]?.targets[0]?.label);
  expect(new Set(calls[9]?.targets)).toEqual(new Set(targets));
  clock.now += 6 * 60_000;
  expect(latencies.figures('one/first', true)).toBeUndefined();
});
