// The tables, plots and measures of the hop.

import type { BenchContext, BenchResult } from '../../bench.ts';
import { digits, finiteOrNull, withInterval } from '../../figures/format.ts';
import {
  encodeHistogram,
  type Histogram,
  mergeHistograms,
  percentilesMs,
  QUANTILE_STEPS,
} from '../../figures/histogram.ts';
import type { Measure, ReportPlot, ReportTable } from '../../figures/results.ts';
import { estimateMedian, median, pairedDifferences, pairedRatios, spread } from '../../figures/statistics.ts';
import type { LoadRun } from '../../load/run.ts';
import type { HopData, HopVisit } from './data.ts';
import { cpuRounds, hopPercentiles, loadsOf } from './figures.ts';

interface Cell {
  readonly sessions: number;
  readonly load: string;
  readonly name: string;
}

export function describeHop(data: HopData, { settings: { seed } }: BenchContext): Omit<BenchResult, 'figures'> {
  const cells = cellsOf(data);
  const merged = new Map(cells.map((cell) => [cell, mergeHistograms(validRuns(data, cell).map((run) => run.latency))]));
  const groups = [...data.keys()].flatMap((sessions) => loadsOf(data, sessions).map((load) => ({ sessions, load })));
  const inGroup = (group: { sessions: number; load: string }) =>
    cells.filter(({ sessions, load }) => sessions === group.sessions && load === group.load);
  return {
    measures: cells.flatMap((cell) => measuresOf(data, cell)),
    tables: [
      ...groups.flatMap((group) => [
        latencyTable(data, inGroup(group), merged),
        addedTable(data, inGroup(group), seed),
      ]),
      ...(data.has(1) ? [closedLoopTable(data)] : []),
      ...[...data.keys()].map((sessions) => processTable(data, sessions)),
    ],
    plots: groups.map((group) => percentilePlot(inGroup(group), merged)),
    histograms: Object.fromEntries(
      [...merged].map(([cell, histogram]) => [
        `hop-${cell.sessions}-${cell.load}-${cell.name}`,
        encodeHistogram(histogram),
      ]),
    ),
    notes: invalidNotes(data, cells),
  };
}

const cellsOf = (data: HopData): Cell[] =>
  [...data].flatMap(([sessions, contenders]) =>
    loadsOf(data, sessions).flatMap((load) => [...contenders.keys()].map((name) => ({ sessions, load, name }))),
  );

const visitsOf = (data: HopData, { sessions, name }: Omit<Cell, 'load'>): HopVisit[] =>
  (data.get(sessions)?.get(name) ?? []).filter((visit) => visit !== undefined);

const runsOf = (data: HopData, cell: Cell): LoadRun[] =>
  visitsOf(data, cell).flatMap((visit) => visit.runs.get(cell.load) ?? []);

const validRuns = (data: HopData, cell: Cell): LoadRun[] =>
  runsOf(data, cell).filter((run) => run.invalid === undefined);

const titleOf = ({ sessions, load }: Pick<Cell, 'sessions' | 'load'>): string => {
  const [direction, bytes, period] = load.split('-');
  return `${direction}stream, ${bytes} B every ${period?.replace('ms', ' ms')}, ${sessions} session${sessions === 1 ? '' : 's'}`;
};

function latencyTable(data: HopData, cells: readonly Cell[], merged: ReadonlyMap<Cell, Histogram>): ReportTable {
  const rows = cells.map((cell) => {
    const runs = validRuns(data, cell);
    const ms = (rank: 'p50' | 'p90' | 'p99' | 'p999') => median(runs.map((run) => run.latencyMs[rank]));
    const p99s = spread(runs.map((run) => run.latencyMs.p99));
    const all = percentilesMs(merged.get(cell) as Histogram);
    const cpu = cpuRounds(data, cell).filter((round) => round !== undefined);
    return [
      cell.name,
      ...[ms('p50'), ms('p90'), ms('p99')].map(finiteOrNull),
      p99s.map(digits).join(' – '),
      ...[ms('p999'), all.max, all.count].map(finiteOrNull),
      finiteOrNull(median(cpu)),
      finiteOrNull(median(runs.map((run) => run.latenessMs.p99))),
      finiteOrNull(median(runs.map((run) => run.megabytesPerSecond))),
    ];
  });
  return {
    title: `${titleOf(cells[0] as Cell)}: latency from the intended time, ms (medians of rounds)`,
    columns: [
      '',
      'p50',
      'p90',
      'p99',
      'p99 quartiles',
      'p99.9',
      'max',
      'frames',
      'CPU us/frame',
      'sender late p99',
      'MB/s',
    ],
    rows,
  };
}

/** Calls a difference noise when it is no larger than that of direct to itself. */
function addedTable(data: HopData, cells: readonly Cell[], seed: number): ReportTable {
  const ranks = ['p50', 'p90', 'p99'] as const;
  const added = (name: string, rank: (typeof ranks)[number]) => {
    const rounds = (who: string) =>
      hopPercentiles(data, { ...(cells[0] as Cell), name: who }).map((round) => round?.[rank]);
    return estimateMedian(pairedDifferences(rounds(name), rounds('direct')), seed);
  };
  const floors = ranks.map((rank) => {
    const { value, interval } = added('direct-again', rank);
    return Math.max(Math.abs(value), ...interval.map(Math.abs));
  });
  const rows = cells
    .filter(({ name }) => name !== 'direct')
    .map(({ name }) => [
      name === 'direct-again' ? 'direct-again (noise floor)' : name,
      ...ranks.map((rank, index) => {
        const { value, interval } = added(name, rank);
        const isNoise = name !== 'direct-again' && Math.abs(value) <= (floors[index] ?? 0);
        return `${withInterval(value, interval)}${isNoise ? ' (noise)' : ''}`;
      }),
    ]);
  return {
    title: `${titleOf(cells[0] as Cell)}: added to direct, ms, with 95 % interval`,
    columns: ['', ...ranks],
    rows,
  };
}

