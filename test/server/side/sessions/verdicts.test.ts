// The sentences about a timeline: each rule speaks where its limit is passed, and is silent below it.

import { expect, test } from 'vitest';
import { closeOutcomes } from '../../../../server/session/close-reason.ts';
import type { TimelineEntry } from '../../../../server/side/sessions/timeline.ts';
import { verdictsOn } from '../../../../server/side/sessions/verdicts.ts';

const turn = (number: number, some: object = {}): TimelineEntry => ({
  ...{ at: number * 10_000, kind: 'turn', number, endedAt: number * 10_000 + 9000 },
  ...{ isInterrupted: false, isUnanswered: false },
  ...some,
});
const reply = (at: number, ms: number): TimelineEntry => ({ at, kind: 'reply', ms, began: 'audio', since: 'speech' });
const roundTrip = (ms: number): TimelineEntry => ({ at: 0, kind: 'round-trip', ms });
const slow = (end: 'client' | 'provider', ms: number): TimelineEntry => ({ at: 0, kind: 'slow-reader', end, ms });
const task = (some: object): TimelineEntry => ({
  ...{ at: 0, kind: 'task', id: 't', task: 'summary', state: 'done', ms: 1, attempts: 1, error: undefined },
  ...some,
});
const close = (reason: string, some: object = {}): TimelineEntry => ({
  ...{ at: 0, kind: 'close', by: 'gateway', reason },
  ...some,
});

test.each<[string, TimelineEntry[], string[]]>([
  [
    'of a dial',
    [{ at: 0, kind: 'dial', ms: 4200, connection: 'cold' }],
    ['the provider took 4.2 s to answer the upgrade'],
  ],
  [
    'of an opening',
    [
      { at: 0, kind: 'dial', ms: 200, connection: 'cold' },
      { at: 0, kind: 'open', ms: 1400 },
    ],
    ['the session took 1.4 s to open, of which the provider took 200 ms'],
  ],
  ['of a reply', [turn(4), reply(41_000, 3100)], ['the provider took 3.1 s to the first audio of turn 4']],
  ['of a reply outside the turns', [reply(41_000, 3100)], ['the provider took 3.1 s to the first audio of a turn']],
  ['of a usual reply', [turn(4), reply(41_000, 2000)], []],
  [
    'of many slow replies',
    [3000, 5000, 4000, 6000].map((ms) => reply(0, ms)),
    [
      'the provider took 6.0 s to the first audio of a turn',
      'the provider took 5.0 s to the first audio of a turn',
      'the provider took 4.0 s to the first audio of a turn',
      'there were 4 slow replies in all',
    ],
  ],
  ['of no reply', [turn(1), turn(2, { isUnanswered: true })], ['no reply came to turn 2']],
  ['of a round trip', [20, 900, 25, 30].map(roundTrip), ["the client's round trip rose to 900 ms"]],
  ['of long round trips', [800, 900, 20, 1500].map(roundTrip), ["the client's round trip was 900 ms at the median"]],
  ['of usual round trips', [20, 400, 25].map(roundTrip), []],
  ['of a slow client', [slow('client', 2300)], ['the client read too slowly for 2.3 s']],
  ['of a slow provider', [slow('provider', 400)], ['the provider read too slowly for 400 ms']],
  [
    'of interruptions',
    [turn(1, { isInterrupted: true }), turn(2, { isInterrupted: true }), turn(3)],
    ['2 of 3 replies were interrupted'],
  ],
  ['of one interruption', [turn(1, { isInterrupted: true })], []],
  [
    'of refusals',
    ['pinned', 'pinned', 'id_not_issued'].map((code) => ({ at: 0, kind: 'refusal', code })),
    ['2 messages were refused: pinned', 'a message of the client was refused: id_not_issued'],
  ],
  ['of a task', [task({ state: 'dead', error: 'rate_limited' }), task({})], ['the task summary failed: rate_limited']],
  [
    'of a close of the provider',
    [close('provider-closed', { by: 'provider', code: 1011, words: 'no quota' })],
    ['the provider closed with 1011: no quota'],
  ],
  ['of a usual close', [close('provider-closed', { code: 1000 }), close('client-closed', { code: 1000 })], []],
  ['of a close by name alone', [close('of-another-version')], ['the session ended as of-another-version']],
])('%s', (_, entries, expected) => {
  expect(verdictsOn(entries, {})).toEqual(expected);
});

test('the gateway is blamed for residence only where no end was slow', () => {
  const times = { count: 100, p50: 20, p99: 80_000, max: 90_000 };
  const record = { residenceUs: { upstream: times, downstream: { ...times, p99: 100 } } };
  expect(verdictsOn([], record)).toEqual(['one frame in a hundred stayed 80 ms or longer in the gateway']);
  expect(verdictsOn([slow('client', 300)], record)).toEqual(['the client read too slowly for 300 ms']);
  expect(verdictsOn([], { isBeyondBound: true })).toEqual([
    'the provider reported more usage than there can have been',
  ]);
});

test('every ending that somebody did not ask for has a sentence of its own', () => {
  const usual = ['client-closed', 'provider-closed'];
  for (const name of Object.keys(closeOutcomes).filter((name) => !usual.includes(name))) {
    const [sentence] = verdictsOn([close(name)], {});
    expect(sentence, name).toMatch(/ /);
    expect(sentence, name).not.toContain(name);
  }
});
