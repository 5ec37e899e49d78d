// Tests session events as rows of a real store.

import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadConfig } from '../../../../server/config/load.ts';
import type { SessionEnded, SessionEvent, SessionStarted, TurnFinished } from '../../../../server/ipc/session-event.ts';
import { createPrices } from '../../../../server/side/billing/prices.ts';
import { Ingest } from '../../../../server/side/sessions/ingest.ts';
import type { Store } from '../../../../server/side/store/contract/store.ts';
import { openStore } from '../../../../server/side/store/open.ts';
import { ARMED_AT } from '../../../../server/side/tasks/plan.ts';
import { configFile } from '../../../support/config-file.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const config = loadConfig({
  file: configFile({
    keys: [{ id: 'web', secret: 'secret-of-web' }],
    prices: {
      'voice-1': { input: 1, output: 2, audioInput: 10, audioOutput: 20 },
      'dear-1': { input: 50, output: 50 },
    },
    budgets: [{ key: 'web', window: 'total', maxUsd: 5 }],
    gateways: { g: { profile: 'openai', apiKey: 'x' } },
    classes: { plain: { targets: [{ gateway: 'g', model: 'gpt-5-mini' }] } },
    tasks: [
      { kind: 'summary', class: 'plain', when: 'end' },
      { kind: 'rolling-summary', class: 'plain', when: { everyTurns: 2 } },
    ],
    webhooks: [
      {
        url: 'https://hooks.example.com/x',
        secret: 'whsec_MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0',
        events: ['session.ended'],
      },
    ],
  }),
  env: {},
});

let store: Store;
let folder: string;
let lines: Record<string, unknown>[];

beforeEach(async () => {
  folder = temporaryFolder('ingest');
  store = await openStore({ url: 'sqlite', dataDirectory: folder });
  lines = [];
});
afterEach(() => store.close());

function ingestFor(owner = 'me', onCommitted?: (events: readonly SessionEvent[]) => void): Ingest {
  const log = pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const parts = { ownBudgets: { of: async () => [] }, prices: createPrices(config.prices), owner, log };
  return new Ingest({ config, store, ...parts, ...(onCommitted && { onCommitted }) });
}

const started = (id: string, more: Partial<SessionStarted> = {}): SessionStarted => ({
  kind: 'started',
  id,
  key: 'web',
  team: undefined,
  provider: 'openai',
  route: '/v1/realtime',
  dialect: 'openai-realtime',
  model: 'voice-1',
  promptClass: 'realtime',
  dataClass: 'open',
  isRehearsal: false,
  startedAt: 1000,
  ...more,
});
const turn = (session: string, number: number, more: Partial<TurnFinished> = {}): TurnFinished => ({
  kind: 'turn',
  session,
  number,
  startedAt: 1000 * number,
  endedAt: 1000 * number + 500,
  user: `u${number}`,
  assistant: `a${number}`,
  isInterrupted: false,
  usage: { inputTokens: 1000 * number, inputAudioTokens: 1000 * number, totalTokens: 1000 * number },
  model: undefined,
  ...more,
});
const ended = (id: string, reason = 'client-closed', usage: object = turn(id, 2).usage): SessionEnded =>
  ({ kind: 'ended', id, endedAt: 9000, record: { id, reason, usage, model: undefined } }) as unknown as SessionEnded;
const realtime = async (session: string) => store.ledger({ session, limit: 10 });
const spent = async () => (await store.budgetUse('web|*|total|0')).spentMicroUsd;

test('a session becomes its rows, and the same batch again changes nothing', async () => {
  const taken: number[] = [];
  const ingest = ingestFor('me', (items) => taken.push(items.length));
  const batches: SessionEvent[][] = [[started('s'), turn('s', 1)], [turn('s', 2)], [ended('s')]];
  for (const batch of batches) await ingest.commit(batch);
  const see = async () => ({
    session: await store.session('s'),
    turns: await store.turns('s'),
    tasks: (await store.tasks({ session: 's', limit: 10 })).map(({ id, runAt, state }) => [
      id,
      state,
      runAt < ARMED_AT,
    ]),
    ledger: await realtime('s'),
    spent: await spent(),
    deliveries: (await store.claimDeliveries({ now: 9000, leaseUntil: 9000, count: 10 })).map(({ id, event }) => [
      id,
      event,
    ]),
  });
  const once = await see();
  expect(once).toMatchObject({
    session: { id: 's', owner: 'me', endedAt: 9000, reason: 'client-closed' },
    turns: [
      { number: 1, user: 'u1', assistant: 'a1' },
      { number: 2, user: 'u2', assistant: 'a2' },
    ],
    ledger: [
      {
        id: 's',
        ...{ kind: 'realtime', path: 'direct' },
        asked: 'voice-1',
        served: 'voice-1',
        outcome: 'ok',
        costMicroUsd: 20_000,
        ...{ provider: 'openai', why: 'openai serves /v1/realtime' },
      },
    ],
    spent: 20_000,
  });
  expect(JSON.parse(once.session?.record ?? '')).toMatchObject({ reason: 'client-closed', costMicroUsd: 20_000 });
  expect(once.tasks.sort()).toEqual([
    ['s.rolling-summary.2', 'queued', true],
    ['s.summary', 'queued', true],
  ]);
  expect(once.deliveries).toMatchObject([[expect.any(String), 'session.ended']]);
  for (const batch of [...batches, batches.flat()]) await ingest.commit(batch);
  expect(await see()).toEqual({ ...once, deliveries: expect.anything() });
  expect(taken.slice(0, 3)).toEqual([2, 1, 1]);
});

