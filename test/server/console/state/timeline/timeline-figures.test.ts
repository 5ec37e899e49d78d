// The figures of a timeline: what each part of the way took, and which part was bad.

import { expect, test } from 'vitest';
import type { TimelineItem } from '../../../../../server/console/api/sessions.ts';
import { figuresOf } from '../../../../../server/console/state/timeline/timeline-figures.ts';

const at = '2026-01-01T00:00:00.000Z';
const figures = (entries: readonly Partial<TimelineItem>[], p99?: number) => {
  const times = { count: 1, p50: 1, p99: p99 ?? 0 };
  return figuresOf({
    ...{ state: 'closed', verdicts: [], entries: entries.map((entry) => ({ at, kind: 'turn', ...entry })) },
    ...(p99 !== undefined && { residenceUs: { upstream: { ...times, p99: 1 }, downstream: times } }),
  }).map(({ name, text, isBad }) => [name, text, isBad]);
};

test('each part has its median and its longest time, and is bad where one of it stands out', () => {
  const entries: readonly Partial<TimelineItem>[] = [
    { kind: 'dial', ms: 30 },
    { kind: 'open', ms: 42 },
    ...[20, 21, 900].map((ms) => ({ kind: 'round-trip', ms }) as const),
    { kind: 'reply', ms: 640 },
    ...[300, 2000].map((ms) => ({ kind: 'slow-reader', end: 'client', ms }) as const),
    { kind: 'slow-reader', end: 'provider', ms: 250 },
    { isInterrupted: true },
    { isUnanswered: true },
    {},
  ];
  expect(figures(entries, 120)).toEqual([
    ['Opening', '42 ms, of which the provider 30 ms', false],
    ['Client, there and back', '21 ms, at most 900 ms', true],
    ['In the gateway (p99)', '120 µs', false],
    ['Provider, to its reply', '640 ms', false],
    ['Stalls', 'client 2300 ms, provider 250 ms', true],
    ['Turns', '3, 1 interrupted, 1 not answered', true],
  ]);
  expect(figures([], 80_000)[2]).toEqual(['In the gateway (p99)', '80.00 ms', true]);
});

test('what was not measured is a dash', () => {
  expect(figures([])).toEqual([
    ['Opening', '–', false],
    ['Client, there and back', '–', false],
    ['In the gateway (p99)', '–', false],
    ['Provider, to its reply', '–', false],
    ['Stalls', 'none', false],
    ['Turns', '0', false],
  ]);
});
