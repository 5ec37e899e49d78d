// The tables, plots and measures of capacity.

import type { BenchResult } from '../../bench.ts';
import { digits, finiteOrNull, withInterval } from '../../figures/format.ts';
import type { Measure, ReportPlot, ReportTable } from '../../figures/results.ts';
import { estimateMedian, median } from '../../figures/statistics.ts';
import type { CapacityData } from './data.ts';
import { costRounds, filesText, idleRounds, ratioRounds } from './figures.ts';
import { addedBounds, KNEE_MS, kneeText, NOT_ARRIVED_MS, verdictOf } from './knee.ts';
import { FRAME_MS } from './runs.ts';

const VERDICTS = { holds: 'holds', passes: 'passes', lost: 'the generator gave out' } as const;

export function describeCapacity(data: CapacityData, seed: number): Omit<BenchResult, 'figures'> {
  return {
    measures: measuresOf(data),
    tables: [kneeTable(data), levelTable(data), costTable(data, seed), idleTable(data, seed)],
    plots: [kneePlot(data), costPlot(data)],
    histograms: {},
    notes: notesOf(data),
  };
}

const hopsOf = ({ knees }: CapacityData): string[] => [...knees.keys()];
const defined = (values: readonly (number | undefined)[]): number[] => values.filter((value) => value !== undefined);
const costLevels = ({ cost }: CapacityData): number[] => [
  ...new Set([...cost.values()].flat().flatMap((visit) => [...(visit?.keys() ?? [])])),
];

const kneeTable = (data: CapacityData): ReportTable => ({
  title: `the knee: sessions at which p99 added to direct passes ${KNEE_MS} ms, 2600 B upstream every 40 ms`,
  columns: ['', 'sessions'],
  rows: [...data.knees].map(([name, knee]) => [name, kneeText(knee)]),
});

/** Levels, from the rounds whose direct run is valid. A late sender in the contender's run makes the added p99 a span. */
function levelTable({ levels }: CapacityData): ReportTable {
  const rows = levels.flatMap(({ sessions, rounds }) =>
    [...rounds].map(([name, runs]) => {
      const of = (value: (run: NonNullable<(typeof runs)[number]>) => number | undefined) =>
        finiteOrNull(median(runs.flatMap((run) => (run && value(run)) ?? [])));
      const bounds = name === 'direct' ? [] : addedBounds(rounds, name);
      const [least, most] = (['least', 'most'] as const).map((end) => median(bounds.map((bound) => bound[end])));
      return [
        `${sessions}: ${name}`,
        name === 'direct' ? '' : spanText(least ?? Number.NaN, most ?? Number.NaN),
        of((run) => run.latencyMs.p50),
        of((run) => run.latencyMs.p99),
        of((run) => run.latenessMs.p99),
        of((run) => run.cpuUsPerFrame),
        of((run) => run.cpuUsPerFrame && (run.cpuUsPerFrame * sessions) / (10 * FRAME_MS)),
        runs.filter((run) => run !== undefined && run.invalid === undefined).length,
        name.startsWith('direct') ? '' : VERDICTS[verdictOf(rounds, name)],
      ];
    }),
  );
  const columns = [
    '',
    'added p99',
    'p50',
    'p99',
    'sender late p99',
    'CPU us/frame',
    '% of a core',
    'valid rounds',
    'verdict',
  ];
  return { title: 'the levels of that search, ms (medians of rounds)', columns, rows };
}

function spanText(least: number, most: number): string {
  if (least >= NOT_ARRIVED_MS) return 'did not arrive';
  return digits(least) === digits(most) ? digits(most) : `${digits(least)} to ${digits(most)}`;
}

function costTable(data: CapacityData, seed: number): ReportTable {
  const levels = costLevels(data);
  const rows = hopsOf(data).map((name) => {
    const { value, interval } = estimateMedian(ratioRounds(data, name), seed);
    const costs = levels.map((sessions) => finiteOrNull(median(defined(costRounds(data, name, sessions)))));
    return [name, ...costs, withInterval(value, interval)];
  });
  return {
    title: 'CPU us for each frame of 2600 B, 2500 frames a second in all, by sessions (medians of rounds)',
    columns: ['', ...levels.map(String), '2000 to 100, with 95 % interval'],
    rows,
  };
}

