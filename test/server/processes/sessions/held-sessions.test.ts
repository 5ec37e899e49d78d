// Tests kill -9 of a gateway process in the middle of starts, turns and ends: every session whose client had its 101 is stored, with the end
// that its client saw. TRUNKLINE_LONG=1 runs 100 rounds, else 6.

import { randomUUID } from 'node:crypto';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { decodeMsgpack } from '../../../../codecs/msgpack.ts';
import type { SessionEvent, SessionStarted, TurnFinished } from '../../../../server/ipc/session-event.ts';
import type { SessionRecord } from '../../../../server/ipc/session-record.ts';
import { HeldSessions } from '../../../../server/processes/sessions/held-sessions.ts';
import { openStore } from '../../../../server/side/store/open.ts';
import { openClient } from '../../../support/gateway.ts';
import { closed } from '../../../support/inbox.ts';
import { childrenOf } from '../../../support/processes.ts';
import type { FakeProvider } from '../../../support/provider.ts';
import { seededRandom } from '../../../support/random.ts';
import { type Served, serve } from '../../../support/served.ts';
import { startTurnProvider, turn } from '../../../support/turn-provider.ts';
import { until } from '../../../support/until.ts';

const isLong = process.env.TRUNKLINE_LONG === '1';
const ROUNDS = isLong ? 100 : 6;
const AT_ONCE = 12;
const REALTIME = '/v1/realtime?model=gpt-realtime-2.1';
const chance = seededRandom(7);

const started = (id: string) => ({ kind: 'started', id, startedAt: 1 }) as unknown as SessionStarted;
const record = (id: string) => ({ id, state: 'closing', reason: 'client-closed' }) as unknown as SessionRecord;
const kinds = (held: HeldSessions) =>
  held
    .batches()
    .flatMap((bytes) => decodeMsgpack(bytes) as SessionEvent[])
    .map((event) => [event.kind, 'id' in event ? event.id : 'session' in event ? event.session : event.key]);

test('a session is held until its end is stored: with its start while that is not stored, and the end that it gave itself', () => {
  const held = new HeldSessions();
  for (const id of ['a', 'b', 'c', 'd']) held.announced(started(id));
  const batch = { bytes: Buffer.from([0x90]), started: ['a', 'b', 'c'], ended: ['c'], kept: [] };
  held.handedOver(batch);
  held.stored(batch);
  held.ending(record('b'));
  held.ending(record('nobody'));
  expect(kinds(held)).toEqual([
    ['started', 'd'],
    ['lost', 'a'],
    ['ended', 'b'],
    ['lost', 'd'],
  ]);
});

test('a session that did not open is not held, but what is left of an earlier one with its id is', () => {
  const held = new HeldSessions();
  for (const id of ['a', 'b']) held.announced(started(id));
  held.ending(record('b'));
  for (const id of ['a', 'b']) held.forget(id);
  expect(kinds(held)).toEqual([
    ['started', 'b'],
    ['ended', 'b'],
  ]);
});

test('a batch that was handed over and is not stored comes first, and as it came', () => {
  const held = new HeldSessions();
  const bytes = Buffer.from([0x90]);
  held.handedOver({ bytes, started: ['a'], ended: [], kept: [] });
  expect(held.batches()[0]).toBe(bytes);
  expect(kinds(held)).toEqual([['lost', 'a']]);
});

test('turns and ids are held until they are stored, and come between the start of their session and its end', () => {
  const held = new HeldSessions();
  held.announced(started('a'));
  for (const number of [1, 2]) held.kept({ number, event: { kind: 'turn', session: 'a', number } as TurnFinished });
  held.kept({ number: 3, event: { kind: 'handed-out', key: 'ann', ids: [] } });
  held.stored({ bytes: Buffer.from([0x90]), started: [], ended: [], kept: [1] });
  expect(kinds(held)).toEqual([
    ['started', 'a'],
    ['turn', 'a'],
    ['handed-out', 'ann'],
    ['lost', 'a'],
  ]);
});

let provider: FakeProvider;
beforeAll(async () => {
  provider = await startTurnProvider();
});
afterAll(() => provider.close());

const gatewayOf = (served: Served): number => childrenOf(served.run.pid, 'gateway/process')[0] ?? 0;

