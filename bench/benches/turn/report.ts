// The tables and measures of the turns. A round is one turn of all sessions; its value is their median.

import type { BenchContext, BenchResult } from '../../bench.ts';
import { digits, withInterval } from '../../figures/format.ts';
import type { Measure, ReportTable } from '../../figures/results.ts';
import { type Estimate, estimateMedian, median, pairedDifferences, quantile } from '../../figures/statistics.ts';
import { type MeasuredTurn, TURN_TIME_KINDS, type TurnData, type TurnTimeKind } from './data.ts';

const TITLES: Readonly<Record<TurnTimeKind, string>> = {
  first_audio: 'speech stopped to first audio, both as the client hears them',
  answer: 'the append that ends a turn to the first audio of its answer',
  barge_in: 'barge-in: the append that starts speech at the provider to the last stale audio, or to speech_started',
  cancelled: 'barge-in: speech_started to response.done of the interrupted reply',
};

export function describeTurns(
  data: TurnData,
  { settings: { seed, toleranceMs } }: Pick<BenchContext, 'settings'>,
): BenchResult {
  const valid = new Map([...data].map(([name, sessions]) => [name, timely(sessions, toleranceMs)]));
  return {
    figures: [],
    measures: TURN_TIME_KINDS.flatMap((kind) => [...valid.keys()].flatMap((name) => measuresOf(valid, kind, name))),
    tables: TURN_TIME_KINDS.map((kind) => tableOf(valid, kind, seed)),
    plots: [],
    histograms: {},
    notes: [...data].flatMap(([name, sessions]) => notesOf(name, sessions, toleranceMs)),
  };
}

type Timely = readonly (readonly (MeasuredTurn | undefined)[])[];

/** A turn whose appends were late would measure the caller: it leaves a hole. */
const timely = (sessions: readonly (readonly MeasuredTurn[])[], toleranceMs: number): Timely =>
  sessions.map((turns) => turns.map((turn) => (turn.lateMs > toleranceMs ? undefined : turn)));

/** undefined: no session had a valid turn then. */
function turnRounds(sessions: Timely, kind: TurnTimeKind): (number | undefined)[] {
  const turns = Math.max(0, ...sessions.map(({ length }) => length));
  return Array.from({ length: turns }, (_, turn) => {
    const values = sessions.flatMap((session) => session[turn]?.[kind] ?? []);
    return values.length > 0 ? median(values) : undefined;
  });
}

const addedRounds = (data: ReadonlyMap<string, Timely>, kind: TurnTimeKind, name: string): number[] =>
  pairedDifferences(turnRounds(data.get(name) ?? [], kind), turnRounds(data.get('direct') ?? [], kind));

function measuresOf(data: ReadonlyMap<string, Timely>, kind: TurnTimeKind, name: string): Measure[] {
  const common = { unit: 'ms', better: 'lower' } as const;
  const rounds = turnRounds(data.get(name) ?? [], kind).filter((round) => round !== undefined);
  const plain = { ...common, id: `turn.${kind}_ms.${name}`, rounds, paired: false };
  if (name === 'direct') return [plain];
  const added = addedRounds(data, kind, name);
  return [plain, { ...common, id: `turn.added_${kind}_ms.${name}`, rounds: added, paired: true }];
}

function tableOf(data: ReadonlyMap<string, Timely>, kind: TurnTimeKind, seed: number): ReportTable {
  const added = (name: string) => estimateMedian(addedRounds(data, kind, name), seed);
  const again = added('direct-again');
  const floor = Math.max(Math.abs(again.value), ...again.interval.map(Math.abs));
  const rows = [...data].map(([name, sessions]) => {
    const values = sessions.flatMap((session) => session.flatMap((turn) => turn?.[kind] ?? []));
    const ms = [0.5, 0.9, 1].map((at) => quantile(values, at)).map((value) => (Number.isFinite(value) ? value : null));
    return [name, ...ms, values.length, addedCell(name, added(name), floor)];
  });
  return { title: `${TITLES[kind]}, ms`, columns: ['', 'p50', 'p90', 'max', 'turns', 'added p50, 95 %'], rows };
}

function addedCell(name: string, { value, interval }: Estimate, floor: number): string | null {
  if (name === 'direct' || !Number.isFinite(value)) return null;
  const remark = name === 'direct-again' ? ' (noise floor)' : Math.abs(value) <= floor ? ' (noise)' : '';
  return `${withInterval(value, interval)}${remark}`;
}

function notesOf(name: string, sessions: readonly (readonly MeasuredTurn[])[], toleranceMs: number): string[] {
  const turns = sessions.flat();
  const stale = turns.filter(({ staleMs }) => staleMs > 0).map(({ staleMs }) => staleMs);
  const late = turns.filter(({ lateMs }) => lateMs > toleranceMs).length;
  const lateness = quantile(
    turns.map(({ lateMs }) => lateMs),
    0.99,
  );
  return [
    `${name}: of ${turns.length} interrupted replies, ${stale.length} had audio after speech_started${
      stale.length > 0 ? `, up to ${digits(Math.max(...stale))} ms after it` : ''
    }; appends late by ${digits(lateness)} ms (p99), ${late} turns left out for it`,
  ];
}
