// The tables, plot and measures of streamed text. No figure is set for it.

import type { BenchResult, StreamedAnswer } from '../../bench.ts';
import { finiteOrNull, withInterval } from '../../figures/format.ts';
import {
  encodeHistogram,
  type Histogram,
  mergeHistograms,
  type Percentiles,
  percentilesMs,
  QUANTILE_STEPS,
} from '../../figures/histogram.ts';
import type { Measure, ReportPlot, ReportTable } from '../../figures/results.ts';
import { estimateMedian, median, pairedDifferences } from '../../figures/statistics.ts';
import type { TextData, TextRun } from './data.ts';

/** Fewest values of a round that have a p99: the p99 of fewer is the largest, and says nothing. */
const FEWEST_VALUES = 20;
const p99Of = ({ p99, count }: Percentiles) => (count < FEWEST_VALUES ? undefined : p99);

/** Values of a round that are compared. */
const RANKS = {
  ttft_ms: ({ ttftMs }: TextRun) => ttftMs.p50,
  ttft_p99_ms: ({ ttftMs }: TextRun) => p99Of(ttftMs),
  gap_ms: ({ gapMs }: TextRun) => gapMs.p50,
  gap_p99_ms: ({ gapMs }: TextRun) => p99Of(gapMs),
} as const;
type Rank = keyof typeof RANKS;
const NAMES: Readonly<Record<Rank, string>> = {
  ttft_ms: 'first token p50',
  ttft_p99_ms: 'first token p99',
  gap_ms: 'gap p50',
  gap_p99_ms: 'gap p99',
};
const ranks = Object.keys(RANKS) as Rank[];

interface Cell {
  readonly sessions: number;
  readonly name: string;
}

export function describeText(data: TextData, answer: StreamedAnswer, seed: number): Omit<BenchResult, 'figures'> {
  const levels = levelsOf(data);
  const cells = levels.flatMap((sessions) => [...data.keys()].map((name) => ({ sessions, name })));
  const merged = (cell: Cell, what: 'firsts' | 'gaps') =>
    mergeHistograms(validRuns(data, cell).map((run) => run[what]));
  return {
    measures: cells.flatMap((cell) => measuresOf(data, cell)),
    tables: levels.flatMap((sessions) => {
      const row = cells.filter((cell) => cell.sessions === sessions);
      const gaps = new Map(row.map((cell) => [cell, merged(cell, 'gaps')]));
      return [timesTable(data, gaps, answer), addedTable(data, row, seed)];
    }),
    plots: levels.map((sessions) =>
      gapPlot(
        cells.filter((cell) => cell.sessions === sessions),
        merged,
      ),
    ),
    histograms: Object.fromEntries(
      cells.flatMap((cell) =>
        (['firsts', 'gaps'] as const).map((what) => [
          `text-${cell.sessions}-${what}-${cell.name}`,
          encodeHistogram(merged(cell, what)),
        ]),
      ),
    ),
    notes: notesOf(data, cells),
  };
}

function levelsOf(data: TextData): number[] {
  const visits = [...data.values()].flat();
  return [...new Set(visits.flatMap((visit) => [...(visit?.keys() ?? [])]))];
}

const runsOf = (data: TextData, { sessions, name }: Cell): (TextRun | undefined)[] =>
  (data.get(name) ?? []).map((visit) => visit?.get(sessions));

const validRuns = (data: TextData, cell: Cell): TextRun[] =>
  runsOf(data, cell).filter((run) => run !== undefined && run.invalid === undefined) as TextRun[];

/** undefined where the run failed or is invalid. */
const roundsOf = (data: TextData, cell: Cell, rank: Rank): (number | undefined)[] =>
  runsOf(data, cell).map((run) => (run === undefined || run.invalid !== undefined ? undefined : RANKS[rank](run)));

const addedRounds = (data: TextData, cell: Cell, rank: Rank): number[] =>
  pairedDifferences(roundsOf(data, cell, rank), roundsOf(data, { ...cell, name: 'direct' }, rank));

