// The tables, measures and notes of isolation.

import type { Direction } from '../../../codecs/frame.ts';
import type { BenchResult } from '../../bench.ts';
import { finiteOrNull, withInterval } from '../../figures/format.ts';
import { encodeHistogram, mergeHistograms } from '../../figures/histogram.ts';
import type { Measure, ReportTable } from '../../figures/results.ts';
import { estimateMedian, median } from '../../figures/statistics.ts';
import { CASE_WORDS, type Case, QUIET } from './cases.ts';
import { DIRECTIONS, type IsolationData } from './data.ts';
import { addedP99Rounds, lostIn, movedRounds, p99Of } from './figures.ts';

export function describeIsolation(data: IsolationData, seed: number): Omit<BenchResult, 'figures'> {
  const names = [...data.cases.keys()];
  return {
    measures: names.flatMap((name) => DIRECTIONS.flatMap((direction) => measuresOf(data, name, direction))),
    tables: [...DIRECTIONS.map((direction) => latencyTable(data, direction, seed)), sideTable(data)],
    plots: [],
    histograms: Object.fromEntries(
      names.flatMap((name) =>
        DIRECTIONS.map((direction) => {
          const runs = (data.cases.get(name) ?? []).flatMap(({ trunkline }) => trunkline.get(direction) ?? []);
          return [`isolation-${name}-${direction}`, encodeHistogram(mergeHistograms(runs.map((run) => run.latency)))];
        }),
      ),
    ),
    notes: [
      ...[...data.notMeasured].map(([name, reason]) => `${CASE_WORDS[name]}: not measured, ${reason}`),
      ...names.flatMap((name) => DIRECTIONS.flatMap((direction) => invalidNotes(data, name, direction))),
    ],
  };
}

function latencyTable(data: IsolationData, direction: Direction, seed: number): ReportTable {
  const rows = [...data.cases].map(([name, runs]) => {
    const p99 = (who: 'direct' | 'trunkline') =>
      finiteOrNull(median(runs.flatMap((run) => p99Of(run, who, direction) ?? [])));
    const p50 = median(runs.flatMap(({ trunkline }) => trunkline.get(direction)?.latencyMs.p50 ?? []));
    const added = median(addedP99Rounds(data, name, direction).filter((round) => round !== undefined));
    const moved = estimateMedian(movedRounds(data, name, direction), seed);
    return [
      CASE_WORDS[name],
      ...[p99('direct'), finiteOrNull(p50), p99('trunkline'), finiteOrNull(added)],
      name === 'absent' ? null : withInterval(moved.value, moved.interval),
    ];
  });
  return {
    title: `${direction}, 100 sessions, ${direction === 'upstream' ? '2600' : '6500'} B every 40 ms: ms (medians of rounds)`,
    columns: ['', 'direct p99', 'trunkline p50', 'p99', 'added p99', 'moved by, with 95 % interval'],
    rows,
  };
}

/** Checks that the side path did what the case says. */
function sideTable(data: IsolationData): ReportTable {
  const rows = [...data.cases]
    .filter(([name]) => !QUIET.includes(name))
    .map(([name, runs]) => {
      const sum = (of: (run: (typeof runs)[number]) => number) => runs.reduce((all, run) => all + of(run), 0);
      const seconds = sum(({ seen }) => seen.seconds);
      const rate = (of: (run: (typeof runs)[number]) => number) => finiteOrNull(sum(of) / seconds);
      return [
        CASE_WORDS[name],
        rate(({ seen }) => seen.asked),
        rate(({ seen }) => seen.taken),
        rate(({ seen }) => seen.reached),
        sum(({ seen }) => seen.kills),
        sum(({ trunkline }) => lostIn(trunkline)),
      ];
    });
  return {
    title: 'what the side path did meanwhile, a second',
    columns: ['', 'asked', 'taken', 'came to the LLM gateway', 'kills in all', 'audio frames lost in all'],
    rows,
  };
}

function measuresOf(data: IsolationData, name: Case, direction: Direction): Measure[] {
  const common = { unit: 'ms', better: 'lower', paired: true } as const;
  const id = (what: string) => `isolation.${what}.${direction}.${name}`;
  const added = addedP99Rounds(data, name, direction).filter((round) => round !== undefined);
  const own: Measure = { ...common, id: id('added_p99_ms'), rounds: added };
  if (name === 'absent') return [own];
  return [own, { ...common, id: id('p99_moved_ms'), rounds: movedRounds(data, name, direction) }];
}

function invalidNotes(data: IsolationData, name: Case, direction: Direction): string[] {
  const runs = data.cases.get(name) ?? [];
  return (['direct', 'trunkline'] as const).flatMap((who) => {
    const invalid = runs.flatMap((run) => run[who].get(direction)?.invalid ?? []);
    if (invalid.length === 0) return [];
    return [`${CASE_WORDS[name]}, ${direction}, ${who}: ${invalid.length} invalid and left out (${invalid[0]})`];
  });
}