function closedLoopTable(data: HopData): ReportTable {
  const rows = [...(data.get(1)?.keys() ?? [])].map((name) => {
    const rounds = visitsOf(data, { sessions: 1, name }).flatMap((visit) => visit.pingPong ?? []);
    const ms = (rank: 'p50' | 'p90' | 'p99') => finiteOrNull(median(rounds.map((round) => round[rank])));
    return [name, ms('p50'), ms('p90'), ms('p99'), finiteOrNull(Math.min(...rounds.map((round) => round.p50)))];
  });
  const columns = ['', 'p50', 'p90', 'p99', 'least p50 of a round'];
  return {
    title: 'closed loop, one session, 2600 B there and back: round trip, ms (medians of rounds)',
    columns,
    rows,
  };
}

function processTable(data: HopData, sessions: number): ReportTable {
  const rows = [...(data.get(sessions)?.keys() ?? [])].map((name) => {
    const visits = visitsOf(data, { sessions, name });
    const runs = visits.flatMap((visit) => [...visit.runs.values()]);
    const largest = (values: (number | undefined)[]) => Math.max(...values.filter((value) => value !== undefined));
    const delays = visits.flatMap((visit) => visit.eventLoopDelay ?? []);
    return [
      name,
      finiteOrNull(largest(runs.map((run) => run.rssBytes)) / 2 ** 20),
      finiteOrNull(median(delays.map((delay) => delay.p50))),
      finiteOrNull(median(delays.map((delay) => delay.p99))),
      finiteOrNull(median(runs.flatMap((run) => run.senderUsPerFrame ?? []))),
      finiteOrNull(median(runs.flatMap((run) => run.receiverUsPerFrame ?? []))),
    ];
  });
  return {
    title: `processes, ${sessions} session${sessions === 1 ? '' : 's'}`,
    columns: ['', 'memory MiB (max)', 'event loop p50 ms', 'event loop p99 ms', 'sender us/frame', 'receiver us/frame'],
    rows,
  };
}

function measuresOf(data: HopData, cell: Cell): Measure[] {
  const id = (what: string) => `hop.${what}.${cell.sessions}.${cell.load}.${cell.name}`;
  const rounds = hopPercentiles(data, cell);
  const base = hopPercentiles(data, { ...cell, name: 'direct' });
  const ranks = (['p50', 'p99'] as const).flatMap((rank): Measure[] => {
    const values = rounds.map((round) => round?.[rank]);
    const added = pairedDifferences(
      values,
      base.map((value) => value?.[rank]),
    );
    const common = { unit: 'ms', better: 'lower' } as const;
    const plain = {
      ...common,
      id: id(`${rank}_ms`),
      rounds: values.filter((value) => value !== undefined),
      paired: false,
    };
    const isBase = cell.name === 'direct';
    return isBase ? [plain] : [plain, { ...common, id: id(`added_${rank}_ms`), rounds: added, paired: true }];
  });
  const cpu = cpuRounds(data, cell).filter((round) => round !== undefined);
  const cost: Measure = { id: id('cpu_us'), unit: 'us', better: 'lower', rounds: cpu, paired: false };
  if (cpu.length === 0) return ranks;
  const ratios = (['haproxy', 'nginx'] as const).flatMap((name): Measure[] => {
    const rounds = pairedRatios(cpuRounds(data, cell), cpuRounds(data, { ...cell, name }));
    const isOne = cell.name === 'trunkline' && rounds.length > 0;
    return isOne ? [{ id: id(`cpu_vs_${name}`), unit: 'ratio', better: 'lower', rounds, paired: true }] : [];
  });
  return [...ranks, cost, ...ratios];
}

function percentilePlot(cells: readonly Cell[], merged: ReadonlyMap<Cell, Histogram>): ReportPlot {
  const values = (cell: Cell) => {
    const histogram = merged.get(cell) as Histogram;
    if (histogram.totalCount === 0) return QUANTILE_STEPS.map(() => null);
    return QUANTILE_STEPS.map((step) => histogram.getValueAtPercentile(100 * (1 - 1 / step)) / 1e6);
  };
  return {
    title: titleOf(cells[0] as Cell),
    x: { label: 'percentile', scale: 'percentile', values: QUANTILE_STEPS },
    y: { label: 'latency, ms', scale: 'log' },
    series: cells.map((cell) => ({ name: cell.name, values: values(cell) })),
  };
}

function invalidNotes(data: HopData, cells: readonly Cell[]): string[] {
  return cells.flatMap((cell) => {
    const reasons = runsOf(data, cell).flatMap((run) => run.invalid ?? []);
    const repeated = runsOf(data, cell).flatMap((run) => run.repeatedFor ?? []);
    const failed = (data.get(cell.sessions)?.get(cell.name) ?? []).filter((visit) => visit === undefined).length;
    const parts = [
      repeated.length > 0 ? `${repeated.length} repeated (${repeated[0]})` : '',
      reasons.length > 0 ? `${reasons.length} invalid and left out (${reasons[0]})` : '',
      failed > 0 ? `${failed} failed` : '',
    ].filter((part) => part !== '');
    return parts.length > 0 ? [`${titleOf(cell)}, ${cell.name}: ${parts.join('; ')}`] : [];
  });
}
