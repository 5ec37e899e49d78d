// The tables, measures and notes of isolation.

import type { Direction } from '../../../codecs/frame.ts';
import { encodedAs, faultsIn, measure, reportTable } from '../../figures/describe.ts';
import { withInterval } from '../../figures/format.ts';
import { mergeHistograms } from '../../figures/histogram.ts';
import type { Measure, ReportTable } from '../../figures/results.ts';
import { bootstrap, median, pairedDifferences } from '../../figures/statistics.ts';
import { DIRECTIONS } from '../../load/audio-load.ts';
import { CASE_WORDS, type Case } from './cases.ts';
import {
  addedP99,
  type CaseRun,
  fewestValid,
  type IsolationData,
  lostIn,
  movedP99,
  PHASES,
  p99Median,
  roundP99s,
  WHO,
} from './data.ts';

export function describeIsolation(data: IsolationData, seed: number) {
  const both = [...data.cases.keys()].flatMap((name) => DIRECTIONS.map((direction) => ({ name, direction })));
  return {
    measures: both.flatMap(({ name, direction }) => measuresOf(data, name, direction)),
    tables: [...DIRECTIONS.map((direction) => latencyTable(data, direction, seed)), sideTable(data)],
    histograms: Object.fromEntries(both.flatMap(({ name, direction }) => histogramsOf(data, name, direction))),
    notes: [
      ...[...data.notMeasured].map(([name, reason]) => `${CASE_WORDS[name]}: not measured, ${reason}`),
      ...both.flatMap(({ name, direction }) => invalidNotes(data, name, direction)),
    ],
  };
}

/** The slices beside the side load. */
function histogramsOf({ cases }: IsolationData, name: Case, direction: Direction): [string, string][] {
  const latencies = (cases.get(name) ?? []).flatMap(({ busy }) => busy.trunkline.get(direction)?.latency ?? []);
  return encodedAs('isolation', new Map([[`${name}-${direction}`, mergeHistograms(latencies)]]));
}

function latencyTable(data: IsolationData, direction: Direction, seed: number): ReportTable {
  const load = direction === 'upstream' ? '2600' : '6500';
  const rows = [...data.cases].map(([name, runs]) => ({ name, runs, rounds: roundP99s(data, name, direction) }));
  const title = `${direction}, 100 sessions, ${load} B every 40 ms: ms (medians of slices)`;
  return reportTable(title, rows, [
    ['', ({ name }) => CASE_WORDS[name]],
    ['direct p99', ({ rounds }) => p99Median(rounds, 'busy', 'direct')],
    ['trunkline p50', ({ runs }) => median(runs.map(({ busy }) => busy.trunkline.get(direction)?.latencyMs.p50))],
    ['p99', ({ rounds }) => p99Median(rounds, 'busy', 'trunkline')],
    ['added p99', ({ rounds }) => addedP99(rounds, 'busy')],
    ['without side tasks', ({ rounds }) => addedP99(rounds, 'quiet')],
    [
      'moved by, with 95 % interval',
      ({ rounds }) => {
        const { value, interval } = bootstrap(rounds, movedP99, seed);
        return withInterval(value, interval);
      },
    ],
    ['valid slices', ({ rounds }) => fewestValid(rounds)],
  ]);
}

/** Checks that the side path did what the case says. */
function sideTable({ cases }: IsolationData): ReportTable {
  const sum = (runs: readonly CaseRun[], of: (run: CaseRun) => number) => runs.reduce((all, run) => all + of(run), 0);
  const rate = (runs: readonly CaseRun[], what: 'asked' | 'taken' | 'reached') =>
    sum(runs, ({ seen }) => seen[what]) / sum(runs, ({ seen }) => seen.seconds);
  const busy = [...cases].filter(([name]) => name !== 'absent');
  return reportTable('what the side path did meanwhile, a second', busy, [
    ['', ([name]) => CASE_WORDS[name]],
    ['asked', ([, runs]) => rate(runs, 'asked')],
    ['taken', ([, runs]) => rate(runs, 'taken')],
    ['came to the LLM gateway', ([, runs]) => rate(runs, 'reached')],
    ['kills in all', ([, runs]) => sum(runs, ({ seen }) => seen.kills)],
    ['audio frames lost in all', ([, runs]) => sum(runs, lostIn)],
  ]);
}

function measuresOf(data: IsolationData, name: Case, direction: Direction): Measure[] {
  const rounds = roundP99s(data, name, direction);
  const added = (phase: (typeof PHASES)[number]) =>
    pairedDifferences(
      rounds.map((round) => round[phase].trunkline),
      rounds.map((round) => round[phase].direct),
    );
  return [
    measure(`isolation.added_p99_ms.${direction}.${name}`, 'ms', added('busy'), { paired: true }),
    measure(`isolation.quiet_added_p99_ms.${direction}.${name}`, 'ms', added('quiet'), { paired: true }),
  ];
}

function invalidNotes({ cases }: IsolationData, name: Case, direction: Direction): string[] {
  return WHO.flatMap((who) => {
    const runs = (cases.get(name) ?? []).flatMap((run) =>
      PHASES.map((phase) => ({ invalid: run[phase][who].get(direction)?.invalid })),
    );
    return faultsIn(runs).map((fault) => `${CASE_WORDS[name]}, ${direction}, ${who}: ${fault}`);
  });
}