const titleOf = (sessions: number): string => `text, ${sessions} session${sessions === 1 ? '' : 's'}`;
function timesTable(data: TextData, gaps: ReadonlyMap<Cell, Histogram>, answer: StreamedAnswer): ReportTable {
  const rows = [...gaps].map(([cell, histogram]) => {
    const runs = validRuns(data, cell);
    const of = (value: (run: TextRun) => number | undefined) =>
      finiteOrNull(median(runs.flatMap((run) => value(run) ?? [])));
    const all = percentilesMs(histogram);
    return [
      cell.name,
      of((run) => run.ttftMs.p50),
      of((run) => p99Of(run.ttftMs)),
      finiteOrNull(Math.max(...runs.map((run) => run.ttftMs.max))),
      runs.reduce((sum, run) => sum + run.ttftMs.count, 0),
      ...(all.count > 0 ? [all.p50, all.p99, all.max, all.count] : [null, null, null, 0]),
      of((run) => run.cpuUsPerToken),
    ];
  });
  const first = ['first token p50', 'first token p99', 'max', 'answers'];
  return {
    title: `${titleOf([...gaps.keys()][0]?.sessions ?? 0)}: first token from the question, less the ${answer.thinkMs} ms that the provider thinks; then ${answer.tokens} tokens, ${answer.gapMs} ms apart; ms`,
    columns: ['', ...first, 'gap p50', 'gap p99', 'gap max', 'gaps', 'CPU us/token'],
    rows,
  };
}

/** Calls a difference noise when it is no larger than that of direct to itself. */
function addedTable(data: TextData, cells: readonly Cell[], seed: number): ReportTable {
  const added = (cell: Cell, rank: Rank) => estimateMedian(addedRounds(data, cell, rank), seed);
  const again = cells.find(({ name }) => name === 'direct-again');
  const floors = ranks.map((rank) => {
    if (again === undefined) return 0;
    const { value, interval } = added(again, rank);
    return Math.max(Math.abs(value), ...interval.map(Math.abs));
  });
  const rows = cells
    .filter(({ name }) => name !== 'direct')
    .map((cell) => [
      cell === again ? `${cell.name} (noise floor)` : cell.name,
      ...ranks.map((rank, index) => {
        const { value, interval } = added(cell, rank);
        const isNoise = cell !== again && Math.abs(value) <= (floors[index] ?? 0);
        return `${withInterval(value, interval)}${isNoise ? ' (noise)' : ''}`;
      }),
    ]);
  const title = `${titleOf(cells[0]?.sessions ?? 0)}: added to direct, ms, with 95 % interval`;
  return { title, columns: ['', ...ranks.map((rank) => NAMES[rank])], rows };
}

function measuresOf(data: TextData, cell: Cell): Measure[] {
  const common = { unit: 'ms', better: 'lower' } as const;
  return ranks.flatMap((rank): Measure[] => {
    const id = (what: string) => `text.${what}${rank}.${cell.sessions}.${cell.name}`;
    const rounds = roundsOf(data, cell, rank).filter((value) => value !== undefined);
    if (rounds.length === 0) return [];
    const plain = { ...common, id: id(''), rounds, paired: false };
    if (cell.name === 'direct') return [plain];
    return [plain, { ...common, id: id('added_'), rounds: addedRounds(data, cell, rank), paired: true }];
  });
}

function gapPlot(cells: readonly Cell[], merged: (cell: Cell, what: 'gaps') => Histogram): ReportPlot {
  const values = (cell: Cell) => {
    const histogram = merged(cell, 'gaps');
    return QUANTILE_STEPS.map((step) =>
      histogram.totalCount === 0 ? null : histogram.getValueAtPercentile(100 * (1 - 1 / step)) / 1e6,
    );
  };
  return {
    title: `${titleOf(cells[0]?.sessions ?? 0)}: gaps between tokens`,
    x: { label: 'percentile', scale: 'percentile', values: QUANTILE_STEPS },
    y: { label: 'gap, ms', scale: 'linear' },
    series: cells.map((cell) => ({ name: cell.name, values: values(cell) })),
  };
}

function notesOf(data: TextData, cells: readonly Cell[]): string[] {
  return cells.flatMap((cell) => {
    const runs = runsOf(data, cell);
    const reasons = runs.flatMap((run) => run?.invalid ?? []);
    const failed = runs.filter((run) => run === undefined).length;
    const parts = [
      reasons.length > 0 ? `${reasons.length} invalid and left out (${reasons[0]})` : '',
      failed > 0 ? `${failed} failed` : '',
    ].filter((part) => part !== '');
    return parts.length > 0 ? [`${titleOf(cell.sessions)}, ${cell.name}: ${parts.join('; ')}`] : [];
  });
}
