// The figures, tables and measures of the start of a session, from rounds whose answers are known.

import { expect, test } from 'vitest';
import type { BenchContext } from '../../../../bench/bench.ts';
import type { StartPlace, StartRun } from '../../../../bench/benches/session-start/data.ts';
import { sessionStartFigures } from '../../../../bench/benches/session-start/figures.ts';
import { describeSessionStart } from '../../../../bench/benches/session-start/report.ts';
import { percentilesMs } from '../../../../bench/figures/histogram.ts';

/** The machine drifts from round to round. */
const drift = [1, 5, 2, 9];

/** Three starts, whose median takes so long. */
const visit = (total: number): StartRun => ({
  starts: [total, 3 * total, total / 2].map((value) => ({
    tcp: 0.1,
    tls: 0.2,
    upgrade: value - 0.7,
    event: 0.4,
    total: value,
  })),
  cpuUsPerStart: 900 + total,
});
const added = (ms: number) => drift.map((base) => visit(base + ms));
const times = (factor: number) => drift.map((base) => visit(base * factor));

type Rounds = Readonly<Record<string, readonly (StartRun | undefined)[]>>;
const place = (rounds: Rounds, absent: Record<string, string> = {}): StartPlace => ({
  rounds: new Map(Object.entries(rounds)),
  absent: new Map(Object.entries(absent)),
});
/** Starts with a client secret, which take this much longer than those with a key. */
const withSecret = (ms: number, mint: number) =>
  added(0.25 + ms).map(({ starts, cpuUsPerStart }) => ({
    starts: starts.map((start) => ({ ...start, mint })),
    cpuUsPerStart,
  }));
const secrets = { 'trunkline-key': added(0.25), 'trunkline-secret': withSecret(0.5, 1.5) };
const near = { direct: added(0), trunkline: added(0.25), 'direct-again': added(0.02), ...secrets };
const far = {
  direct: times(1),
  'trunkline-cold': times(1.1),
  'trunkline-warm': times(0.5),
  'direct-again': times(0.9),
};
const context = (absent: Record<string, string> = {}) =>
  ({ settings: { seed: 1 }, absent: new Map(Object.entries(absent)) }) as unknown as BenchContext;

const figures = (loopback: StartPlace, distant: StartPlace) =>
  sessionStartFigures({ loopback, far: distant }, context());
const [ADDED, WARM] = ['session_start.added_ms.loopback', 'session_start.warm_vs_direct.60ms'];

test('the figure on loopback is a paired difference of medians, and over distances a ratio to direct', () => {
  const [onLoopback, warm] = figures(place(near), place(far));
  expect(onLoopback).toMatchObject({ id: ADDED, unit: 'ms', goal: '<= 0.3', met: true, reason: null });
  expect(onLoopback?.value).toBeCloseTo(0.25);
  expect(onLoopback?.noise).toBeCloseTo(0.02);
  expect(warm).toMatchObject({ id: WARM, unit: 'ratio', value: 0.5, goal: '<= 0.6', met: true, reason: null });
  expect(warm?.noise).toBeCloseTo(0.1);
});

test('the CPU of a start is the median of its rounds', () => {
  const cpu = figures(place(near), place(far))[2];
  expect(cpu).toMatchObject({ id: 'session_start.cpu_us', goal: '<= 1000', met: true });
  expect(cpu?.value).toBeCloseTo(903.75);
});

test('a goal that is missed is reported', () => {
  const slow = figures(place({ ...near, trunkline: added(0.4) }), place({ ...far, 'trunkline-warm': times(0.7) }));
  expect(slow.map(({ met }) => met)).toEqual([false, false, true, true, true]);
});

test('a client secret is compared with a key in the same rounds, and its making has a time of its own', () => {
  const [, , , start, mint] = figures(place(near), place(far));
  expect(start).toMatchObject({ id: 'session_start.secret_added_ms.loopback', goal: '<= 2', met: true });
  expect(start?.value).toBeCloseTo(0.5);
  expect(mint).toMatchObject({ id: 'session_start.secret_mint_ms.loopback', goal: '<= 5', met: true, value: 1.5 });
  const slow = figures(place({ ...near, 'trunkline-secret': withSecret(3, 6) }), place(far));
  expect(slow.slice(3).map(({ met }) => met)).toEqual([false, false]);
});

test('a value within the noise floor is marked, and is not judged when the floor is above the goal', () => {
  const of = (ms: number) => figures(place({ ...near, 'direct-again': added(ms) }), place(far))[0];
  expect(of(-0.28)).toMatchObject({ met: true, reason: 'within the noise floor' });
  expect(of(0.6)).toMatchObject({ met: null, reason: 'within the noise floor' });
});

test('a contender that is missing or did not start is not judged, nor are too few rounds', () => {
  const { trunkline: _, ...without } = near;
  const { 'trunkline-warm': __, ...cold } = far;
  const notStarted = figures(place(near), place(cold, { 'trunkline-warm': 'not ready' }))[1];
  expect(notStarted).toMatchObject({ met: null, value: null, reason: 'trunkline-warm: not ready' });
  const notAsked = { trunkline: 'not asked for' };
  const missing = figures(place(without, notAsked), place({ direct: times(1) }, notAsked));
  expect(missing.map(({ reason }) => reason)).toEqual([
    'trunkline: not asked for',
    'trunkline-warm: not asked for',
    'trunkline: not asked for',
    'trunkline-secret: not asked for',
    'trunkline-secret: not asked for',
  ]);
  const holes = [visit(1), undefined, undefined, visit(9)];
  expect(figures(place({ ...near, trunkline: holes }), place(far))[0]).toMatchObject({
    met: null,
    reason: 'too few valid rounds',
  });
});

test('a round that failed is left out of the tables and measures, and counted in the notes', () => {
  const holed = [visit(1.25), undefined, visit(2.25), visit(9.25)];
  const data = {
    loopback: place({ ...near, trunkline: holed }, { portkey: 'silent', nginx: 'no nginx' }),
    far: place(far),
  };
  const { tables, measures, notes, histograms } = describeSessionStart(data, context({ nginx: 'no nginx' }));
  const [loopback, distant] = tables.map(({ columns, rows }) =>
    rows.map((row) => Object.fromEntries(row.map((cell, index) => [columns[index], cell]))),
  );
  expect(loopback?.[1]).toMatchObject({ '': 'trunkline', TCP: 0.1, TLS: 0.2, 'first event': 0.4, starts: 9 });
  expect(loopback?.[1]).toMatchObject({ 'total p50': 2.25, 'added p50': '0.25 [0.25, 0.25]' });
  expect(distant?.map((row) => row['p50 / direct'])).toEqual([null, 1.1, 0.5, 0.9]);
  const totals = measures.find(({ id }) => id === 'session_start.total_ms.loopback.trunkline');
  expect(totals).toMatchObject({ rounds: [1.25, 2.25, 9.25], paired: false });
  expect(percentilesMs(histograms['session-start-60ms-trunkline-warm'] ?? '').count).toBe(12);
  expect(notes.slice(2)).toEqual([
    'session-start, loopback, portkey: silent',
    'session-start, loopback, trunkline: 1 of 4 rounds failed',
  ]);
});
