// Reports of turns: medians of sessions turn by turn, differences to direct in the same turn, and turns that do not count.

import { expect, test } from 'vitest';
import type { MeasuredTurn } from '../../../../bench/benches/turn/data.ts';
import { describeTurns } from '../../../../bench/benches/turn/report.ts';

const settings = { isShort: true, toleranceMs: 10, seed: 1 };
const times = (ms: number, rest: Partial<MeasuredTurn> = {}): MeasuredTurn => ({
  ...{ first_audio: ms, answer: ms, barge_in: ms, cancelled: ms, staleMs: 0, lateMs: 1 },
  ...rest,
});
const session = (...ms: number[]): MeasuredTurn[] => ms.map((value) => times(value));

const describe = (trunkline: MeasuredTurn[][], again = [session(100, 200), session(100, 200)]) =>
  describeTurns(
    new Map([
      ['direct', [session(100, 200), session(100, 200)]],
      ['trunkline', trunkline],
      ['direct-again', again],
    ]),
    { settings },
  );
const measured = (result: ReturnType<typeof describe>, id: string) =>
  result.measures.find((measure) => measure.id === id)?.rounds;

test('a round is the median of the sessions in one turn, and the added time is its difference to direct', () => {
  const result = describe([session(101, 203), session(103, 205)]);
  expect(measured(result, 'turn.barge_in_ms.trunkline')).toEqual([102, 204]);
  expect(measured(result, 'turn.added_barge_in_ms.trunkline')).toEqual([2, 4]);
  expect(measured(result, 'turn.added_barge_in_ms.direct')).toBeUndefined();
  expect(result.tables[2]?.rows[1]).toEqual(['trunkline', 153, 204.4, 205, 4, '3 [2, 4]']);
});

test('a difference no larger than that of direct to itself is called noise', () => {
  const result = describe([session(101, 201)], [session(103, 196)]);
  expect(result.tables[0]?.rows.map((row) => row.at(-1))).toEqual([
    null,
    '1 [1, 1] (noise)',
    '-0.5 [-4, 3] (noise floor)',
  ]);
});

test('a turn whose appends were late is left out, also from the differences, and noted', () => {
  const result = describe([[times(900, { lateMs: 11 }), times(202)]]);
  expect(measured(result, 'turn.answer_ms.trunkline')).toEqual([202]);
  expect(measured(result, 'turn.added_answer_ms.trunkline')).toEqual([2]);
  expect(result.notes[1]).toContain('1 turns left out for it');
});

test('stale audio is counted, with the latest of it', () => {
  const result = describe([[times(101, { staleMs: 7 }), times(202)]]);
  expect(result.notes[1]).toContain('of 2 interrupted replies, 1 had audio after speech_started, up to 7 ms after it');
});

test('a contender without valid sessions has no numbers', () => {
  expect(describe([]).tables[0]?.rows[1]).toEqual(['trunkline', null, null, null, 0, null]);
});
