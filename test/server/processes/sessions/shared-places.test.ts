// Tests maxSessions and rates over machines: two supervisors with two gateway processes and two side processes each, on one Postgres.
// TRUNKLINE_LONG=1 runs 100 rounds of sessions, else 3.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import { openClient } from '../../../support/gateway.ts';
import { closed } from '../../../support/inbox.ts';
import { type LlmGateway, llmGateway } from '../../../support/llm-gateway.ts';
import { postgresForTests } from '../../../support/postgres.ts';
import { childrenOf, killAll } from '../../../support/processes.ts';
import { type FakeProvider, startProvider } from '../../../support/provider.ts';
import { type Served, serve } from '../../../support/served.ts';
import { until } from '../../../support/until.ts';

const isLong = process.env.TRUNKLINE_LONG === '1';
const ROUNDS = isLong ? 100 : 3;
const [AT_ONCE, MOST] = [200, 5];
/** Longer than a side process takes to start anew, on however busy a machine; and of a machine that is killed, whose lease is waited for. */
const [LEASE_MS, SHORT_LEASE_MS] = [600_000, 10_000];
const REALTIME = '/v1/realtime?model=gpt-realtime-2.1';
const HEADERS = { headers: { authorization: 'Bearer secret-of-web' } };

const postgres = await postgresForTests();
let provider: FakeProvider;
let llm: LlmGateway;
let machines: Served[] = [];
let config: Parameters<typeof serve>[0];

beforeAll(async () => {
  if (postgres === undefined) return;
  [provider, llm] = await Promise.all([startProvider(), llmGateway({ behaviour: { text: 'Good day' } })]);
  config = {
    provider: provider.url,
    rehearsal: false,
    processes: 2,
    store: { url: await postgres.database() },
    keys: [
      { id: 'web', secret: 'secret-of-web', maxSessions: MOST },
      { id: 'calls', secret: 'secret-of-calls', rates: { callsPerMinute: 7 } },
      { id: 'one', secret: 'secret-of-one', team: 'apps' },
      { id: 'two', secret: 'secret-of-two', team: 'apps', maxSessions: 2 },
      { id: 'opens', secret: 'secret-of-opens', rates: { sessionsPerMinute: 3 } },
    ],
    teams: { apps: { maxSessions: 3 } },
    gateways: { g: { profile: 'openai-compatible', baseUrl: llm.baseUrl, apiKey: 'x', allowPrivate: true } },
    classes: { plain: { targets: [{ gateway: 'g', model: 'plain-1' }] } },
    side: { ownerLeaseMs: LEASE_MS, processes: 2 },
  };
  machines = await Promise.all([0, 1].map(() => serve(config, undefined, ['--role', 'gateway'])));
});
afterAll(async () => {
  await Promise.all(machines.map((machine) => machine.stop()));
  await Promise.all([provider?.close(), llm?.close()]);
});

const open = ({ url }: Served): Promise<WebSocket | string> =>
  openClient(url + REALTIME, HEADERS).catch((error: Error) => error.message);

/** Opens so many at once, on each machine in turn. Resolves with those that opened. */
async function openMany(count: number): Promise<readonly WebSocket[]> {
  const outcomes = await Promise.all(Array.from({ length: count }, (_, at) => open(machines[at % 2] as Served)));
  const refused = new Set(outcomes.filter((outcome) => typeof outcome === 'string'));
  expect([...refused]).toEqual(['Unexpected server response: 429']);
  return outcomes.filter((outcome) => typeof outcome === 'object');
}

async function end(clients: readonly WebSocket[]): Promise<void> {
  const ends = clients.map((client) => closed(client));
  for (const client of clients) client.close();
  await Promise.all(ends);
}

/** Opens as many as may be, which takes as long as it takes until places of those that are gone are free. */
async function openAll(machine: Served, count: number): Promise<readonly WebSocket[]> {
  const clients: WebSocket[] = [];
  while (clients.length < count) {
    const outcome = await until(() => open(machine));
    if (typeof outcome === 'object') clients.push(outcome);
  }
  expect(await open(machine)).toBe('Unexpected server response: 429');
  return clients;
}

const opened = async () => (await Promise.all(machines.map((machine) => machine.sessions()))).flat().length;

