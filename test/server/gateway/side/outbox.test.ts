// The outbox keeps session events in order, bounded, until they are stored.

import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { decodeMsgpack } from '../../../../codecs/msgpack.ts';
import { type EventBatch, Outbox } from '../../../../server/gateway/side/outbox.ts';
import type { SessionEnded, SessionEvent, SessionStarted, TurnFinished } from '../../../../server/ipc/session-event.ts';
import { openClient, refusedUpgrade, startGateway } from '../../../support/gateway.ts';
import { startProvider } from '../../../support/provider.ts';
import { until } from '../../../support/until.ts';

const started = (id: string, key?: string) => ({ kind: 'started', id, key }) as SessionStarted;
const turn = (session: string, number: number, user = 'hi') =>
  ({ kind: 'turn', session, number, user, assistant: 'yes' }) as TurnFinished;
const ended = (id: string) => ({ kind: 'ended', id, record: { turns: [] } as object }) as SessionEnded;

/** A side process that takes batches, or fails, as it is told. */
function outboxTo(side: { isUp: boolean }, options: Partial<ConstructorParameters<typeof Outbox>[0]> = {}) {
  const stored: SessionEvent[][] = [];
  const sent: EventBatch[] = [];
  const outbox = new Outbox({
    maxItems: 100,
    maxBytes: 1_000_000,
    whenFull: 'refuse',
    batchMs: 1,
    retryMs: 1,
    send: async (batch) => {
      sent.push(batch);
      if (!side.isUp) throw new Error('nobody is there');
      stored.push(decodeMsgpack(batch.bytes) as SessionEvent[]);
    },
    ...options,
  });
  return { outbox, stored, sent, all: () => stored.flat() };
}

test('sends events in batches, in order, until nothing is left', async () => {
  const { outbox, stored, sent, all } = outboxTo({ isUp: true });
  outbox.push(started('a'));
  for (let number = 1; number <= 150; number++) outbox.push(turn('a', number));
  outbox.push(ended('a'));
  expect(sent).toHaveLength(0);
  expect(await outbox.flush(10_000)).toBe(true);
  expect(all().map((item) => (item.kind === 'turn' ? item.number : item.kind))).toEqual([
    'started',
    ...Array.from({ length: 150 }, (_, index) => index + 1),
    'ended',
  ]);
  expect(stored.map((batch) => batch.length)).toEqual([64, 64, 24]);
  expect(sent.map((batch) => batch.ended)).toEqual([[], [], ['a']]);
  expect([outbox.items, outbox.bytes]).toEqual([0, 0]);
});

test('makes batches of at most 64 KiB, or of one event', async () => {
  const { outbox, stored } = outboxTo({ isUp: true });
  outbox.push(started('a'));
  for (let number = 1; number <= 4; number++) outbox.push(turn('a', number, 'x'.repeat(20_000)));
  outbox.push(turn('a', 5, 'x'.repeat(200_000)));
  await outbox.flush(10_000);
  expect(stored.map((batch) => batch.length)).toEqual([2, 1, 1, 1, 1]);
});

test('sends the same batch again until it is stored', async () => {
  const side = { isUp: false };
  const { outbox, all, sent } = outboxTo(side);
  outbox.push(started('a'));
  await until(() => sent.length >= 3);
  outbox.push(ended('a'));
  expect(all()).toEqual([]);
  expect(outbox.items).toBe(2);
  side.isUp = true;
  expect(await outbox.flush(10_000)).toBe(true);
  expect(all().map(({ kind }) => kind)).toEqual(['started', 'ended']);
  expect(sent.slice(0, 3).every(({ bytes }) => bytes.equals(sent[0]?.bytes ?? Buffer.alloc(0)))).toBe(true);
});

