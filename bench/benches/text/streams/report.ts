// The tables, plots and measures of streamed answers.

import {
  addedTable,
  encodedAs,
  faultNotes,
  measure,
  mergedBy,
  percentilePlot,
  reportTable,
  timeMeasures,
} from '../../../figures/describe.ts';
import { percentilesMs } from '../../../figures/histogram.ts';
import type { Measure, ReportTable } from '../../../figures/results.ts';
import { mapRounds, type Rounds, runsOf, validRounds } from '../../../figures/rounds.ts';
import { median } from '../../../figures/statistics.ts';
import {
  MANY_READERS,
  MOST_READERS,
  type MostRun,
  STREAM_LOADS,
  type StreamLoad,
  type StreamRun,
  type StreamsData,
  streamRuns,
} from './data.ts';
import { streamFigures } from './figures.ts';

const RANKS: readonly (readonly [id: string, heading: string, value: (run: StreamRun) => number])[] = [
  ['first_ms', 'first token p50', ({ firstMs }) => firstMs.p50],
  ['first_p99_ms', 'first token p99', ({ firstMs }) => firstMs.p99],
  ['stream_gap_ms', 'gap p50', ({ gapMs }) => gapMs.p50],
  ['stream_gap_p99_ms', 'gap p99', ({ gapMs }) => gapMs.p99],
];

const WORDS: Readonly<Record<StreamLoad, string>> = {
  completions: 'chat completions',
  responses: 'Responses, stored',
  'ui-chat': 'chats of a page over WebSocket, beside Responses of direct',
};

export function describeStreams(data: StreamsData, seed: number) {
  const loads = STREAM_LOADS.map((load) => describeLoad(data, load, seed));
  const stalls = describeMost(data.most);
  return {
    figures: streamFigures(data, seed),
    measures: [...loads.flatMap(({ measures }) => measures), ...stalls.measures, ...resumeMeasures(data)],
    tables: [...loads.flatMap(({ tables }) => tables), ...stalls.tables, ...resumeTables(data)],
    plots: loads.flatMap(({ plots }) => plots),
    histograms: Object.fromEntries(loads.flatMap(({ histograms }) => histograms)),
    notes: [
      ...data.leftOut.map(({ load, name, reason }) => `text, ${load}: ${name} is left out: ${reason}`),
      ...loads.flatMap(({ notes }) => notes),
      ...stalls.notes,
    ],
  };
}

function describeLoad(data: StreamsData, load: StreamLoad, seed: number) {
  const runs = present(streamRuns(data, load));
  if (![...runs.keys()].some((name) => !name.startsWith('direct')))
    return { measures: [], tables: [], plots: [], histograms: [], notes: [] };
  const valid = validRounds(runs);
  const title = `text, ${MANY_READERS} streams, ${WORDS[load]}`;
  const [firsts, delays] = [mergedBy(valid, (run) => run.firsts), mergedBy(valid, (run) => run.delays)];
  const names = [...valid.keys()];
  const ranks = RANKS.map(([, heading, value]) => [heading, mapRounds(valid, value)] as const);
  return {
    measures: names.flatMap((name) => [
      ...RANKS.flatMap(([id, , value]) => timeMeasures(mapRounds(valid, value), name, 'text', `${id}.${load}.${name}`)),
      measure(
        `text.cpu_us_per_token.${load}.${name}`,
        'us',
        runsOf(runs, name).map(({ cpuUsPerToken }) => cpuUsPerToken),
      ),
    ]),
    tables: [timesTable(title, valid), addedTable(title, ranks, seed)],
    plots: [percentilePlot(`${title}: first token`, { label: 'ms', scale: 'linear' }, firsts)],
    histograms: [
      ...encodedAs(`text-streams-${load}-firsts`, firsts),
      ...encodedAs(`text-streams-${load}-delays`, delays),
    ],
    notes: faultNotes(title, runs),
  };
}