describe.skipIf(postgres === undefined)('machines that share a store', () => {
  test(`let ${MOST} of ${AT_ONCE} sessions in that open at once, and places that were freed are free (${ROUNDS} rounds)`, async () => {
    const counts: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const clients = await openMany(AT_ONCE);
      counts.push(clients.length);
      expect(await opened()).toBe(MOST);
      await end(clients);
      await until(async () => (await opened()) === 0);
    }
    if (isLong) console.info(`let in of ${AT_ONCE} over 2 machines with 2 processes each: ${counts.join(' ')}`);
    expect(counts).toEqual(counts.map(() => MOST));
  }, 600_000);

  test('let as many calls through within a minute as the rate says', async () => {
    const call = async (at: number): Promise<number> => {
      const { url } = machines[at % 2] as Served;
      const reply = await fetch(`${url.replace('ws', 'http')}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: 'Bearer secret-of-calls' },
        body: JSON.stringify({ model: 'plain-1', messages: [{ role: 'user', content: 'Hello' }] }),
      });
      await reply.arrayBuffer();
      return reply.status;
    };
    const statuses = await Promise.all(Array.from({ length: 40 }, (_, at) => call(at)));
    expect([200, 429].map((wanted) => statuses.filter((status) => status === wanted).length)).toEqual([7, 33]);
    expect(llm.count.requests).toBe(7);
  });

  test('let as many sessions open within a minute as the rate says', async () => {
    const key = { headers: { authorization: 'Bearer secret-of-opens' } };
    const opening = Array.from({ length: 20 }, (_, at) =>
      openClient((machines[at % 2] as Served).url + REALTIME, key).catch(() => undefined),
    );
    const clients = (await Promise.all(opening)).filter((client) => client !== undefined);
    expect(clients).toHaveLength(3);
    await end(clients);
  });

  test('let as many sessions of a team in as it may have, whichever of its keys they use', async () => {
    const names = ['one', 'two'];
    const opening = Array.from({ length: 24 }, async (_, at) => {
      const name = names[at % 2] ?? '';
      const key = { headers: { authorization: `Bearer secret-of-${name}` } };
      const { url } = machines[at % 4 < 2 ? 0 : 1] as Served;
      const client = await openClient(url + REALTIME, key).catch(() => undefined);
      return client === undefined ? [] : [{ client, name }];
    });
    const open = (await Promise.all(opening)).flat();
    expect(open).toHaveLength(3);
    expect(open.filter(({ name }) => name === 'two').length).toBeLessThanOrEqual(2);
    await end(open.map(({ client }) => client));
  });

  test('one that ends frees its place for the other machine at once', async () => {
    const [one, two] = machines as [Served, Served];
    let clients = await openAll(one, MOST);
    for (let turn = 0; turn < 10; turn++) {
      const [first, ...others] = clients as [WebSocket, ...WebSocket[]];
      await end([first]);
      const next = await open(turn % 2 ? one : two);
      expect(typeof next).toBe('object');
      clients = [...others, next as WebSocket];
    }
    await end(clients);
  });

  test('kill -9 of a gateway process frees the places of its sessions, and of no others', async () => {
    const [one, two] = machines as [Served, Served];
    const clients = await openAll(one, MOST);
    const [victim = 0] = childrenOf(one.run.pid, 'gateway/process');
    const lost: WebSocket[] = [];
    for (const client of clients) client.once('close', () => lost.push(client));
    process.kill(victim, 'SIGKILL');
    await until(async () => !childrenOf(one.run.pid, 'gateway/process').includes(victim));
    await until(async () => (await one.sessions()).length === MOST - lost.length);
    const fresh = await openAll(two, lost.length);
    await end([...clients.filter((client) => !lost.includes(client)), ...fresh]);
  });

  test('places are counted while the side process is killed, and after it', async () => {
    const [one, two] = machines as [Served, Served];
    const clients = await openAll(one, MOST);
    const [side = 0] = childrenOf(one.run.pid, 'side/process');
    process.kill(side, 'SIGKILL');
    expect(await open(two)).toBe('Unexpected server response: 429');
    // One that ends meanwhile is told later.
    await end(clients.slice(0, 1));
    const next = await openAll(two, 1);
    await end([...clients.slice(1), ...next]);
  });

  test('kill -9 of a machine frees its places when its lease has run out', async () => {
    const [, two] = machines as [Served, Served];
    const side = { ownerLeaseMs: SHORT_LEASE_MS, processes: 2 };
    const killed = await serve({ ...config, side }, undefined, ['--role', 'gateway']);
    await openAll(killed, MOST);
    killAll(killed.child);
    await killed.exited;
    expect(await open(two)).toBe('Unexpected server response: 429');
    const clients = await openAll(two, MOST);
    await end(clients);
  });
});
