// The tables, plots and measures of the hop.

import type { BenchContext } from '../../bench.ts';
import {
  addedTable,
  encodedAs,
  faultNotes,
  measure,
  mergedBy,
  percentilePlot,
  reportTable,
  timeMeasures,
} from '../../figures/describe.ts';
import { digits } from '../../figures/format.ts';
import { type Histogram, type Percentiles, percentilesMs } from '../../figures/histogram.ts';
import type { Measure, ReportTable } from '../../figures/results.ts';
import { mapRounds, type Rounds, runsOf, validRounds } from '../../figures/rounds.ts';
import { median, pairedRatios, spread } from '../../figures/statistics.ts';
import { frameCosts, type LoadRun } from '../../load/run.ts';
import type { HopData, HopPart } from './data.ts';

/** A part and its names. */
interface NamedPart {
  /** Name of the bench in the ids of its measures: `hop`. */
  readonly bench: string;
  /** `100` */
  readonly id: string;
  /** `100 sessions` */
  readonly title: string;
  readonly part: HopPart;
}

/** One load of one part. */
interface Group extends Omit<NamedPart, 'part'> {
  /** `100.up-2600-40ms` */
  readonly id: string;
  readonly runs: Rounds<LoadRun>;
  readonly valid: Rounds<LoadRun>;
  readonly costs: Rounds<number>;
  /** Latency of all valid runs of a contender. */
  readonly merged: ReadonlyMap<string, Histogram>;
}

export function describeHop(data: HopData, binary: HopPart | undefined, context: Pick<BenchContext, 'settings'>) {
  const parts = [...data].map(([sessions, part]) => ({ id: `${sessions}`, title: sessionsText(sessions), part }));
  const last = binary && { id: 'binary', title: 'base64 beside binary messages', part: binary };
  return describeParts(
    [...parts, ...(last ? [last] : [])].map((part) => ({ bench: 'hop', ...part })),
    context,
  );
}

export const sessionsText = (sessions: number): string => `${sessions} session${sessions === 1 ? '' : 's'}`;

export function describeParts(parts: readonly NamedPart[], { settings: { seed } }: Pick<BenchContext, 'settings'>) {
  const groups = parts.flatMap(groupsOf);
  const closed = parts.find(({ part }) => part.roundTrips.size > 0);
  return {
    measures: groups.flatMap((group) => [...group.runs.keys()].flatMap((name) => measuresOf(group, name))),
    tables: [
      ...groups.flatMap((group) => [latencyTable(group), addedTable(group.title, ranksOf(group), seed)]),
      ...(closed === undefined ? [] : [closedLoopTable(closed.part.roundTrips)]),
      ...parts.map(processTable),
    ],
    plots: groups.map(({ title, merged }) => percentilePlot(title, { label: 'latency, ms', scale: 'log' }, merged)),
    histograms: Object.fromEntries(
      groups.flatMap(({ bench, id, merged }) => encodedAs(`${bench}-${id.replace('.', '-')}`, merged)),
    ),
    notes: groups.flatMap(({ title, runs }) => faultNotes(title, runs)),
  };
}

const groupsOf = ({ bench, id, title, part }: NamedPart): Group[] =>
  [...part.loads].map(([load, runs]) => {
    const [direction, bytes, period] = load.split('-');
    const valid = validRounds(runs);
    return {
      bench,
      id: `${id}.${load}`,
      title: `${direction}stream, ${bytes} B every ${period?.replace('ms', ' ms')}, ${title}`,
      runs,
      valid,
      costs: frameCosts(runs),
      merged: mergedBy(valid, ({ latency }) => latency),
    };
  });

type Rank = 'p50' | 'p90' | 'p99' | 'p999';

const latencies = (valid: Rounds<LoadRun>, rank: Rank): Rounds<number> =>
  mapRounds(valid, ({ latencyMs }) => latencyMs[rank]);