test('while a session lives its tasks are armed (none where no text is kept), and its row is pending with what it has used so far', async () => {
  await ingestFor().commit([started('s'), turn('s', 1)]);
  expect(await store.tasks({ session: 's', limit: 10 })).toMatchObject([{ id: 's.summary', runAt: ARMED_AT }]);
  expect(await realtime('s')).toMatchObject([
    { outcome: 'pending', usage: { totalTokens: 1000 }, costMicroUsd: 10_000 },
  ]);
  expect(await spent()).toBe(10_000);
  await ingestFor().commit([turn('s', 2, { isBeyondBound: true })]);
  expect(await realtime('s')).toMatchObject([{ isFlagged: true, flags: ['beyond_bound'] }]);
  await ingestFor().commit([started('t', { isTextless: true })]);
  expect(await store.tasks({ session: 't', limit: 10 })).toEqual([]);
});

test('each model of a session costs its own price', async () => {
  const part = (model: string | undefined, inputTokens: number) => ({
    model,
    usage: { inputTokens, totalTokens: inputTokens },
  });
  const usage = { inputTokens: 3000, totalTokens: 3000 };
  const usageByModel = [part(undefined, 1000), part('dear-1', 2000)];
  await ingestFor().commit([started('s'), turn('s', 1, { usage, usageByModel, model: 'dear-1' })]);
  expect(await realtime('s')).toMatchObject([{ served: 'dear-1', usage, costMicroUsd: 1000 + 2000 * 50 }]);
  usageByModel.push(part('nobody-knows-this', 1));
  await ingestFor().commit([turn('s', 2, { usage, usageByModel, model: 'dear-1' })]);
  expect(await realtime('s')).toMatchObject([{ costMicroUsd: undefined, costSource: 'unknown' }]);
});

describe('unknown costs', () => {
  test.each([
    ['where the price is not known', { model: 'nobody-knows-this' }, { inputTokens: 10 }],
    ['where nothing was reported', {}, {}],
    ['where the model is not known', { model: undefined }, { inputTokens: 10 }],
  ])('a cost is unknown, never zero, %s', async (_, more, usage) => {
    await ingestFor().commit([started('s', more), ended('s', 'client-closed', usage)]);
    expect(await realtime('s')).toMatchObject([{ costMicroUsd: undefined, costSource: 'unknown' }]);
  });
});

test('the reason of a bad end is the outcome of the ledger row', async () => {
  await ingestFor().commit([started('s'), ended('s', 'provider-silent')]);
  expect(await realtime('s')).toMatchObject([{ outcome: 'provider-silent' }]);
});

describe('the sessions of a gateway process that died', () => {
  test('sessions of a lost gateway process end with what they had used, and their tasks may run', async () => {
    const ingest = ingestFor();
    await ingest.commit([started('s'), turn('s', 1)]);
    await ingest.commit([{ kind: 'lost', id: 's', endedAt: 5000 }]);
    expect(await store.session('s')).toMatchObject({ reason: 'gateway-lost', endedAt: 5000, record: undefined });
    expect(await realtime('s')).toMatchObject([{ outcome: 'gateway-lost', usage: { totalTokens: 1000 } }]);
    expect(await store.tasks({ session: 's', limit: 10 })).toMatchObject([{ id: 's.summary', runAt: 5000 }]);
  });

  test('sessions of a lost gateway process keep the end that they gave themselves', async () => {
    const ingest = ingestFor();
    await ingest.commit([started('s'), ended('s')]);
    await ingest.commit([{ kind: 'lost', id: 's', endedAt: 9500 }]);
    expect(await store.session('s')).toMatchObject({ reason: 'client-closed', endedAt: 9000 });
    expect(await realtime('s')).toMatchObject([{ outcome: 'ok' }]);
  });
});

test('events of unknown sessions are left out, and the rest is stored', async () => {
  await ingestFor().commit([
    turn('x', 1),
    { kind: 'lost', id: 'y', endedAt: 1 },
    ended('z'),
    started('s'),
    turn('s', 1),
  ]);
  expect(await store.sessions({ limit: 10 })).toHaveLength(1);
  expect(await store.turns('x')).toEqual([]);
  expect(lines.filter(({ msg }) => msg === 'unknown session').map(({ id }) => id)).toEqual(['x', 'y', 'z']);
});

