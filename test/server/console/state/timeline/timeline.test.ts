// The timeline in words and in lanes.

import { expect, test } from 'vitest';
import type { TimelineItem } from '../../../../../server/console/api/sessions.ts';
import { lanesOf, sentenceOf, standsOut } from '../../../../../server/console/state/timeline/timeline.ts';

const entry = (some: Partial<TimelineItem> & Pick<TimelineItem, 'kind'>, seconds = 0): TimelineItem => ({
  at: new Date(seconds * 1000).toISOString(),
  ...some,
});

test.each<[TimelineItem, string, boolean]>([
  [
    entry({ kind: 'dial', ms: 8, connection: 'warm' }),
    'The provider answered the dial after 8.0 ms on a connection opened ahead',
    false,
  ],
  [
    entry({ kind: 'open', ms: 1200, context: 'summary' }),
    'The client had its 101 after 1200 ms; context: summary',
    true,
  ],
  [entry({ kind: 'turn', number: 2, isInterrupted: true }), 'Turn 2, interrupted', false],
  [entry({ kind: 'turn', number: 3, isUnanswered: true }), 'Turn 3, not answered', true],
  [
    entry({ kind: 'reply', ms: 3100, began: 'audio', since: 'speech' }),
    'First audio 3100 ms after the end of the speech',
    true,
  ],
  [entry({ kind: 'round-trip', ms: 900 }), 'The client answered a ping after 900 ms', true],
  [entry({ kind: 'slow-reader', ms: 2300, end: 'client' }), 'The client read too slowly for 2300 ms', true],
  [entry({ kind: 'tool', name: 'get_weather' }), 'The model asked for the tool get_weather', false],
  [entry({ kind: 'tool' }), 'The model asked for a tool', false],
  [
    entry({ kind: 'usage', usage: { inputTokens: 6, outputTokens: 0, cumulative: true } }),
    'Usage: inputTokens 6',
    false,
  ],
  [entry({ kind: 'refusal', code: 'pinned' }), 'A message was refused: pinned', true],
  [
    entry({ kind: 'close', by: 'client', code: 1000, reason: 'client-closed' }),
    'Closed by the client with 1000: client-closed',
    false,
  ],
  [
    entry({ kind: 'close', by: 'provider', code: 1000, reason: 'provider-closed' }),
    'Closed by the provider with 1000: provider-closed',
    false,
  ],
  [
    entry({ kind: 'close', by: 'provider', code: 1011, reason: 'provider-closed' }),
    'Closed by the provider with 1011: provider-closed',
    true,
  ],
  [
    entry({ kind: 'close', by: 'provider', code: 1011, reason: 'provider-lost', words: 'no quota' }),
    'Closed by the provider with 1011: provider-lost (no quota)',
    true,
  ],
  [
    entry({ kind: 'task', task: 'title', state: 'dead', ms: 5, error: 'timeout' }),
    'Task title: dead after 5.0 ms (timeout)',
    true,
  ],
])('%o', (given, sentence, isBad) => {
  expect(sentenceOf(given)).toBe(sentence);
  expect(standsOut(given)).toBe(isBad);
});

test('lanes have what there is, at its share of the session; the wait for a reply lies before it', () => {
  const entries = [
    entry({ kind: 'turn', number: 1, endedAt: new Date(5000).toISOString() }, 1),
    entry({ kind: 'reply', ms: 1000, began: 'audio', since: 'speech' }, 3),
    entry({ kind: 'round-trip', ms: 200 }, 5),
    entry({ kind: 'round-trip', ms: 800 }, 10),
    entry({ kind: 'task', ms: 5, task: 'title', state: 'done' }, 12),
  ];
  const lanes = lanesOf(entries, 0, 10_000);
  expect(lanes.map(({ name }) => name)).toEqual(['Turns', 'Wait for the reply', 'Round trip']);
  expect(lanes[0]?.marks).toMatchObject([{ from: 0.1, to: 0.5, height: 1 }]);
  expect(lanes[1]?.marks).toMatchObject([{ from: 0.2, to: 0.3 }]);
  expect(lanes[2]?.marks).toMatchObject([
    { from: 0.5, height: 0.25, isBad: false },
    { from: 1, height: 1, isBad: true },
  ]);
});
