// The moments that a session keeps: bounded, and the worst are never lost.

import { expect, test } from 'vitest';
import { Moments } from '../../../../server/session/tap/moments.ts';

test('a hundred of a kind are kept at most, the longest among them, spread over the whole session', () => {
  const moments = new Moments();
  for (let at = 0; at < 10_000; at++) moments.roundTrip(at, at === 4711 ? 900 : 20);
  const kept = moments.all;
  expect(kept.length).toBeGreaterThanOrEqual(50);
  expect(kept.length).toBeLessThanOrEqual(100);
  expect(kept).toContainEqual({ at: 4711, kind: 'round-trip', ms: 900 });
  const early = kept.filter(({ at }) => at < 5000);
  expect(early.length / kept.length).toBeCloseTo(0.5, 1);
  expect(kept.map(({ at }) => at)).toEqual(kept.map(({ at }) => at).toSorted((a, b) => a - b));
});

test('a kind does not take the places of another', () => {
  const moments = new Moments();
  moments.refusal(1, 'model_not_allowed');
  for (let at = 0; at < 1000; at++) moments.usage(at, { totalTokens: at });
  expect(moments.all[0]).toEqual({ at: 1, kind: 'refusal', code: 'model_not_allowed' });
});

test('a wait of less than a fifth of a second is usual, and not kept', () => {
  const moments = new Moments();
  moments.waited('client', 1000, 1199);
  moments.waited('provider', 1000, 1200.04);
  expect(moments.all).toEqual([{ at: 1000, kind: 'slow-reader', end: 'provider', ms: 200 }]);
});

test('a tool is kept by its name and the id of its call, where neither is long, and a hundred in all', () => {
  const moments = new Moments();
  moments.tools(1, [
    { name: 'get_weather', id: 'c1' },
    {},
    { name: 'x'.repeat(101), id: 'c3' },
    { name: '', id: 'c4' },
  ]);
  expect(moments.all).toEqual([
    { at: 1, kind: 'tool', name: 'get_weather', call: 'c1' },
    { at: 1, kind: 'tool' },
    { at: 1, kind: 'tool', call: 'c3' },
    { at: 1, kind: 'tool', call: 'c4' },
  ]);
  for (let at = 2; at < 1000; at++) moments.tools(at, [{ name: 'a' }, { name: 'b' }]);
  expect(moments.all.length).toBeLessThanOrEqual(100);
  moments.tools(
    1000,
    Array.from({ length: 100_000 }, () => ({ name: 'many' })),
  );
  expect(moments.all.length).toBeLessThanOrEqual(100);
});