test('sends one batch at a time, and takes events meanwhile', async () => {
  const waiting: (() => void)[] = [];
  const { outbox } = outboxTo({ isUp: true }, { send: () => new Promise((resolve) => waiting.push(resolve)) });
  outbox.push(started('a'));
  await until(() => waiting.length === 1);
  for (let number = 1; number <= 20; number++) outbox.push(turn('a', number));
  for (let round = 0; round < 10; round++) await nextTurn();
  expect(waiting).toHaveLength(1);
  expect(outbox.items).toBe(21);
  expect(await outbox.flush(1)).toBe(false);
  waiting[0]?.();
  await until(() => waiting.length === 2);
  waiting[1]?.();
  expect(await outbox.flush(10_000)).toBe(true);
});

test('is full at maxItems, takes turns up to twice as many, and always takes ends', async () => {
  const side = { isUp: false };
  const { outbox, all } = outboxTo(side, { maxItems: 5 });
  for (const id of ['a', 'b', 'c', 'd']) outbox.push(started(id));
  expect(outbox.isFull).toBe(false);
  outbox.push(started('e'));
  expect(outbox.isFull).toBe(true);
  for (let number = 1; number <= 7; number++) outbox.push(turn('a', number));
  expect(outbox.lost).toBe(2);
  for (const id of ['a', 'b', 'c', 'd', 'e']) outbox.push(ended(id));
  expect(outbox.lost).toBe(2);
  side.isUp = true;
  await outbox.flush(10_000);
  expect(outbox.isFull).toBe(false);
  expect(all()).toHaveLength(15);
});

test('is full at maxBytes, too', () => {
  const { outbox } = outboxTo({ isUp: false }, { maxBytes: 100_000 });
  outbox.push(started('a'));
  outbox.push(turn('a', 1, 'x'.repeat(40_000)));
  expect(outbox.isFull).toBe(false);
  outbox.push(turn('a', 2, 'x'.repeat(10_000)));
  expect(outbox.isFull).toBe(true);
  outbox.push(turn('a', 3, 'x'.repeat(60_000)));
  outbox.push(turn('a', 4));
  expect(outbox.lost).toBe(1);
  outbox.close();
});

test('is never full with whenFull lose: it drops the events of sessions that began without room, and tells that once', async () => {
  const side = { isUp: false };
  let told = 0;
  const { outbox, all } = outboxTo(side, { maxItems: 3, whenFull: 'lose', onLost: () => (told += 1) });
  for (const id of ['a', 'b', 'c', 'd']) outbox.push(started(id));
  for (const id of ['a', 'b', 'c', 'd']) outbox.push(turn(id, 1));
  expect(outbox.isFull).toBe(false);
  for (const id of ['a', 'b', 'c', 'd']) outbox.push(ended(id));
  expect(told).toBe(1);
  side.isUp = true;
  await outbox.flush(10_000);
  const ids = all().map((item) => `${item.kind} ${sessionOf(item)}`);
  expect(ids).toEqual(['started a', 'started b', 'started c', 'ended a', 'ended b', 'ended c']);
  expect(outbox.lost).toBe(6);
});

test('ids that find no room in the outbox are not counted as lost', () => {
  const outbox = new Outbox({ maxItems: 1, maxBytes: 1e6, whenFull: 'refuse', send: () => new Promise(() => {}) });
  const push = () => outbox.push({ kind: 'handed-out', key: 'ann', ids: [{ digest: 'd', key: 'ann', expiresAt: 1 }] });
  expect([push(), push(), push()]).toEqual([true, true, false]);
  expect(outbox.lost).toBe(0);
  outbox.close();
});

test('sends nothing once it is closed', async () => {
  const { outbox, sent } = outboxTo({ isUp: false });
  outbox.push(started('a'));
  await until(() => sent.length > 0);
  outbox.close();
  const before = sent.length;
  outbox.push(started('b'));
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(sent.length - before).toBeLessThanOrEqual(1);
  expect(outbox.items).toBe(0);
});

const sessionOf = (event: SessionEvent) => ('id' in event ? event.id : 'session' in event ? event.session : event.key);

