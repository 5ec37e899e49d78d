// Stages, totals and summaries of turns.

import { expect, test } from 'vitest';
import type { ResidenceTimes, SessionReport } from '../../../../server/console/api/gateway.ts';
import {
  gatewayFraction,
  gatewayUs,
  percentile,
  stagesOf,
  summariseTurns,
  type TimedTurn,
  turnTotalMs,
} from '../../../../server/console/state/latency.ts';

const turn = (marks: TimedTurn['marks']): TimedTurn => ({ id: 1, marks, outcome: 'completed' });
const residence = (p50: number, count = 10): ResidenceTimes => ({ count, p50, p99: p50 });
const report = (upstream: ResidenceTimes, downstream: ResidenceTimes): SessionReport => ({
  state: 'open',
  residenceUs: { upstream, downstream },
});

test('a spoken turn has three stages that follow each other', () => {
  const spoken = turn({ 'speech-end': 1000, commit: 1500, 'first-text': 1700, 'first-audio': 1800, playback: 1850 });
  expect(stagesOf(spoken).map(({ name, startMs, endMs }) => [name, startMs, endMs])).toEqual([
    ['noticed', 0, 500],
    ['answered', 500, 800],
    ['buffered', 800, 850],
  ]);
  expect(turnTotalMs(spoken)).toBe(850);
});

test('a written turn begins when it is sent, and ends with its first text when there is no sound', () => {
  const written = turn({ request: 100, 'first-text': 350, done: 900 });
  expect(stagesOf(written)).toEqual([{ name: 'answered', label: 'first text received', startMs: 0, endMs: 250 }]);
  expect(turnTotalMs(written)).toBe(250);
});

test('a dialect without a commit shows the whole wait as one stage', () => {
  const stages = stagesOf(turn({ 'speech-end': 0, 'first-audio': 700, playback: 740 }));
  expect(stages.map(({ name, endMs }) => [name, endMs])).toEqual([
    ['answered', 700],
    ['buffered', 740],
  ]);
});

test('a turn without an origin or an answer has no total', () => {
  expect(turnTotalMs(turn({ 'first-audio': 5 }))).toBeUndefined();
  expect(turnTotalMs(turn({ 'speech-end': 5 }))).toBeUndefined();
  expect(stagesOf(turn({ 'first-audio': 5 }))).toEqual([]);
});

test('percentiles are those of nearest rank', () => {
  const values = [50, 10, 40, 30, 20];
  expect([50, 95, 100, 0].map((percent) => percentile(values, percent))).toEqual([30, 50, 50, 10]);
  expect(percentile([], 50)).toBeNaN();
});

test('the summary has a line for each measure that at least one turn has', () => {
  const turns = [
    turn({ 'speech-end': 0, commit: 500, 'first-audio': 800, playback: 830 }),
    turn({ 'speech-end': 0, commit: 700, 'first-audio': 900, playback: 910 }),
    turn({ request: 0, 'first-text': 250 }),
  ];
  expect(summariseTurns(turns).map(({ id, count, p50Ms, p95Ms }) => [id, count, p50Ms, p95Ms])).toEqual([
    ['heard', 2, 830, 910],
    ['noticed', 2, 500, 700],
    ['audio', 2, 200, 300],
    ['buffered', 2, 10, 30],
    ['text', 1, 250, 250],
  ]);
});

test("the gateway's share is one median frame up and one down, of the whole turn", () => {
  expect(gatewayUs(report(residence(34), residence(16)))).toBe(50);
  expect(gatewayFraction(50, 1000)).toBe(0.00005);
  expect(gatewayFraction(50, undefined)).toBeUndefined();
  expect(gatewayUs(report(residence(34, 0), residence(16)))).toBeUndefined();
});
