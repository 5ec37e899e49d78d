// The times of turns from a caller's notes, against known answers.

import { expect, test } from 'vitest';
import type { CallerTrace, Reply } from '../../../../bench/benches/turn/data.ts';
import type { TurnScript } from '../../../../bench/benches/turn/script.ts';
import { timesOf } from '../../../../bench/benches/turn/times.ts';

const script: TurnScript = {
  appendMs: 40,
  appends: ['a', 'b', 'c'],
  started: [0, 3, 6].map((append) => ({ append, audioMs: append * 40 })),
  stopped: [1, 4, 7].map((append) => ({ append, audioMs: append * 40 })),
};

const cancelled = { status: 'cancelled' };
const trace: CallerTrace = {
  contender: 'direct',
  said: [0, 1, 3, 4, 6, 7].map((append) => ({ append, at: append * 1000, lateMs: append })),
  started: [0, 3, 6].map((append) => ({ at: append * 1000 + 10, audioMs: append * 40 })),
  stopped: [1, 4, 7].map((append) => ({ at: append * 1000 + 20, audioMs: append * 40 })),
  replies: [
    { firstAt: 1120, lastAt: 3005, doneAt: 3011, ...cancelled },
    { firstAt: 4150, lastAt: 6040, doneAt: 6050, ...cancelled },
    { firstAt: 7130, lastAt: 7140 },
  ],
};
const replied = (turn: number, change: Partial<Reply>): CallerTrace => ({
  ...trace,
  replies: trace.replies.map((reply, index) => (index === turn ? { ...reply, ...change } : reply)),
});

test('each turn but the first has the times of its answer and of the reply that it interrupts', () => {
  expect(timesOf(trace, script)).toEqual([
    { first_audio: 130, answer: 150, barge_in: 10, cancelled: 1, staleMs: 0, lateMs: 4 },
    { first_audio: 110, answer: 130, barge_in: 40, cancelled: 40, staleMs: 30, lateMs: 7 },
  ]);
});

test.each<[string, CallerTrace]>([
  ['closed with 1011', { ...trace, fault: 'closed with 1011' }],
  ['not everything was said', { ...trace, said: trace.said.slice(1) }],
  ['2 and 3 ends of 3 turns were heard', { ...trace, started: trace.started.slice(1) }],
  ['or elsewhere', { ...trace, stopped: trace.stopped.map((mark) => ({ ...mark, audioMs: mark.audioMs + 20 })) }],
  ['2 spoken replies to 3 turns', { ...trace, replies: trace.replies.slice(1) }],
  ['spoken replies', replied(1, { firstAt: undefined })],
  ['not interrupted', replied(1, { status: 'completed' })],
])('a session that did not go as written is a fault: %s', (fault, wrong) => {
  expect(() => timesOf(wrong, script)).toThrow(fault);
});
