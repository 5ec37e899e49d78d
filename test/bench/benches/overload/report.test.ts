// The figures of the overload from rounds whose answers are known.

import { expect, test } from 'vitest';
import { FACTORS, type Factor, type FactorRun, type OverloadData } from '../../../../bench/benches/overload/data.ts';
import { describeOverload, overloadFigures } from '../../../../bench/benches/overload/report.ts';
import { createHistogram, encodeHistogram, recordNs } from '../../../../bench/figures/histogram.ts';
import type { LoadRun } from '../../../../bench/load/run.ts';
import { loadRun } from '../../support/load-run.ts';

interface Answers {
  /** p99 of the calls, milliseconds. */
  readonly callMs?: number;
  readonly admitted?: number;
  /** Time of every refusal, milliseconds. */
  readonly refusedMs?: number;
  readonly faults?: number;
  readonly call?: Partial<LoadRun>;
}

/** Two seconds. */
function runOf({ callMs = 1, admitted = 100, refusedMs, faults = 0, call = {} }: Answers): FactorRun {
  const histogram = createHistogram();
  const refused = refusedMs === undefined ? 0 : 50;
  for (let index = 0; index < refused; index++) recordNs(histogram, 1e6 * (refusedMs ?? 0));
  const seen = { asked: admitted + refused, admitted, refused, faults, refusals: encodeHistogram(histogram) };
  return { calls: [loadRun({ p99: callMs, ...call }), loadRun({ p99: callMs / 2 })], seen, seconds: 2, cores: 0.2 };
}

function dataOf(answers: Partial<Record<Factor, Answers>>, ended = 0): OverloadData {
  const round = () => new Map(FACTORS.map((factor) => [factor, runOf(answers[factor] ?? {})] as const));
  return { rounds: [round(), round(), round()], ended };
}

const figuresOf = (data: OverloadData) => new Map(overloadFigures(data, 1).map((figure) => [figure.id, figure]));

test('the slower of the refusals count, and the calls beside five times as many sessions over those beside none', () => {
  const figures = figuresOf(dataOf({ 0: { callMs: 2 }, 3: { refusedMs: 40 }, 5: { refusedMs: 4, callMs: 3 } }));
  expect(figures.get('overload.refusal_p99_ms')?.value).toBeCloseTo(40, 0);
  expect(figures.get('overload.refusal_p99_ms')?.met).toBe(true);
  expect(figures.get('overload.call_p99_ratio')).toMatchObject({ value: 1.5, met: true });
  expect(figures.get('overload.dropped')).toMatchObject({ value: 0, met: true });
});

test('what opens beside five times as many is compared with the most that opened', () => {
  const figures = figuresOf(
    dataOf({ 1: { admitted: 100 }, 3: { admitted: 120, refusedMs: 1 }, 5: { admitted: 90, refusedMs: 1 } }),
  );
  expect(figures.get('overload.goodput_lost')).toMatchObject({ value: 0.25, met: false });
});

test('calls that end and frames that are lost are dropped, and a late sender is not judged', () => {
  const call = { lost: 2, invalid: '2 of 9 frames did not arrive' };
  const figures = figuresOf(dataOf({ 3: { refusedMs: 1 }, 5: { refusedMs: 1, call } }, 1));
  expect(figures.get('overload.dropped')).toMatchObject({ value: 7, met: false });
  expect(figures.get('overload.call_p99_ratio')).toMatchObject({ value: null, met: null });
});

test('answers that are no refusals are told, and leave their time without a verdict', () => {
  const data = dataOf({ 3: { refusedMs: 1 }, 5: { refusedMs: 1, faults: 2 } });
  expect(figuresOf(data).get('overload.refusal_p99_ms')).toMatchObject({ value: null, met: null });
  expect(describeOverload(data).notes).toEqual([
    '6 answers to the crowd were neither a 101 nor a refusal with Retry-After',
  ]);
});
