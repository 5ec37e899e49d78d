// Turns, usage and the model as the tap learns them; a dialect that says what each test wants.

import { expect, test } from 'vitest';
import type { Dialect, Mark, Observation } from '../../adapters/adapter.ts';
import { createMetrics } from '../../server/metrics.ts';
import { startTap, type TurnTimes } from '../../server/tap.ts';

/** A dialect whose frames are observations, as JSON. */
const dialect: Dialect = {
  name: 'scripted',
  guard: () => undefined,
  observe: ({ data }): Observation => JSON.parse(data.toString()),
  refusal: () => undefined,
};

function tapOf(...observations: { at: number; observation: Partial<Observation> }[]) {
  const tap = startTap(dialect, createMetrics(() => 0), 0);
  for (const { at, observation } of observations) {
    tap.observe({ data: Buffer.from(JSON.stringify({ type: 'x', ...observation })), binary: false, at }, 'downstream');
  }
  return tap.summary();
}

const marks = (...list: [Mark, number][]) => tapOf(...list.map(([mark, at]) => ({ at, observation: { mark } }))).turns;

test.each<[string, [Mark, number][], TurnTimes[]]>([
  ['speech to audio', [['speech-started', 0], ['speech-stopped', 100], ['audio', 450], ['audio', 460]], [{ speechToAudioMs: 350 }]],
  ['speech to text', [['speech-stopped', 100], ['text', 300]], [{ speechToTextMs: 200 }]],
  ['request to text', [['request', 10], ['text', 30], ['text', 40]], [{ requestToTextMs: 20 }]],
  ['request to audio', [['request', 10], ['audio', 40]], [{ requestToAudioMs: 30 }]],
  ['from the newest request', [['request', 10], ['request', 50], ['text', 60]], [{ requestToTextMs: 10 }]],
  ['not from speech whose reply failed', [['speech-stopped', 0], ['turn-done', 10], ['request', 59_000], ['audio', 59_300]], [{ requestToAudioMs: 300 }]],
  ['not from a request that new speech replaced', [['request', 0], ['speech-started', 10], ['audio', 20]], []],
  ['a request made before the turn that it cut off has ended', [['request', 0], ['text', 5], ['request', 10], ['interrupted', 11], ['turn-done', 12], ['text', 30]], [{ requestToTextMs: 5 }, { requestToTextMs: 20 }]],
])('a turn is measured: %s', (_, list, turns) => {
  expect(marks(...list)).toEqual(turns);
});

test('usage adds up, a cumulative report replaces, and a long model is cut', () => {
  const report = (usage: Observation['usage']) => ({ at: 0, observation: { usage } });
  expect(tapOf(report({ inputTokens: 3, outputTokens: 1 }), report({ inputTokens: 4 })).usage).toEqual({ inputTokens: 7, outputTokens: 1 });
  expect(tapOf(report({ cumulative: true, seconds: 3 }), report({ cumulative: true, seconds: 9 })).usage).toMatchObject({ seconds: 9 });
  expect(tapOf({ at: 0, observation: { model: 'm'.repeat(4_000_000) } }).model).toHaveLength(200);
});
