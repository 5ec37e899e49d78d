// The tables, measures and notes of the side path's hop.

import {
  addedTable,
  encodedAs,
  faultsIn,
  measure,
  mergedBy,
  reportTable,
  timeMeasures,
} from '../../figures/describe.ts';
import { type Histogram, percentilesMs } from '../../figures/histogram.ts';
import type { Measure, ReportTable } from '../../figures/results.ts';
import { mapRounds, runsOf, validRounds } from '../../figures/rounds.ts';
import { median } from '../../figures/statistics.ts';
import { answersOf } from '../http/data.ts';
import {
  CHAT_LOADS,
  type ChatLoad,
  CLOSED_CONNECTIONS,
  type ClosedRun,
  chatRuns,
  chatTimes,
  type ManyCalls,
  type Moment,
  type SideHopData,
  STREAMED_PACE,
} from './data.ts';
import type { Judging } from './figures.ts';

const MOMENTS: readonly (readonly [id: string, heading: string, Omit<Moment, 'load'>])[] = [
  ['first_byte_p50_ms', 'first byte p50', { at: 'firstByteMs', rank: 'p50' }],
  ['first_byte_p99_ms', 'first byte p99', { at: 'firstByteMs', rank: 'p99' }],
  ['total_p50_ms', 'total p50', { at: 'totalMs', rank: 'p50' }],
  ['total_p99_ms', 'total p99', { at: 'totalMs', rank: 'p99' }],
];

export function describeSideHop(data: SideHopData, { ledger, seed }: Judging) {
  const names = [...data.closed.keys()];
  const loads = CHAT_LOADS.map((load) => ({
    load,
    merged: mergedBy(validRounds(chatRuns(data, load.name)), ({ total }) => total),
  }));
  const added = (load: string) =>
    MOMENTS.map(([, heading, moment]) => [heading, chatTimes(data, { load, ...moment })] as const);
  return {
    measures: names.flatMap((name) => measuresOf(data, name)),
    tables: [
      ...loads.flatMap(({ load, merged }) => [
        latencyTable(data, load, merged),
        addedTable(titleOf(load), added(load.name), seed),
      ]),
      closedTable(data.closed),
      ...(typeof data.many === 'string' ? [] : [manyTable(data.many)]),
    ],
    histograms: Object.fromEntries(loads.flatMap(({ load, merged }) => encodedAs(`side-hop-${load.name}`, merged))),
    notes: [
      ...(ledger === undefined
        ? []
        : [
            `the ledger has ${ledger.rows} rows for the ${ledger.answers} calls that trunkline answered (warm-up and closed loop included), ${ledger.unknownCosts} without a cost; together ${ledger.costMicroUsd} micro-USD`,
          ]),
      ...data.leftOut.map(({ load, name, reason }) => `${titleOf(loadNamed(load))}, ${name}: left out, ${reason}`),
      ...names.flatMap((name) =>
        CHAT_LOADS.flatMap((load) =>
          faultsIn(chatRuns(data, load.name).get(name) ?? []).map((fault) => `${titleOf(load)}, ${name}: ${fault}`),
        ),
      ),
    ],
  };
}

const loadNamed = (name: string): ChatLoad => CHAT_LOADS.find((load) => load.name === name) as ChatLoad;

const titleOf = ({ form, perSecond }: ChatLoad): string => `${form} answers, ${perSecond} calls/s`;

function latencyTable(data: SideHopData, load: ChatLoad, merged: ReadonlyMap<string, Histogram>): ReportTable {
  const valid = validRounds(chatRuns(data, load.name));
  const rows = [...merged].map(([name, histogram]) => ({
    name,
    runs: runsOf(valid, name),
    all: percentilesMs(histogram),
  }));
  const { tokens, gapMs } = STREAMED_PACE;
  const pace = load.form === 'whole' ? 'the endpoint answers at once' : `${tokens} tokens, ${gapMs} ms apart`;
  const title = `${titleOf(load)}: latency from the intended time, ms (medians of rounds); ${pace}`;
  return reportTable(title, rows, [
    ['', ({ name }) => name],
    ...MOMENTS.map(
      ([, heading, { at, rank }]) =>
        [heading, ({ runs }: (typeof rows)[number]) => median(runs.map((run) => run[at][rank]))] as const,
    ),
    ['max', ({ all }) => all.max],
    ['calls', ({ all }) => all.count],
    ['CPU us/call', ({ runs }) => median(runs.map(({ cpuUsPerCall }) => cpuUsPerCall))],
    ['memory MiB', ({ runs }) => Math.max(...runs.flatMap(({ rssBytes }) => rssBytes ?? [])) / 2 ** 20],
    ['caller late p99', ({ runs }) => median(runs.map(({ latenessMs }) => latenessMs.p99))],
  ]);
}

const rightIn = ({ statuses }: ClosedRun): number => statuses[200] ?? 0;
const rateOf = (run: ClosedRun): number => rightIn(run) / run.seconds;

function closedTable(closed: SideHopData['closed']): ReportTable {
  const rows = [...mergedBy(closed, ({ latency }) => latency)].map(([name, histogram]) => ({
    name,
    runs: runsOf(closed, name),
    all: percentilesMs(histogram),
  }));
  const load = `closed loop on ${CLOSED_CONNECTIONS} connections`;
  return reportTable(`${load}, whole answers that take the endpoint no time: latency in ms`, rows, [
    ['', ({ name }) => name],
    ['calls/s', ({ runs }) => median(runs.map(rateOf))],
    ['p50', ({ all }) => all.p50],
    ['p99', ({ all }) => all.p99],
    ['calls', ({ all }) => all.count],
    ['CPU us/call', ({ runs }) => median(runs.map(({ cpuUsPerCall }) => cpuUsPerCall))],
    ['failed', ({ runs }) => runs.reduce((sum, run) => sum + run.errors + answersOf(run) - rightIn(run), 0)],
  ]);
}

const manyTable = ({ perSecond, processes, run }: ManyCalls): ReportTable =>
  reportTable(
    `${perSecond} calls a second through ${processes} side processes: latency in ms`,
    [run],
    [
      ['', () => 'trunkline'],
      ['calls', ({ calls }) => calls],
      ['right answers', ({ answers }) => answers],
      ['p50', ({ totalMs }) => totalMs.p50],
      ['p99', ({ totalMs }) => totalMs.p99],
      ['max', ({ totalMs }) => totalMs.max],
      ['CPU us/call', ({ cpuUsPerCall }) => cpuUsPerCall],
      ['caller late p99', ({ latenessMs }) => latenessMs.p99],
    ],
  );

function measuresOf(data: SideHopData, name: string): Measure[] {
  const ofLoad = (load: string) => {
    const times = MOMENTS.flatMap(([id, , moment]) =>
      timeMeasures(chatTimes(data, { load, ...moment }), name, 'side_hop', `${id}.${load}.${name}`),
    );
    const costs = mapRounds(validRounds(chatRuns(data, load)), ({ cpuUsPerCall }) => cpuUsPerCall);
    return [...times, measure(`side_hop.cpu_us.${load}.${name}`, 'us', costs.get(name) ?? [])];
  };
  const rates = runsOf(data.closed, name).map(rateOf);
  const rate = measure(`side_hop.rate.${name}`, '1/s', rates, { better: 'higher' });
  return [...CHAT_LOADS.flatMap(({ name: load }) => ofLoad(load)), rate];
}
