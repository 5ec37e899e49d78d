// Where turns end, as the marks of a dialect tell.

import { expect, test } from 'vitest';
import type { Mark } from '../../../../adapters/realtime/contract.ts';
import { TurnBoundary } from '../../../../server/session/tap/turn-boundary.ts';

function read(...marks: Mark[]): (Mark | undefined)[] {
  const boundary = new TurnBoundary();
  return marks.map((mark) => boundary.read(mark));
}

test('passes the marks of ordinary turns on as they are', () => {
  const marks: Mark[] = ['speech-started', 'speech-stopped', 'audio', 'turn-done', 'request', 'text', 'turn-done'];
  expect(read(...marks)).toEqual(marks);
});

test('drops the late end of a turn that was cut off, once', () => {
  expect(read('audio', 'interrupted', 'request', 'turn-done', 'turn-done')).toEqual([
    'audio',
    'interrupted',
    'request',
    undefined,
    'turn-done',
  ]);
});

test('takes an end for that of the next turn when a reply has come since the interruption', () => {
  expect(read('interrupted', 'audio', 'turn-done').at(-1)).toBe('turn-done');
  expect(read('interrupted', 'text', 'turn-done').at(-1)).toBe('turn-done');
});
