// The tables, plots and measures of capacity.

import { type Column, measure, reportTable } from '../../figures/describe.ts';
import { digits, finiteOrNull, withInterval } from '../../figures/format.ts';
import type { Measure, ReportPlot, ReportTable } from '../../figures/results.ts';
import { type Rounds, runsOf } from '../../figures/rounds.ts';
import { bootstrap, estimateMedian, median, ratioOfMedians } from '../../figures/statistics.ts';
import { frameCosts, type LoadRun } from '../../load/run.ts';
import type { CapacityData } from './data.ts';
import { costs, filesText, idleRounds, ratioPairs, sessionsPerCore } from './figures.ts';
import { addedBounds, KNEE_MS, kneeText, NOT_ARRIVED_MS, verdictOf } from './knee.ts';
import { AUDIO_SESSIONS, FRAME_MS, FRAMES_PER_SECOND } from './runs.ts';

const VERDICTS = { holds: 'holds', passes: 'passes', lost: 'the generator gave out' } as const;

export function describeCapacity(data: CapacityData, seed: number) {
  const hops = [...data.knees.keys()];
  const knees = reportTable(
    `the knee: sessions at which p99 added to direct passes ${KNEE_MS} ms, 2600 B upstream every 40 ms`,
    data.knees,
    [
      ['', ([name]) => name],
      ['sessions', ([, knee]) => kneeText(knee)],
    ],
  );
  return {
    measures: hops.flatMap((name) => measuresOf(data, name)),
    tables: [knees, levelTable(data), audioTable(data, seed), costTable(data, seed), idleTable(data, seed)],
    plots: [kneePlot(data)],
    notes: notesOf(data),
  };
}

const costLevels = ({ cost }: CapacityData): number[] => [...cost.keys()];

const medianCost = (data: CapacityData, sessions: number, name: string): number =>
  median(costs(data, sessions).get(name) ?? []);

/** Levels, from the rounds whose direct run is valid. A late sender in the contender's run makes the added p99 a span. */
function levelTable({ levels }: CapacityData): ReportTable {
  const rows = levels.flatMap(({ sessions, rounds }) =>
    [...rounds.keys()].map((name) => ({ sessions, rounds, name, runs: runsOf(rounds, name) })),
  );
  return reportTable('the levels of that search, ms (medians of rounds)', rows, [
    ['', ({ sessions, name }) => `${sessions}: ${name}`],
    ['added p99', ({ rounds, name }) => (name === 'direct' ? '' : spanText(addedBounds(rounds, name)))],
    ['p50', ({ runs }) => median(runs.map(({ latencyMs }) => latencyMs.p50))],
    ['p99', ({ runs }) => median(runs.map(({ latencyMs }) => latencyMs.p99))],
    ['sender late p99', ({ runs }) => median(runs.map(({ latenessMs }) => latenessMs.p99))],
    ['CPU us/frame', ({ runs }) => median(runs.map(({ cpuUsPerFrame }) => cpuUsPerFrame))],
    [
      '% of a core',
      ({ runs, sessions }) => (median(runs.map(({ cpuUsPerFrame }) => cpuUsPerFrame)) * sessions) / (10 * FRAME_MS),
    ],
    ['valid rounds', ({ runs }) => runs.filter(({ invalid }) => invalid === undefined).length],
    ['verdict', ({ rounds, name }) => (name.startsWith('direct') ? '' : VERDICTS[verdictOf(rounds, name)])],
  ]);
}

function spanText(bounds: ReturnType<typeof addedBounds>): string {
  const [least, most] = [median(bounds.map((bound) => bound.least)), median(bounds.map((bound) => bound.most))];
  if (least >= NOT_ARRIVED_MS) return 'did not arrive';
  return digits(least) === digits(most) ? digits(most) : `${digits(least)} to ${digits(most)}`;
}

/** Sessions of a core, by what their frames cost it. */
function audioTable({ audio, knees }: CapacityData, seed: number): ReportTable {
  const title = `sessions of one core, audio in both directions all the time, from ${AUDIO_SESSIONS} sessions`;
  const us = (runs: Rounds<LoadRun>, name: string) => median(frameCosts(runs).get(name) ?? []);
  return reportTable(title, knees.keys(), [
    ['', (name) => name],
    ...audio.flatMap((slices): Column<string>[] => [
      [`CPU us/frame up, ${slices.frameMs} ms`, (name) => us(slices.upstream, name)],
      ['down', (name) => us(slices.downstream, name)],
      ['sessions, with 95 % interval', (name) => withInterval(estimateMedian(sessionsPerCore(slices, name), seed))],
    ]),
  ]);
}

