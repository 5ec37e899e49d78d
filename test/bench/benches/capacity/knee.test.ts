// The search for the knee among contenders whose knees are known, and the verdict on a level.

import { expect, test } from 'vitest';
import {
  addedBounds,
  type KneeVerdict,
  kneeText,
  type Level,
  NOT_ARRIVED_MS,
  searchKnees,
  verdictOf,
} from '../../../../bench/benches/capacity/knee.ts';
import { loadRun } from '../../support/load-run.ts';

const LATE = 'the sender was late';
const run = (p99: number) => loadRun({ p99 });
const late = (p99: number, lateness: number) => loadRun({ p99, latenessP99: lateness, invalid: LATE });
const level = (direct: Parameters<typeof of>[0], own: Parameters<typeof of>[0]): Level =>
  new Map([
    ['direct', of(direct)],
    ['own', of(own)],
  ]);
const of = (runs: readonly (ReturnType<typeof run> | undefined)[]) => runs;
const calm = [run(1), run(3), run(2)];

test('the median of the rounds decides, each against direct in the same round', () => {
  expect(verdictOf(level(calm, [run(5), run(7.9), run(80)]), 'own')).toBe('holds');
  expect(verdictOf(level(calm, [run(5), run(8.1), run(80)]), 'own')).toBe('passes');
});

test('a late sender leaves a span, and decides only when the whole of it is on one side', () => {
  const bounds = addedBounds(level(calm, [late(100, 20), run(4), run(4)]), 'own');
  expect(bounds).toEqual([
    { least: 79, most: 99 },
    { least: 1, most: 1 },
    { least: 2, most: 2 },
  ]);
  expect(
    verdictOf(
      level(
        calm,
        calm.map(() => late(100, 20)),
      ),
      'own',
    ),
  ).toBe('passes');
  expect(
    verdictOf(
      level(
        calm,
        calm.map(() => late(20, 18)),
      ),
      'own',
    ),
  ).toBe('lost');
});

test('frames or sessions that never came are beyond any knee', () => {
  const own = [loadRun({ p99: 1, isComplete: false }), undefined, undefined];
  expect(addedBounds(level(calm, own), 'own').map(({ least }) => least)).toEqual([
    NOT_ARRIVED_MS,
    NOT_ARRIVED_MS,
    NOT_ARRIVED_MS,
  ]);
  expect(verdictOf(level(calm, own), 'own')).toBe('passes');
});

test('the generator gave out when direct itself is late, in most of its rounds or above the limit', () => {
  expect(verdictOf(level([late(9, 12), late(9, 12), run(1)], [run(2), run(2), run(2)]), 'own')).toBe('lost');
  expect(verdictOf(level([run(6), run(6), run(6)], [run(7), run(7), run(7)]), 'own')).toBe('lost');
});

/** Contenders that hold up to so many sessions, over a generator that does up to `most`. */
async function search(knees: Readonly<Record<string, number>>, most = Number.POSITIVE_INFINITY, divisions = 2) {
  const asked: string[] = [];
  const measure = async (sessions: number, names: readonly string[]) => {
    asked.push(`${sessions} ${names}`);
    const verdict = (name: string): KneeVerdict =>
      sessions > most ? 'lost' : sessions <= (knees[name] ?? 0) ? 'holds' : 'passes';
    return new Map(names.map((name) => [name, verdict(name)]));
  };
  const names = Object.keys(knees);
  return { asked, found: await searchKnees({ names, levels: [100, 200, 400, 800], divisions, measure }) };
}

test('a contender leaves the way up at its knee, and the span is then divided', async () => {
  const { asked, found } = await search({ a: 250, b: 700 });
  expect(asked).toEqual(['100 a,b', '200 a,b', '400 a,b', '800 b', '280 a', '240 a', '570 b', '680 b']);
  expect(found.get('a')).toEqual({ atLeast: 240, below: 280 });
  expect(found.get('b')).toEqual({ atLeast: 680, below: 800 });
});

test('the last level that held is the bound when the generator gives out first', async () => {
  const { asked, found } = await search({ a: 150, b: 700 }, 300, 1);
  expect(asked).toEqual(['100 a,b', '200 a,b', '400 b', '140 a']);
  expect(kneeText(found.get('a') ?? { atLeast: 0 })).toBe('140 to 200');
  expect(kneeText(found.get('b') ?? { atLeast: 0 })).toBe('at least 200: at 400 the generator gave out');
});

test('a knee below the first level and one above the last are written as such', async () => {
  const { found } = await search({ a: 50, b: 9000 });
  expect([...found.values()].map(kneeText)).toEqual(['below 100', 'at least 800']);
});
