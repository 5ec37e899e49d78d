// The table, measures and figures of the overload.

import { measure, reportTable } from '../../figures/describe.ts';
import {
  type Figure,
  judge,
  judgeMedian,
  judgeRatio,
  type Measure,
  type ReportTable,
  unjudged,
} from '../../figures/results.ts';
import { median, pairsOf } from '../../figures/statistics.ts';
import {
  askedPerSecond,
  callP99s,
  coresOf,
  dropped,
  FACTORS,
  type Factor,
  faults,
  goodput,
  type OverloadData,
  refusalMs,
  refusals,
} from './data.ts';

const OVER: readonly Factor[] = [3, 5];

export function describeOverload(data: OverloadData): {
  readonly measures: Measure[];
  readonly tables: ReportTable[];
  readonly histograms: Record<string, string>;
  readonly notes: string[];
} {
  const table = reportTable('calls beside the crowd (medians of rounds)', FACTORS, [
    ['sessions asked for, of those with room', (factor) => `${factor} times`],
    ['asked a second', (factor) => askedPerSecond(data, factor)],
    ['opened a second', (factor) => median(goodput(data, factor))],
    ['refused', (factor) => refusals(data, factor)],
    ['refused in p50 ms', (factor) => median(refusalMs(data, factor).map(({ p50 }) => p50))],
    ['p99', (factor) => median(refusalMs(data, factor).map(({ p99 }) => p99))],
    ['gateway, cores', (factor) => coresOf(data, factor)],
    ['p99 of a frame of the calls, ms', (factor) => median(callP99s(data, factor))],
  ]);
  const measures = FACTORS.map((factor) =>
    measure(
      `overload.call_p99_ms.${factor}.trunkline`,
      'ms',
      callP99s(data, factor).filter((value) => value !== undefined),
    ),
  );
  const wrong = faults(data);
  const notes = wrong === 0 ? [] : [`${wrong} answers to the crowd were neither a 101 nor a refusal with Retry-After`];
  return { measures, tables: [table], histograms: {}, notes };
}

export function overloadFigures(data: OverloadData, seed: number): Figure[] {
  const p99s = OVER.map((factor) => refusalMs(data, factor).map(({ p99 }) => p99));
  const slower = pairsOf(p99s[0] ?? [], p99s[1] ?? []).map((pair) => Math.max(...pair));
  const refusal = { id: 'overload.refusal_p99_ms', unit: 'ms', below: 50 };
  const [quiet, beside] = [callP99s(data, 0), callP99s(data, 5)];
  const peak = Math.max(...FACTORS.map((factor) => median(goodput(data, factor))));
  return [
    faults(data) === 0 ? judgeMedian(refusal, slower, seed) : unjudged(refusal, 'answers that were no refusals'),
    judgeRatio({ id: 'overload.call_p99_ratio', unit: 'ratio', below: 2 }, pairsOf(beside, quiet), seed),
    judge({ id: 'overload.goodput_lost', unit: 'part of the most', below: 0.1 }, 1 - median(goodput(data, 5)) / peak),
    judge({ id: 'overload.dropped', unit: 'frames and calls', below: 0 }, dropped(data)),
  ];
}
