// The tables and measures of the turns. A round is one turn of all sessions; its value is their median.

import type { BenchContext } from '../../bench.ts';
import { addedCells, reportTable, timeMeasures } from '../../figures/describe.ts';
import { digits } from '../../figures/format.ts';
import type { ReportTable } from '../../figures/results.ts';
import type { Rounds } from '../../figures/rounds.ts';
import { median, quantile } from '../../figures/statistics.ts';
import { type MeasuredTurn, TURN_TIME_KINDS, type TurnData, type TurnTimeKind } from './data.ts';

const TITLES: Readonly<Record<TurnTimeKind, string>> = {
  first_audio: 'speech stopped to first audio, both as the client hears them',
  answer: 'the append that ends a turn to the first audio of its answer',
  barge_in: 'barge-in: the append that starts speech at the provider to the last stale audio, or to speech_started',
  cancelled: 'barge-in: speech_started to response.done of the interrupted reply',
};

export function describeTurns(data: TurnData, { settings: { seed, toleranceMs } }: Pick<BenchContext, 'settings'>) {
  const valid = new Map([...data].map(([name, sessions]) => [name, timely(sessions, toleranceMs)]));
  return {
    measures: TURN_TIME_KINDS.flatMap((kind) => {
      const rounds = turnRounds(valid, kind);
      return [...valid.keys()].flatMap((name) => timeMeasures(rounds, name, 'turn', `${kind}_ms.${name}`));
    }),
    tables: TURN_TIME_KINDS.map((kind) => tableOf(valid, kind, seed)),
    notes: [...data].flatMap(([name, sessions]) => notesOf(name, sessions, toleranceMs)),
  };
}

/** Contender -> sessions -> turns. */
type Timely = ReadonlyMap<string, readonly (readonly (MeasuredTurn | undefined)[])[]>;

/** A turn whose appends were late would measure the caller: it leaves a hole. */
const timely = (sessions: readonly (readonly MeasuredTurn[])[], toleranceMs: number) =>
  sessions.map((turns) => turns.map((turn) => (turn.lateMs > toleranceMs ? undefined : turn)));

/** Medians over the sessions, turn by turn; undefined where no session had a valid turn. */
function turnRounds(data: Timely, kind: TurnTimeKind): Rounds<number> {
  const rounds = [...data].map(([name, sessions]) => {
    const turns = Math.max(0, ...sessions.map(({ length }) => length));
    const medians = Array.from({ length: turns }, (_, turn) =>
      median(sessions.map((session) => session[turn]?.[kind])),
    );
    return [name, medians.map((value) => (Number.isNaN(value) ? undefined : value))] as const;
  });
  return new Map(rounds);
}

function tableOf(data: Timely, kind: TurnTimeKind, seed: number): ReportTable {
  const added = addedCells(turnRounds(data, kind), seed);
  const rows = [...data].map(([name, sessions]) => ({
    name,
    times: sessions.flat().flatMap((turn) => turn?.[kind] ?? []),
  }));
  return reportTable(`${TITLES[kind]}, ms`, rows, [
    ['', ({ name }) => name],
    ['p50', ({ times }) => median(times)],
    ['p90', ({ times }) => quantile(times, 0.9)],
    ['max', ({ times }) => Math.max(...times)],
    ['turns', ({ times }) => times.length],
    ['added p50, 95 %', ({ name }) => withFloor(name, added(name))],
  ]);
}

const withFloor = (name: string, cell: string | null): string | null =>
  cell !== null && name === 'direct-again' ? `${cell} (noise floor)` : cell;

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
