// The tables, measures and notes of isolation.

import type { Direction } from '../../../codecs/websocket/frame.ts';
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
  caseP99s,
  fewestValid,
  type IsolationData,
  lostIn,
  movedP99,
  p99Median,
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
  const latencies = (cases.get(name) ?? []).flatMap(({ busy }) =>
    busy.flatMap((block) => block.trunkline.get(direction)?.latency ?? []),
  );
  return encodedAs('isolation', new Map([[`${name}-${direction}`, mergeHistograms(latencies)]]));
}

function latencyTable(data: IsolationData, direction: Direction, seed: number): ReportTable {
  const load = direction === 'upstream' ? '2600' : '6500';
  const rows = [...data.cases].map(([name, runs]) => ({ name, runs, blocks: caseP99s(data, name, direction) }));
  const title = `${direction}, 100 sessions, ${load} B every 40 ms: ms (medians of slices)`;
  return reportTable(title, rows, [
    ['', ({ name }) => CASE_WORDS[name]],
    ['direct p99', ({ blocks }) => p99Median(blocks, 'busy', 'direct')],
    [
      'trunkline p50',
      ({ runs }) =>
        median(runs.flatMap(({ busy }) => busy.map((block) => block.trunkline.get(direction)?.latencyMs.p50))),
    ],
    ['p99', ({ blocks }) => p99Median(blocks, 'busy', 'trunkline')],
    ['added p99', ({ blocks }) => addedP99(blocks, 'busy')],
    ['without side tasks', ({ blocks }) => addedP99(blocks, 'quiet')],
    ['moved by, with 95 % interval', ({ blocks }) => withInterval(bootstrap(blocks, movedP99, seed))],
    ['valid slices', ({ blocks }) => fewestValid(blocks)],
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
  const blocks = caseP99s(data, name, direction);
  const added = blocks.flatMap(({ busy }) => pairedDifferences(busy.trunkline, busy.direct));
  const moved = blocks.map((block) => movedP99([block])).filter(Number.isFinite);
  return [
    measure(`isolation.added_p99_ms.${direction}.${name}`, 'ms', added, { paired: true }),
    measure(`isolation.p99_moved_ms.${direction}.${name}`, 'ms', moved, { paired: true }),
  ];
}

function invalidNotes({ cases }: IsolationData, name: Case, direction: Direction): string[] {
  return WHO.flatMap((who) => {
    const blocks = (cases.get(name) ?? []).flatMap(({ quiet, busy }) => [quiet, ...busy]);
    const runs = blocks.map((block) => ({ invalid: block[who].get(direction)?.invalid }));
    return faultsIn(runs).map((fault) => `${CASE_WORDS[name]}, ${direction}, ${who}: ${fault}`);
  });
}