/** Those that have the load at all: what failed is noted where it can. */
const present = (runs: Rounds<StreamRun>): Rounds<StreamRun> =>
  new Map([...runs].filter(([, rounds]) => rounds.some((run) => run !== undefined)));

function timesTable(title: string, valid: Rounds<StreamRun>): ReportTable {
  const rows = [...valid.keys()].map((name) => ({ name, runs: runsOf(valid, name) }));
  const what = 'first token less the time of the endpoint, gap between tokens, token from its writing to its arrival';
  return reportTable(`${title}: ${what}; ms`, rows, [
    ['', ({ name }) => name],
    ['first token p50', ({ runs }) => median(runs.map(({ firstMs }) => firstMs.p50))],
    ['first token p99', ({ runs }) => median(runs.map(({ firstMs }) => firstMs.p99))],
    ['answers', ({ runs }) => runs.reduce((sum, { answers }) => sum + answers, 0)],
    ['gap p50', ({ runs }) => median(runs.map(({ gapMs }) => gapMs.p50))],
    ['gap p99', ({ runs }) => median(runs.map(({ gapMs }) => gapMs.p99))],
    ['token p50', ({ runs }) => median(runs.map(({ delayMs }) => delayMs.p50))],
    ['token p99', ({ runs }) => median(runs.map(({ delayMs }) => delayMs.p99))],
    ['CPU us/token', ({ runs }) => median(runs.flatMap(({ cpuUsPerToken }) => cpuUsPerToken ?? []))],
  ]);
}

function describeMost(most: Rounds<MostRun>) {
  const title = `text, ${MOST_READERS} streams, Responses, stored`;
  const valid = validRounds(most);
  const rows = [...valid.keys()].map((name) => ({ name, runs: runsOf(valid, name) }));
  const table = reportTable(`${title}, medians of the rounds; ms`, rows, [
    ['', ({ name }) => name],
    ['longest stall of its event loops', ({ runs }) => median(runs.flatMap(({ loopMs }) => loopMs ?? []))],
    ['longest delay of a token', ({ runs }) => median(runs.map(({ delayMs }) => delayMs.max))],
    ['token p50', ({ runs }) => median(runs.map(({ delayMs }) => delayMs.p50))],
    ['token p99', ({ runs }) => median(runs.map(({ delayMs }) => delayMs.p99))],
    ['first token p50', ({ runs }) => median(runs.map(({ firstMs }) => firstMs.p50))],
    ['tokens', ({ runs }) => runs.reduce((sum, { tokens }) => sum + tokens, 0)],
    ['CPU us/token', ({ runs }) => median(runs.flatMap(({ cpuUsPerToken }) => cpuUsPerToken ?? []))],
  ]);
  const measures = rows.flatMap(({ name, runs }) => [
    measure(
      `text.stream_stall_ms.${MOST_READERS}.${name}`,
      'ms',
      runs.map(({ delayMs }) => delayMs.max),
    ),
    measure(
      `text.loop_stall_ms.${MOST_READERS}.${name}`,
      'ms',
      runs.map(({ loopMs }) => loopMs),
    ),
  ]);
  return { measures, tables: rows.length > 0 ? [table] : [], notes: faultNotes(title, most) };
}

function resumeMeasures({ resumes }: StreamsData): Measure[] {
  const times = resumes.map((times) => percentilesMs(times).p50);
  return [measure('text.resume_ms.trunkline', 'ms', times)];
}

function resumeTables({ resumes }: StreamsData): ReportTable[] {
  if (resumes.length === 0) return [];
  const rows = resumes.map((times, round) => ({ round, times: percentilesMs(times) }));
  return [
    reportTable('text, a chat that is cut: from the cut to the first chunk on another socket, ms', rows, [
      ['round', ({ round }) => round + 1],
      ['p50', ({ times }) => times.p50],
      ['max', ({ times }) => times.max],
      ['cuts', ({ times }) => times.count],
    ]),
  ];
}