/** Sessions that got their 101, and those whose close was answered. */
interface Seen {
  readonly opened: Set<string>;
  readonly closed: Set<string>;
}

/** Opens sessions one after the other until told to stop; most speak, and most close by themselves. Half of them bring an id of their own. */
async function churn(served: Served, seen: Seen, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    const offered = chance.below(2) > 0 ? `&trunkline-session=${randomUUID()}` : '';
    let id = '';
    const finishRequest = (request: ClientRequest): void => {
      request.once('upgrade', ({ headers }: IncomingMessage) => {
        id = String(headers['x-trunkline-session']);
      });
      request.end();
    };
    const client = await openClient(served.url + REALTIME + offered, { finishRequest }).catch(() => delay(5));
    if (client === undefined) continue;
    seen.opened.add(id);
    const gone = closed(client);
    if (chance.below(3) > 0) await Promise.race([turn(client, 'one'), gone]);
    if (chance.below(4) > 0) client.close(1000);
    const end = await Promise.race([gone, delay(chance.below(60))]);
    if (end?.code === 1000) seen.closed.add(id);
  }
}

test(`no session that a client saw open is missing after kill -9 of its gateway process (${ROUNDS} rounds)`, {
  timeout: ROUNDS * 10_000 + 20_000,
}, async () => {
  const served = await serve({ provider: provider.url, transcripts: 'P30D', tasks: [] });
  const seen: Seen = { opened: new Set(), closed: new Set() };
  for (let round = 0; round < ROUNDS; round += 1) {
    let isOver = false;
    const before = seen.opened.size;
    const clients = Array.from({ length: AT_ONCE }, () => churn(served, seen, () => isOver));
    await until(() => seen.opened.size > before + AT_ONCE);
    await delay(chance.below(200));
    const victim = gatewayOf(served);
    process.kill(victim, 'SIGKILL');
    isOver = true;
    await Promise.all(clients);
    await until(() => gatewayOf(served) !== 0 && gatewayOf(served) !== victim);
    await until(async () => (await fetch(`${served.admin}/readyz`).catch(() => undefined))?.status === 200);
  }
  await served.stop();
  const store = await openStore({ url: 'sqlite', dataDirectory: served.data });
  const missing: string[] = [];
  const open: string[] = [];
  const mistaken: unknown[] = [];
  for (const id of seen.opened) {
    const session = await store.session(id);
    if (session === undefined) missing.push(id);
    else if (session.endedAt === undefined) open.push(id);
    else if (seen.closed.has(id) && session.reason !== 'client-closed') mistaken.push(session.reason);
  }
  await store.close();
  process.stdout.write(
    `sessions at ${ROUNDS} kills: ${seen.opened.size} opened, ${seen.closed.size} closed, ${missing.length} missing, ${open.length} without an end, ${mistaken.length} with another end\n`,
  );
  expect(seen.opened.size).toBeGreaterThan(ROUNDS * AT_ONCE);
  expect({ missing, open, mistaken }).toEqual({ missing: [], open: [], mistaken: [] });
});

test('turns that waited in a gateway process are stored after its kill -9, with what they used', async () => {
  const served = await serve({ provider: provider.url, transcripts: 'P30D', tasks: [] });
  onTestFinished(() => served.stop());
  const id = randomUUID();
  const client = await openClient(`${served.url}${REALTIME}&trunkline-session=${id}`);
  const [side = 0] = childrenOf(served.run.pid, 'side/process');
  // While it stands still, nothing leaves the queue of the gateway process.
  process.kill(side, 'SIGSTOP');
  const words = ['one', 'two', 'three', 'four'];
  for (const said of words) {
    await turn(client, said);
    await delay(50);
  }
  process.kill(gatewayOf(served), 'SIGKILL');
  await closed(client);
  process.kill(side, 'SIGCONT');
  const stored = await until(async () => {
    const session = await (
      await fetch(`${served.url.replace('ws', 'http')}/v1/sessions/${id}`).catch(() => undefined)
    )?.json();
    return session?.reason === 'gateway-lost' && session;
  });
  expect(stored.turns.map(({ assistant }: { assistant: string }) => assistant)).toEqual(words);
  expect(stored.ledger).toMatchObject([{ outcome: 'gateway-lost', usage: { totalTokens: 40 } }]);
});
