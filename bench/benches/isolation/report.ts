// The tables, measures and notes of isolation.

import type { Direction } from '../../../codecs/frame.ts';
import { encodedAs, faultsIn, measure, mergedBy, reportTable } from '../../figures/describe.ts';
import { withInterval } from '../../figures/format.ts';
import type { Measure, ReportTable } from '../../figures/results.ts';
import { mapRounds } from '../../figures/rounds.ts';
import { estimateMedian, median } from '../../figures/statistics.ts';
import { DIRECTIONS } from '../../load/audio-load.ts';
import { CASE_WORDS, type Case, QUIET } from './cases.ts';
import { addedP99s, type CaseRun, type IsolationData, lostIn, p99Of } from './data.ts';
import { movedRounds } from './figures.ts';

export function describeIsolation(data: IsolationData, seed: number) {
  const both = [...data.cases.keys()].flatMap((name) => DIRECTIONS.map((direction) => ({ name, direction })));
  return {
    measures: both.flatMap(({ name, direction }) => measuresOf(data, name, direction)),
    tables: [...DIRECTIONS.map((direction) => latencyTable(data, direction, seed)), sideTable(data)],
    histograms: Object.fromEntries(DIRECTIONS.flatMap((direction) => histogramsOf(data, direction))),
    notes: [
      ...[...data.notMeasured].map(([name, reason]) => `${CASE_WORDS[name]}: not measured, ${reason}`),
      ...both.flatMap(({ name, direction }) => invalidNotes(data, name, direction)),
    ],
  };
}

const trunklineRuns = ({ cases }: IsolationData, direction: Direction) =>
  mapRounds(cases, ({ trunkline }) => trunkline.get(direction));

function histogramsOf(data: IsolationData, direction: Direction): [string, string][] {
  const merged = mergedBy(trunklineRuns(data, direction), ({ latency }) => latency);
  return encodedAs('isolation', new Map([...merged].map(([name, all]) => [`${name}-${direction}`, all])));
}

function latencyTable(data: IsolationData, direction: Direction, seed: number): ReportTable {
  const load = direction === 'upstream' ? '2600' : '6500';
  const runs = trunklineRuns(data, direction);
  const p99 = (name: Case, who: 'direct' | 'trunkline') =>
    median((data.cases.get(name) ?? []).map((run) => p99Of(run, who, direction)));
  return reportTable(`${direction}, 100 sessions, ${load} B every 40 ms: ms (medians of rounds)`, data.cases.keys(), [
    ['', (name) => CASE_WORDS[name]],
    ['direct p99', (name) => p99(name, 'direct')],
    ['trunkline p50', (name) => median((runs.get(name) ?? []).map((run) => run?.latencyMs.p50))],
    ['p99', (name) => p99(name, 'trunkline')],
    ['added p99', (name) => median(addedP99s(data, direction).get(name) ?? [])],
    [
      'moved by, with 95 % interval',
      (name) => {
        const { value, interval } = estimateMedian(movedRounds(data, name, direction), seed);
        return name === 'absent' ? null : withInterval(value, interval);
      },
    ],
  ]);
}

/** Checks that the side path did what the case says. */
function sideTable({ cases }: IsolationData): ReportTable {
  const sum = (runs: readonly CaseRun[], of: (run: CaseRun) => number) => runs.reduce((all, run) => all + of(run), 0);
  const rate = (runs: readonly CaseRun[], what: 'asked' | 'taken' | 'reached') =>
    sum(runs, ({ seen }) => seen[what]) / sum(runs, ({ seen }) => seen.seconds);
  const busy = [...cases].filter(([name]) => !QUIET.includes(name));
  return reportTable('what the side path did meanwhile, a second', busy, [
    ['', ([name]) => CASE_WORDS[name]],
    ['asked', ([, runs]) => rate(runs, 'asked')],
    ['taken', ([, runs]) => rate(runs, 'taken')],
    ['came to the LLM gateway', ([, runs]) => rate(runs, 'reached')],
    ['kills in all', ([, runs]) => sum(runs, ({ seen }) => seen.kills)],
    ['audio frames lost in all', ([, runs]) => sum(runs, ({ trunkline }) => lostIn(trunkline))],
  ]);
}

function measuresOf(data: IsolationData, name: Case, direction: Direction): Measure[] {
  const added = addedP99s(data, direction).get(name) ?? [];
  const own = measure(`isolation.added_p99_ms.${direction}.${name}`, 'ms', added, { paired: true });
  if (name === 'absent') return [own];
  const moved = movedRounds(data, name, direction);
  return [own, measure(`isolation.p99_moved_ms.${direction}.${name}`, 'ms', moved, { paired: true })];
}

function invalidNotes({ cases }: IsolationData, name: Case, direction: Direction): string[] {
  return (['direct', 'trunkline'] as const).flatMap((who) => {
    const runs = (cases.get(name) ?? []).map((run) => ({ invalid: run[who].get(direction)?.invalid }));
    return faultsIn(runs).map((fault) => `${CASE_WORDS[name]}, ${direction}, ${who}: ${fault}`);
  });
}
