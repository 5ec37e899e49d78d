// The ends of turns, as the marks of a dialect tell them.

import { describe, expect, test } from 'vitest';
import type { Capabilities } from '../../../../adapters/realtime/contract/dialect.ts';
import type { Mark } from '../../../../adapters/realtime/contract/observation.ts';
import { TurnBoundary } from '../../../../server/session/tap/turn-boundary.ts';

function read(...marks: Mark[]): (Mark | undefined)[] {
  return readWith('event', marks);
}

function readWith(interruption: Capabilities['interruption'], marks: readonly Mark[]): (Mark | undefined)[] {
  const boundary = new TurnBoundary({ interruption });
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

describe('speech in a reply', () => {
  const marks: Mark[] = [
    'speech-started',
    'audio',
    'speech-started',
    'turn-done',
    'speech-started',
    'text',
    'turn-done',
  ];

  test('is no interruption where an event says that there was one', () => {
    expect(readWith('event', marks)).toEqual(marks);
  });

  test('cuts the reply off where the dialect declares it, and the late end of that reply is dropped', () => {
    const read = readWith('speech-started', marks);
    expect(read).toEqual(['speech-started', 'audio', 'interrupted', undefined, 'speech-started', 'text', 'turn-done']);
  });

  test('that comes twice cuts it off once', () => {
    expect(readWith('speech-started', ['text', 'speech-started', 'speech-started'])).toEqual([
      'text',
      'interrupted',
      'speech-started',
    ]);
  });
});