describe('keys that share the room', () => {
  const idsOf = (events: readonly SessionEvent[]) => events.map(sessionOf);

  test('are refused beyond an even part of it, and one that has nothing finds room while the others hold all of it', async () => {
    const side = { isUp: false };
    const { outbox, all } = outboxTo(side, { maxItems: 12, isShared: true });
    for (let index = 0; index < 12; index++) outbox.push(started(`a${index}`, 'a'));
    expect(outbox.fullness('a')).toBe('share');
    expect(outbox.fullness('b')).toBeUndefined();
    for (let index = 0; index < 6; index++) outbox.push(started(`b${index}`, 'b'));
    expect(outbox.fullness('b')).toBe('share');
    expect(outbox.fullness('c')).toBeUndefined();
    expect(outbox.isFull).toBe(false);
    for (let index = 0; index < 6; index++) outbox.push(started(`c${index}`, 'c'));
    expect([outbox.isFull, outbox.fullness('d')]).toEqual([true, 'all']);
    side.isUp = true;
    await outbox.flush(10_000);
    expect(all()).toHaveLength(24);
    expect([outbox.fullness('a'), outbox.fullness('b')]).toEqual([undefined, undefined]);
  });

  test('share the bytes, too', () => {
    const { outbox } = outboxTo({ isUp: false }, { maxBytes: 100_000, isShared: true });
    outbox.push(started('a', 'a'));
    outbox.push(turn('a', 1, 'x'.repeat(60_000)));
    outbox.push(turn('a', 2, 'x'.repeat(10_000)));
    expect([outbox.fullness('a'), outbox.fullness('b')]).toEqual(['share', undefined]);
    outbox.close();
  });

  test('lose turns of their own only', () => {
    const { outbox } = outboxTo({ isUp: false }, { maxItems: 5, isShared: true });
    outbox.push(started('a', 'a'));
    outbox.push(started('b', 'b'));
    for (let number = 1; number <= 10; number++) outbox.push(turn('a', number));
    expect(outbox.lost).toBe(6);
    for (let number = 1; number <= 4; number++) outbox.push(turn('b', number));
    expect(outbox.lost).toBe(6);
    outbox.close();
  });

  test('are stored in turn, each in its order', async () => {
    const side = { isUp: false };
    const { outbox, all } = outboxTo(side, { isShared: true });
    for (const id of ['a1', 'a2', 'a3', 'a4']) outbox.push(started(id, 'a'));
    for (const id of ['b1', 'b2']) outbox.push(started(id, 'b'));
    side.isUp = true;
    await outbox.flush(10_000);
    expect(idsOf(all())).toEqual(['a1', 'b1', 'a2', 'b2', 'a3', 'a4']);
  });

  test('have all of it where only one of them has something here', () => {
    const { outbox } = outboxTo({ isUp: false }, { maxItems: 5, isShared: true });
    for (const id of ['1', '2', '3', '4']) outbox.push(started(id, 'a'));
    expect(outbox.fullness('a')).toBeUndefined();
    outbox.push(started('5', 'a'));
    expect(outbox.fullness('a')).toBe('share');
    outbox.close();
  });
});

test('a key whose sessions come faster than they are stored is refused with 429, and another key is served', async () => {
  const provider = await startProvider();
  const outbox = new Outbox({
    maxItems: 6,
    maxBytes: 1_000_000,
    whenFull: 'refuse',
    isShared: true,
    send: () => new Promise(() => {}),
  });
  const keys = ['churner', 'other'].map((id) => ({ id, secret: `${id}-secret` }));
  const gateway = await startGateway({ provider: provider.url, keys, outbox });
  const url = `${gateway.url}/v1/realtime?model=gpt-realtime-2.1`;
  const as = (id: string) => ({ headers: { authorization: `Bearer ${id}-secret` } });
  for (let count = 0; count < 3; count++) {
    (await openClient(url, as('churner'))).terminate();
    await gateway.nextEnd();
  }
  const { status, headers, body } = await refusedUpgrade(url, as('churner'));
  expect([status, headers['retry-after']]).toEqual([429, '1']);
  expect(JSON.parse(body).error).toMatchObject({
    code: 'outbox_share_full',
    message: expect.stringContaining('side.outboxItems'),
  });
  await openClient(url, as('other'));
  await gateway.close();
  await provider.close();
});
