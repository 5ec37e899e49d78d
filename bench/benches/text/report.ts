// The tables, plot and measures of the text of realtime sessions. No figure is set for it.

import {
  addedTable,
  encodedAs,
  faultNotes,
  mergedBy,
  percentilePlot,
  reportTable,
  timeMeasures,
} from '../../figures/describe.ts';
import { type Histogram, type Percentiles, percentilesMs } from '../../figures/histogram.ts';
import type { ReportTable } from '../../figures/results.ts';
import { mapRounds, type Rounds, runsOf, validRounds } from '../../figures/rounds.ts';
import { median } from '../../figures/statistics.ts';
import type { StreamedAnswer } from '../../load/streamed-answers.ts';
import type { TextData, TextRun } from './data.ts';

/** Fewest values of a round that have a p99: the p99 of fewer is the largest, and says nothing. */
const FEWEST_VALUES = 20;
const p99Of = ({ p99, count }: Percentiles) => (count < FEWEST_VALUES ? undefined : p99);

/** Values of a round that are compared: id, heading, value. */
const RANKS: readonly (readonly [id: string, heading: string, value: (run: TextRun) => number | undefined])[] = [
  ['ttft_ms', 'first token p50', ({ ttftMs }) => ttftMs.p50],
  ['ttft_p99_ms', 'first token p99', ({ ttftMs }) => p99Of(ttftMs)],
  ['gap_ms', 'gap p50', ({ gapMs }) => gapMs.p50],
  ['gap_p99_ms', 'gap p99', ({ gapMs }) => p99Of(gapMs)],
];

/** One number of sessions. */
interface Level {
  readonly sessions: number;
  readonly title: string;
  readonly runs: Rounds<TextRun>;
  readonly valid: Rounds<TextRun>;
  /** Histograms of all valid runs of a contender. */
  readonly firsts: ReadonlyMap<string, Histogram>;
  readonly gaps: ReadonlyMap<string, Histogram>;
}

export function describeText(data: TextData, answer: StreamedAnswer, seed: number) {
  const visits = [...data.values()].flat();
  const levels = [...new Set(visits.flatMap((visit) => [...(visit?.keys() ?? [])]))].map((level) =>
    levelOf(data, level),
  );
  return {
    measures: levels.flatMap(({ sessions, valid }) =>
      [...valid.keys()]
        .flatMap((name) =>
          RANKS.flatMap(([id, , value]) =>
            timeMeasures(mapRounds(valid, value), name, 'text', `${id}.${sessions}.${name}`),
          ),
        )
        .filter(({ rounds }) => rounds.length > 0),
    ),
    tables: levels.flatMap((level) => [
      timesTable(level, answer),
      addedTable(
        level.title,
        RANKS.map(([, heading, value]) => [heading, mapRounds(level.valid, value)]),
        seed,
      ),
    ]),
    plots: levels.map(({ title, gaps }) =>
      percentilePlot(`${title}: gaps between tokens`, { label: 'gap, ms', scale: 'linear' }, gaps),
    ),
    histograms: Object.fromEntries(
      levels.flatMap(({ sessions, firsts, gaps }) => [
        ...encodedAs(`text-${sessions}-firsts`, firsts),
        ...encodedAs(`text-${sessions}-gaps`, gaps),
      ]),
    ),
    notes: levels.flatMap(({ title, runs }) => faultNotes(title, runs)),
  };
}

function levelOf(data: TextData, sessions: number): Level {
  const runs = mapRounds(data, (visit) => visit.get(sessions));
  const valid = validRounds(runs);
  const title = `text, ${sessions} session${sessions === 1 ? '' : 's'}`;
  return {
    sessions,
    title,
    runs,
    valid,
    firsts: mergedBy(valid, (run) => run.firsts),
    gaps: mergedBy(valid, (run) => run.gaps),
  };
}

function timesTable({ title, valid, gaps }: Level, { thinkMs, tokens, gapMs }: StreamedAnswer): ReportTable {
  const rows = [...gaps].map(([name, histogram]) => ({
    name,
    runs: runsOf(valid, name),
    all: percentilesMs(histogram),
  }));
  const what = `first token from the question, less the ${thinkMs} ms that the provider thinks`;
  return reportTable(`${title}: ${what}; then ${tokens} tokens, ${gapMs} ms apart; ms`, rows, [
    ['', ({ name }) => name],
    ['first token p50', ({ runs }) => median(runs.map(({ ttftMs }) => ttftMs.p50))],
    ['first token p99', ({ runs }) => median(runs.map(({ ttftMs }) => p99Of(ttftMs)))],
    ['max', ({ runs }) => Math.max(...runs.map(({ ttftMs }) => ttftMs.max))],
    ['answers', ({ runs }) => runs.reduce((sum, { ttftMs }) => sum + ttftMs.count, 0)],
    ['gap p50', ({ all }) => all.p50],
    ['gap p99', ({ all }) => all.p99],
    ['gap max', ({ all }) => all.max],
    ['gaps', ({ all }) => all.count],
    ['CPU us/token', ({ runs }) => median(runs.map(({ cpuUsPerToken }) => cpuUsPerToken))],
  ]);
}