test('an event that cannot be understood is left out, and holds up nothing', async () => {
  await ingestFor().commit([started('s'), { ...ended('s'), record: null as never }, turn('s', 1)]);
  expect(await store.turns('s')).toHaveLength(1);
  expect(lines.filter(({ msg }) => msg === 'item lost: it cannot be stored')).toMatchObject([{ kind: 'ended' }]);
});

test('the rest of a session is stored after a restart, too', async () => {
  await ingestFor().commit([started('s'), turn('s', 1)]);
  await ingestFor().commit([turn('s', 2), ended('s')]);
  expect(await store.turns('s')).toHaveLength(2);
  expect(await realtime('s')).toMatchObject([{ outcome: 'ok', usage: { totalTokens: 2000 } }]);
});

test('recovered sessions get their ledger row and their message', async () => {
  await ingestFor('before').commit([started('s'), turn('s', 1)]);
  // The instance that ended them first was killed before it could write the rows.
  await store.recoverSessions('gone too', 20_000);
  const sessions = await store.recoverSessions('now', 20_000);
  const ingest = ingestFor('now');
  await ingest.finishRecovered(sessions);
  expect(await realtime('s')).toMatchObject([{ outcome: 'recovered', costMicroUsd: 10_000 }]);
  expect(await store.claimDeliveries({ now: Date.now(), leaseUntil: Date.now(), count: 10 })).toMatchObject([
    { event: 'session.ended' },
  ]);
});

test('a batch that the store refuses fails as a whole, and the next one is committed', async () => {
  const ingest = ingestFor();
  const broken = { ...turn('s', 1), startedAt: Number.NaN };
  await ingest.commit([started('s')]);
  const refused = { take: store.commitSessions };
  store.commitSessions = () => Promise.reject(new Error('disk full'));
  await expect(ingest.commit([broken])).rejects.toThrow('disk full');
  store.commitSessions = refused.take;
  await ingest.commit([turn('s', 1)]);
  expect(await store.turns('s')).toHaveLength(1);
});

describe('an id that a client offers again', () => {
  const again = { startedAt: 20_000 };

  test('an id that is offered again is another session, whose usage adds to that of the first', async () => {
    const ingest = ingestFor();
    await ingest.commit([started('s'), turn('s', 1), turn('s', 2), ended('s')]);
    await ingest.commit([started('s', again), turn('s', 1, { user: 'second' })]);
    // The second side process starts without any sessions in memory.
    await ingestFor().commit([started('s', again), ended('s', 'client-closed', turn('s', 1).usage)]);
    expect(await realtime('s')).toMatchObject([{ costMicroUsd: 20_000 }]);
    expect(await realtime('s.2')).toMatchObject([{ costMicroUsd: 10_000, outcome: 'ok' }]);
    expect(await spent()).toBe(30_000);
    expect((await store.turns('s.2')).map(({ user }) => user)).toEqual(['second']);
    expect(await store.session('s.3')).toBeUndefined();
  });

  test('an id that another key offers again neither reads nor changes the first session', async () => {
    const ingest = ingestFor();
    await ingest.commit([started('s'), turn('s', 1), ended('s')]);
    await ingest.commit([started('s', { ...again, key: 'other' }), turn('s', 2, { user: 'theirs' }), ended('s')]);
    expect(await store.session('s')).toMatchObject({ key: 'web' });
    expect((await store.turns('s')).map(({ user }) => user)).toEqual(['u1']);
    expect(await realtime('s')).toMatchObject([{ key: 'web' }]);
    expect(await store.session('s.2')).toMatchObject({ key: 'other', reason: 'client-closed' });
  });

  test('an id can be offered any number of times, also within one batch', async () => {
    const calls = Array.from({ length: 9 }, (_, index) => [started('s', { startedAt: 1000 + index }), ended('s')]);
    await ingestFor().commit(calls.slice(0, 6).flat());
    await ingestFor().commit(calls.slice(6).flat());
    await ingestFor().commit(calls.slice(8).flat());
    const ids = (await store.sessions({ limit: 20 })).map(({ id }) => id);
    expect(ids).toEqual(['s.9', 's.8', 's.7', 's.6', 's.5', 's.4', 's.3', 's.2', 's']);
    expect(await spent()).toBe(9 * 20_000);
  });
});

test('a rehearsal counts in no budget', async () => {
  await ingestFor().commit([started('s', { isRehearsal: true }), turn('s', 1), ended('s')]);
  expect(await realtime('s')).toMatchObject([{ costMicroUsd: 20_000, isRehearsal: true }]);
  expect(await spent()).toBe(0);
});

test('an end counts although the clock puts it before the last turn', async () => {
  await ingestFor().commit([started('s'), turn('s', 2, { endedAt: 9_000_000 }), ended('s')]);
  expect(await realtime('s')).toMatchObject([{ outcome: 'ok' }]);
});
