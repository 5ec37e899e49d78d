// Sessions go on when the side process is gone, hangs or comes back; their events are stored once.

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import { openClient, refusedUpgrade } from '../../support/gateway.ts';
import { closed } from '../../support/inbox.ts';
import { childrenOf } from '../../support/processes.ts';
import type { FakeProvider } from '../../support/provider.ts';
import { type Served, serve } from '../../support/served.ts';
import { type StoredCall, storedCalls } from '../../support/stored.ts';
import { startTurnProvider, talk, turn } from '../../support/turn-provider.ts';
import { until } from '../../support/until.ts';

const REALTIME = '/v1/realtime?model=gpt-realtime-2.1';
let provider: FakeProvider;
let gateway: Served | undefined;
beforeAll(async () => {
  provider = await startTurnProvider();
});
afterAll(() => provider.close());
afterEach(async () => {
  if (gateway?.child.exitCode === null && gateway.child.signalCode === null) await gateway.stop();
  gateway = undefined;
});

async function start(config: Record<string, unknown> = {}): Promise<Served> {
  gateway = await serve({ transcripts: 'P30D', tasks: [], ...config });
  return gateway;
}

async function stored(served: Served): Promise<StoredCall[]> {
  await served.stop();
  return storedCalls(served.data);
}

const sideOf = (served: Served): number => childrenOf(served.run.pid, 'side/process')[0] ?? 0;
const waiting = (served: Served): Promise<number> => served.metric('trunkline_outbox_items');
const texts = (calls: readonly StoredCall[]) =>
  calls.map(({ turns }) => turns.map(({ user, assistant }) => [user, assistant]));

describe('while the side process', () => {
  test('is dead, sessions go on, and their events are stored once when it is back', async () => {
    const served = await start({ provider: provider.url });
    const client = await openClient(served.url + REALTIME);
    await turn(client, 'one');
    const victim = sideOf(served);
    for (let round = 0; round < 3; round++) {
      process.kill(sideOf(served), 'SIGKILL');
      await turn(client, `round ${round}`);
      await talk(client, 50);
      await until(() => sideOf(served) !== 0 && sideOf(served) !== victim);
    }
    const late = await openClient(served.url + REALTIME);
    await talk(late, 1);
    await until(async () => (await waiting(served)) === 0 && (await fetch(`${served.admin}/readyz`)).status === 200);
    for (const socket of [client, late]) socket.close(1000);
    for (const socket of [client, late]) expect((await closed(socket)).code).toBe(1000);
    const calls = await stored(served);
    expect(texts(calls)).toEqual([
      [
        ['asked one', 'one'],
        ['asked round 0', 'round 0'],
        ['asked round 1', 'round 1'],
        ['asked round 2', 'round 2'],
      ],
      [],
    ]);
    expect(calls.map(({ session }) => session.reason)).toEqual(['client-closed', 'client-closed']);
    expect(calls[0]?.ledger).toMatchObject([{ usage: { totalTokens: 40 }, outcome: 'ok' }]);
  });

  test('hangs, sessions go on, and new ones are refused only while the outbox is full', async () => {
    const served = await start({ provider: provider.url, side: { outboxItems: 5 } });
    const first = await openClient(served.url + REALTIME);
    await until(async () => (await waiting(served)) === 0);
    process.kill(sideOf(served), 'SIGSTOP');
    const clients = [first];
    for (let count = 0; count < 5; count++) clients.push(await openClient(served.url + REALTIME));
    expect(await served.metric('trunkline_outbox_items')).toBe(5);
    const refused = await refusedUpgrade(served.url + REALTIME);
    expect([refused.status, refused.headers['retry-after'], JSON.parse(refused.body).error.code]).toEqual([
      503,
      '5',
      'side_unavailable',
    ]);
    const asked = await fetch(served.url.replace('ws', 'http') + REALTIME, { headers: { connection: 'close' } });
    expect(asked.status).toBe(503);
    for (const client of clients) await talk(client, 20);
    await turn(first, 'while it hangs');
    process.kill(sideOf(served), 'SIGCONT');
    await until(async () => (await waiting(served)) === 0);
    clients.push(await openClient(served.url + REALTIME));
    for (const client of clients) client.close(1000);
    for (const client of clients) expect((await closed(client)).code).toBe(1000);
    expect(await served.metric('trunkline_outbox_lost_total')).toBe(0);
    const calls = await stored(served);
    expect(calls).toHaveLength(7);
    expect(calls.every(({ session }) => session.reason === 'client-closed')).toBe(true);
    expect(texts(calls)[0]).toEqual([['asked while it hangs', 'while it hangs']]);
  });

  test('hangs for longer than silenceMs, it is started anew, and nothing is lost', async () => {
    const served = await start({ provider: provider.url, side: { silenceMs: 500 } });
    const client = await openClient(served.url + REALTIME);
    await until(async () => (await waiting(served)) === 0);
    const hung = sideOf(served);
    process.kill(hung, 'SIGSTOP');
    await turn(client, 'while it hangs');
    await until(async () => sideOf(served) !== hung && (await waiting(served)) === 0);
    client.close(1000);
    await closed(client);
    expect(texts(await stored(served))).toEqual([[['asked while it hangs', 'while it hangs']]]);
  });

  test('hangs and whenFull is lose, no session is refused, and lost events are counted, and logged once', async () => {
    const served = await start({ provider: provider.url, side: { outboxItems: 2, whenFull: 'lose' } });
    process.kill(sideOf(served), 'SIGSTOP');
    const clients: WebSocket[] = [];
    for (let count = 0; count < 4; count++) clients.push(await openClient(served.url + REALTIME));
    for (const client of clients) await talk(client, 5);
    for (const client of clients) client.close(1000);
    for (const client of clients) await closed(client);
    const told = () => served.lines().filter(({ msg }) => String(msg).startsWith('the outbox is full'));
    await until(async () => told().length > 0 && (await served.metric('trunkline_outbox_lost_total')) >= 2);
    expect(told()).toHaveLength(1);
    process.kill(sideOf(served), 'SIGCONT');
    await until(async () => (await waiting(served)) === 0);
    const calls = await stored(served);
    expect(calls).toHaveLength(2);
    expect(calls.every(({ session }) => session.reason === 'client-closed')).toBe(true);
  });

  test('cannot write, the sessions of a gateway process that died are stored once it can', async () => {
    const served = await start({ provider: provider.url });
    const client = await openClient(served.url + REALTIME);
    await turn(client, 'one');
    await until(async () => (await waiting(served)) === 0);
    const beside = new DatabaseSync(join(served.data, 'trunkline.db'));
    beside.exec("create trigger full before update on session begin select raise(abort, 'no room'); end");
    process.kill(childrenOf(served.run.pid, 'gateway/process')[0] ?? 0, 'SIGKILL');
    const complaints = () => served.lines().filter(({ msg }) => String(msg).endsWith('not stored yet'));
    await until(() => complaints().length > 0);
    beside.exec('drop trigger full');
    const end = beside.prepare('select reason from session');
    await until(() => end.get()?.reason === 'gateway-lost');
    beside.close();
    expect(complaints()).toHaveLength(1);
    expect(texts(await stored(served))).toEqual([[['asked one', 'one']]]);
  });
});