function costTable(data: CapacityData, seed: number): ReportTable {
  const title = `CPU us for each frame of 2600 B, ${FRAMES_PER_SECOND} frames a second in all, by sessions (medians of slices)`;
  return reportTable(title, data.knees.keys(), [
    ['', (name) => name],
    ...costLevels(data).map(
      (sessions): Column<string> => [String(sessions), (name) => medianCost(data, sessions, name)],
    ),
    [
      '2000 to 100, with 95 % interval',
      (name) => withInterval(bootstrap(ratioPairs(data, name), ratioOfMedians, seed)),
    ],
  ]);
}

const idleTable = (data: CapacityData, seed: number): ReportTable =>
  reportTable('memory of idle sessions, all processes of a contender (medians of fresh ones)', data.knees.keys(), [
    ['', (name) => name],
    ['KiB a session, with 95 % interval', (name) => withInterval(estimateMedian(idleRounds(data, name), seed))],
    ['MiB for 1,000 sessions', (name) => (median(idleRounds(data, name)) * 1000) / 1024],
    ['MiB before them', (name) => median(runsOf(data.idle, name).map(({ before }) => before)) / 1024],
    ['processes', (name) => idleRounds(data, name).length],
  ]);

function measuresOf(data: CapacityData, name: string): Measure[] {
  return [
    ...data.levels.flatMap(({ sessions, rounds }) => {
      if (!rounds.has(name)) return [];
      const valid = addedBounds(rounds, name).filter(({ least, most }) => least === most && most < NOT_ARRIVED_MS);
      const added = valid.map(({ most }) => most);
      return measure(`capacity.added_p99_ms.${sessions}.${name}`, 'ms', added, { paired: true });
    }),
    ...costLevels(data).map((sessions) =>
      measure(`capacity.cpu_us.${sessions}.${name}`, 'us', costs(data, sessions).get(name) ?? []),
    ),
    ...data.audio.map((slices) =>
      measure(`capacity.sessions_per_core.${slices.frameMs}ms.${name}`, '1', sessionsPerCore(slices, name), {
        better: 'higher',
      }),
    ),
    measure(`capacity.idle_kib.${name}`, 'KiB', idleRounds(data, name)),
  ];
}

/** Lines over the number of sessions, one for each contender. */
const sessionsPlot = (
  title: string,
  label: string,
  {
    levels,
    names,
    valueAt,
  }: { levels: readonly number[]; names: Iterable<string>; valueAt: (sessions: number, name: string) => number },
): ReportPlot => ({
  title,
  x: { label: 'sessions', scale: 'linear', values: [...levels] },
  y: { label, scale: 'linear' },
  series: [...names].map((name) => ({ name, values: levels.map((sessions) => finiteOrNull(valueAt(sessions, name))) })),
});

function kneePlot({ levels, knees }: CapacityData): ReportPlot {
  return sessionsPlot('added p99 by sessions, 2600 B upstream every 40 ms', 'added p99, ms', {
    levels: [...new Set(levels.map(({ sessions }) => sessions))].sort((a, b) => a - b),
    names: knees.keys(),
    valueAt(sessions, name) {
      const level = levels.find((measured) => measured.sessions === sessions && measured.rounds.has(name));
      const most = median(level === undefined ? [] : addedBounds(level.rounds, name).map((bound) => bound.most));
      return most < NOT_ARRIVED_MS ? most : Number.NaN;
    },
  });
}

function notesOf({ levels, cost, audio, idle, mostSessions }: CapacityData): string[] {
  const holes = (label: string, rounds: Rounds<unknown>) =>
    [...rounds].flatMap(([name, runs]) => {
      const failed = runs.filter((run) => run === undefined).length;
      return failed > 0 ? [`${label}, ${name}: ${failed} of ${runs.length} failed`] : [];
    });
  return [
    ...(mostSessions < 2000 ? [`${filesText(mostSessions)}: levels above are left out`] : []),
    ...levels.flatMap(({ sessions, rounds }) => holes(`${sessions} sessions`, rounds)),
    ...[...cost].flatMap(([sessions, rounds]) => holes(`CPU, ${sessions} sessions`, rounds)),
    ...audio.flatMap(({ frameMs, upstream, downstream }) => [
      ...holes(`audio of ${frameMs} ms upstream`, upstream),
      ...holes(`audio of ${frameMs} ms downstream`, downstream),
    ]),
    ...holes('idle sessions', idle),
  ];
}