function idleTable(data: CapacityData, seed: number): ReportTable {
  const rows = hopsOf(data).map((name) => {
    const { value, interval } = estimateMedian(idleRounds(data, name), seed);
    const before = median((data.idle.get(name) ?? []).flatMap((memory) => memory?.before ?? []));
    return [name, withInterval(value, interval), finiteOrNull(before / 1024), idleRounds(data, name).length];
  });
  return {
    title: 'memory for each idle session, KiB (medians of fresh processes)',
    columns: ['', 'KiB a session, with 95 % interval', 'MiB before them', 'processes'],
    rows,
  };
}

function measuresOf(data: CapacityData): Measure[] {
  const measure = (id: string, unit: string, rounds: readonly number[], paired = false): Measure[] =>
    rounds.length > 0 ? [{ id: `capacity.${id}`, unit, better: 'lower', rounds: [...rounds], paired }] : [];
  return hopsOf(data).flatMap((name) => [
    ...data.levels.flatMap(({ sessions, rounds }) => {
      if (!rounds.has(name)) return [];
      const valid = addedBounds(rounds, name).filter(({ least, most }) => least === most && most < NOT_ARRIVED_MS);
      const added = valid.map(({ most }) => most);
      return measure(`added_p99_ms.${sessions}.${name}`, 'ms', added, true);
    }),
    ...costLevels(data).flatMap((sessions) =>
      measure(`cpu_us.${sessions}.${name}`, 'us', defined(costRounds(data, name, sessions))),
    ),
    ...measure(`cpu_ratio.${name}`, 'ratio', ratioRounds(data, name), true),
    ...measure(`idle_kib.${name}`, 'KiB', idleRounds(data, name)),
  ]);
}

function kneePlot(data: CapacityData): ReportPlot {
  const levels = [...new Set(data.levels.map(({ sessions }) => sessions))].sort((a, b) => a - b);
  const added = (name: string) =>
    levels.map((sessions) => {
      const level = data.levels.find((level) => level.sessions === sessions && level.rounds.has(name));
      const most =
        level === undefined ? Number.NaN : median(addedBounds(level.rounds, name).map((bound) => bound.most));
      return most < NOT_ARRIVED_MS ? finiteOrNull(most) : null;
    });
  return {
    title: 'added p99 by sessions, 2600 B upstream every 40 ms',
    x: { label: 'sessions', scale: 'linear', values: levels },
    y: { label: 'added p99, ms', scale: 'linear' },
    series: hopsOf(data).map((name) => ({ name, values: added(name) })),
  };
}

function costPlot(data: CapacityData): ReportPlot {
  const levels = costLevels(data);
  const cost = (name: string) =>
    levels.map((sessions) => finiteOrNull(median(defined(costRounds(data, name, sessions)))));
  return {
    title: 'CPU for each frame by sessions, 2500 frames a second in all',
    x: { label: 'sessions', scale: 'linear', values: levels },
    y: { label: 'CPU, us/frame', scale: 'linear' },
    series: hopsOf(data).map((name) => ({ name, values: cost(name) })),
  };
}

function notesOf({ levels, cost, idle, mostSessions }: CapacityData): string[] {
  const holes = (label: string, rounds: ReadonlyMap<string, readonly unknown[]>) =>
    [...rounds].flatMap(([name, ones]) => {
      const failed = ones.filter((item) => item === undefined).length;
      return failed > 0 ? [`${label}, ${name}: ${failed} of ${ones.length} failed`] : [];
    });
  return [
    ...(mostSessions < 2000 ? [`${filesText(mostSessions)}: levels above are left out`] : []),
    ...levels.flatMap(({ sessions, rounds }) => holes(`${sessions} sessions`, rounds)),
    ...holes('CPU', cost),
    ...holes('idle sessions', idle),
  ];
}