const ranksOf = ({ valid }: Group) =>
  (['p50', 'p90', 'p99'] as const).map((rank) => [rank, latencies(valid, rank)] as const);

function latencyTable({ title, valid, costs, merged }: Group): ReportTable {
  const rows = [...merged].map(([name, histogram]) => {
    const runs = runsOf(valid, name);
    const ranked = (rank: Rank) => runs.map(({ latencyMs }) => latencyMs[rank]);
    return { name, runs, ranked, all: percentilesMs(histogram) };
  });
  return reportTable(`${title}: latency from the intended time, ms (medians of rounds)`, rows, [
    ['', ({ name }) => name],
    ['p50', ({ ranked }) => median(ranked('p50'))],
    ['p90', ({ ranked }) => median(ranked('p90'))],
    ['p99', ({ ranked }) => median(ranked('p99'))],
    ['p99 quartiles', ({ ranked }) => spread(ranked('p99')).map(digits).join(' – ')],
    ['p99.9', ({ ranked }) => median(ranked('p999'))],
    ['max', ({ all }) => all.max],
    ['frames', ({ all }) => all.count],
    ['CPU us/frame', ({ name }) => median(costs.get(name) ?? [])],
    ['sender late p99', ({ runs }) => median(runs.map(({ latenessMs }) => latenessMs.p99))],
    ['MB/s', ({ runs }) => median(runs.map(({ megabytesPerSecond }) => megabytesPerSecond))],
  ]);
}

function closedLoopTable(trips: Rounds<Percentiles>): ReportTable {
  const ms = (name: string, rank: Rank) => runsOf(trips, name).map((trip) => trip[rank]);
  const title = 'closed loop, one session, 2600 B there and back: round trip, ms (medians of rounds)';
  return reportTable(title, trips.keys(), [
    ['', (name) => name],
    ['p50', (name) => median(ms(name, 'p50'))],
    ['p90', (name) => median(ms(name, 'p90'))],
    ['p99', (name) => median(ms(name, 'p99'))],
    ['least p50 of a round', (name) => Math.min(...ms(name, 'p50'))],
  ]);
}

function processTable({ title, part: { loads, eventLoopDelays } }: NamedPart): ReportTable {
  const names = new Set([...loads.values()].flatMap((runs) => [...runs.keys()]));
  const rows = [...names].map((name) => ({
    name,
    delay: eventLoopDelays.get(name),
    runs: [...loads.values()].flatMap((runs) => runsOf(runs, name)),
  }));
  return reportTable(`processes, ${title}`, rows, [
    ['', ({ name }) => name],
    ['memory MiB (max)', ({ runs }) => Math.max(...runs.flatMap(({ rssBytes }) => rssBytes ?? [])) / 2 ** 20],
    ['event loop p50 ms', ({ delay }) => delay?.p50],
    ['event loop p99 ms', ({ delay }) => delay?.p99],
    ['sender us/frame', ({ runs }) => median(runs.map(({ senderUsPerFrame }) => senderUsPerFrame))],
    ['receiver us/frame', ({ runs }) => median(runs.map(({ receiverUsPerFrame }) => receiverUsPerFrame))],
  ]);
}

function measuresOf({ bench, id, valid, costs }: Group, name: string): Measure[] {
  const own = costs.get(name) ?? [];
  const peers = name === 'trunkline' ? ['haproxy', 'nginx', 'trunkline-before'] : [];
  return [
    ...(['p50', 'p99'] as const).flatMap((rank) =>
      timeMeasures(latencies(valid, rank), name, bench, `${rank}_ms.${id}.${name}`),
    ),
    measure(`${bench}.cpu_us.${id}.${name}`, 'us', own),
    ...peers.map((peer) => {
      const ratios = pairedRatios(own, costs.get(peer) ?? []);
      return measure(`${bench}.cpu_vs_${peer}.${id}.${name}`, 'ratio', ratios, { paired: true });
    }),
  ];
}
