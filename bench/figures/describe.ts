// Parts of the reports of all benches: tables, percentile plots, measures, and notes on runs that went wrong.

import { finiteOrNull, withInterval } from './format.ts';
import { encodeHistogram, type Histogram, mergeHistograms, QUANTILE_STEPS } from './histogram.ts';
import type { Measure, ReportPlot, ReportTable } from './results.ts';
import { addedRounds, noiseFloor, type Rounds, runsOf } from './rounds.ts';
import { estimateMedian } from './statistics.ts';

/** A heading, and the cell below it. A number that is none is printed as a dash. */
export type Column<Row> = readonly [heading: string, cell: (row: Row) => string | number | null | undefined];

export function reportTable<Row>(title: string, rows: Iterable<Row>, columns: readonly Column<Row>[]): ReportTable {
  const cellIn = (row: Row) => (column: Column<Row>) => {
    const cell = column[1](row) ?? null;
    return typeof cell === 'number' ? finiteOrNull(cell) : cell;
  };
  return {
    title,
    columns: columns.map(([heading]) => heading),
    rows: [...rows].map((row) => columns.map(cellIn(row))),
  };
}

/** Cells of the time added to `direct`, marked as noise when it is no larger than what `direct` adds to itself. */
export function addedCells(values: Rounds<number>, seed: number): (name: string) => string | null {
  const floor = noiseFloor(estimateMedian(addedRounds(values, 'direct-again'), seed));
  return (name) => {
    const added = estimateMedian(addedRounds(values, name), seed);
    if (name === 'direct' || !Number.isFinite(added.value)) return null;
    const isNoise = name !== 'direct-again' && Math.abs(added.value) <= floor;
    return `${withInterval(added)}${isNoise ? ' (noise)' : ''}`;
  };
}

export const rowName = (name: string): string => (name === 'direct-again' ? 'direct-again (noise floor)' : name);

/** `columns`: headings, and milliseconds below them. */
export function addedTable(
  title: string,
  columns: readonly (readonly [heading: string, values: Rounds<number>])[],
  seed: number,
): ReportTable {
  const names = [...(columns[0]?.[1].keys() ?? [])].filter((name) => name !== 'direct');
  return reportTable(`${title}: added to direct, ms, with 95 % interval`, names, [
    ['', rowName],
    ...columns.map(([heading, values]) => [heading, addedCells(values, seed)] as const),
  ]);
}

/** Lines over the percentiles from the median to p99.9. */
export function percentilePlot(
  title: string,
  y: ReportPlot['y'],
  histograms: ReadonlyMap<string, Histogram>,
): ReportPlot {
  const values = (histogram: Histogram) =>
    QUANTILE_STEPS.map((step) =>
      histogram.totalCount === 0 ? null : histogram.getValueAtPercentile(100 * (1 - 1 / step)) / 1e6,
    );
  return {
    title,
    x: { label: 'percentile', scale: 'percentile', values: QUANTILE_STEPS },
    y,
    series: [...histograms].map(([name, histogram]) => ({ name, values: values(histogram) })),
  };
}

/** `rounds`: those that are undefined are left out. */
export const measure = (
  id: string,
  unit: string,
  rounds: readonly (number | undefined)[],
  { better = 'lower', paired = false }: Partial<Pick<Measure, 'better' | 'paired'>> = {},
): Measure => ({ id, unit, better, rounds: rounds.filter((round) => round !== undefined), paired });

/** Milliseconds of a contender, as `bench.rest`, and what it adds to `direct`, as `bench.added_rest`. */
export function timeMeasures(values: Rounds<number>, name: string, bench: string, rest: string): Measure[] {
  const own = measure(`${bench}.${rest}`, 'ms', values.get(name) ?? []);
  if (name === 'direct') return [own];
  return [own, measure(`${bench}.added_${rest}`, 'ms', addedRounds(values, name), { paired: true })];
}

interface Judged {
  readonly invalid: string | undefined;
}

/** Counts of the runs that were left out, or failed, with the first reason. */
export function faultsIn(runs: readonly (Judged | undefined)[], leftOut = 'invalid and left out'): string[] {
  const reasons = runs.flatMap((run) => run?.invalid ?? []);
  const failed = runs.filter((run) => run === undefined).length;
  return [
    ...(reasons.length > 0 ? [`${reasons.length} ${leftOut} (${reasons[0]})`] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
  ];
}

/** One note for each contender with faults. */
export const faultNotes = (title: string, rounds: Rounds<Judged>): string[] =>
  [...rounds]
    .map(([name, runs]) => ({ name, faults: faultsIn(runs) }))
    .filter(({ faults }) => faults.length > 0)
    .map(({ name, faults }) => `${title}, ${name}: ${faults.join('; ')}`);

/** Histograms by contender, of all runs of it together. */
export const mergedBy = <Run>(rounds: Rounds<Run>, of: (run: Run) => string): ReadonlyMap<string, Histogram> =>
  new Map([...rounds.keys()].map((name) => [name, mergeHistograms(runsOf(rounds, name).map(of))]));

/** Entries of the results, `prefix-name`. */
export const encodedAs = (prefix: string, histograms: ReadonlyMap<string, Histogram>): [string, string][] =>
  [...histograms].map(([name, histogram]) => [`${prefix}-${name}`, encodeHistogram(histogram)]);
