// Several gateway processes as one: they share a port, the limits of keys, and the answers of the admin listener.

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openClient, refusedUpgrade } from '../../support/gateway.ts';
import { closed, message } from '../../support/inbox.ts';
import { childrenOf, isRunning } from '../../support/processes.ts';
import { type FakeProvider, startProvider } from '../../support/provider.ts';
import { type Served, serve } from '../../support/served.ts';
import { storedCalls } from '../../support/stored.ts';
import { until } from '../../support/until.ts';

const REALTIME = '/v1/realtime?model=gpt-realtime-2.1';
const bearer = (key: string) => ({ headers: { authorization: `Bearer secret-of-${key}` } });
const KEYS = [
  { id: 'many', secret: 'secret-of-many' },
  { id: 'five', secret: 'secret-of-five', maxSessions: 5 },
  { id: 'twelve', secret: 'secret-of-twelve', maxSessions: 12 },
];
let provider: FakeProvider;
let gateway: Served | undefined;

beforeAll(async () => {
  provider = await startProvider();
});
afterAll(() => provider.close());
afterEach(async () => {
  if (gateway?.child.exitCode === null) await gateway.stop();
  gateway = undefined;
});

const workersOf = (pid: number) => childrenOf(pid, 'gateway/process');
const preload = new URL('../../support/without-reuse-port.js', import.meta.url);
const WAYS = [
  { way: 'SO_REUSEPORT', within: [] },
  { way: 'node:cluster, where that is missing', within: ['env', `NODE_OPTIONS=--import=${preload}`] },
];

async function open(count: number, { url }: Served, options = {}) {
  const clients = await Promise.all(Array.from({ length: count }, () => openClient(url + REALTIME, options)));
  for (let index = 0; index < count; index++) await provider.next();
  return clients;
}

describe.each(WAYS)('two gateway processes that run, by $way', ({ within }) => {
  let served: Served;
  beforeAll(async () => {
    served = await serve({ provider: provider.url, processes: 2, within, keys: KEYS });
  });
  afterAll(async () => {
    if (served?.child.exitCode === null) await served.stop();
  });

  test('share one port, and are one in /sessions and /metrics', async () => {
    const clients = await open(24, served, bearer('many'));
    const sessions = await served.sessions();
    expect(new Set(sessions.map(({ id }) => id)).size).toBe(24);
    expect(await served.metric('trunkline_sessions')).toBe(24);
    expect(await served.metric('trunkline_sessions_opened_total', { provider: 'openai' })).toBe(24);
    for (const client of clients) client.close();
    await until(async () => (await served.metric('trunkline_closes_total')) === 24);
    await until(() => served.lines().filter(({ msg }) => msg === 'session ended').length === 24);
    const pids = new Set(served.lines().flatMap(({ msg, pid }) => (msg === 'session ended' ? [pid] : [])));
    expect([...pids].sort()).toEqual(workersOf(served.run.pid).sort());
  });

  test('share the maxSessions of a key, and the ids of sessions', async () => {
    const key = bearer('five');
    const id = '00000000-0000-4000-8000-000000000001';
    const outcomes = await Promise.all(
      Array.from({ length: 30 }, () => openClient(served.url + REALTIME, key).catch((error: Error) => error.message)),
    );
    const clients = outcomes.filter((outcome) => typeof outcome === 'object');
    expect(clients).toHaveLength(5);
    expect(new Set(outcomes.filter((outcome) => typeof outcome === 'string'))).toEqual(
      new Set(['Unexpected server response: 429']),
    );
    for (const client of clients) client.close();
    await until(async () => (await served.sessions()).length === 0);
    const twins = await Promise.all(
      Array.from({ length: 5 }, () =>
        openClient(`${served.url}${REALTIME}&trunkline-session=${id}`, key).then(
          () => 101,
          (error: Error) => Number(/\d+$/.exec(error.message)),
        ),
      ),
    );
    expect(twins.sort()).toEqual([101, 409, 409, 409, 409]);
    // The answer is the same whichever process is asked.
    for (let turn = 0; turn < 8; turn++) {
      const url = `http://127.0.0.1:${served.run.listen.port}/v1/sessions/${id}`;
      const response = await fetch(url, { headers: { ...key.headers, connection: 'close' } });
      expect(await response.json()).toMatchObject({ id, state: 'open' });
    }
    for (const socket of provider.sockets) socket.terminate();
    await until(async () => (await served.sessions()).length === 0);
  });

  test('do not take a port that another gateway has', async () => {
    const { port } = served.run.listen;
    await expect(serve({ provider: provider.url, processes: 2, within, listen: { port } })).rejects.toThrow(
      /listen\.port: .*the port is in use/,
    );
  });

  test('are started again when one is killed; its sessions are released, and those of the other go on', async () => {
    const key = bearer('twelve');
    const clients = await open(12, served, key);
    const [victim = 0] = workersOf(served.run.pid);
    const lost = clients.map((client) => closed(client));
    const before = (await served.sessions()).length;
    // Sessions that are not stored yet would leave no trace.
    await until(async () => (await served.metric('trunkline_outbox_items')) === 0);
    process.kill(victim, 'SIGKILL');
    await Promise.race(lost);
    const hasNew = () => workersOf(served.run.pid).length === 2 && !workersOf(served.run.pid).includes(victim);
    await until(async () => hasNew() && (await fetch(`${served.admin}/readyz`)).status === 200);
    const alive = clients.filter((client) => client.readyState === client.OPEN);
    expect(before).toBe(12);
    expect(alive.length).toBeLessThan(12);
    expect(await served.sessions()).toHaveLength(alive.length);
    // Exactly the places of the lost ones can be had again.
    const fresh = await open(12 - alive.length, served, key);
    expect((await refusedUpgrade(served.url + REALTIME, key)).status).toBe(429);
    for (const client of [...alive, ...fresh]) client.terminate();
    for (const socket of provider.sockets) socket.terminate();
    await served.stop();
    const stored = await storedCalls(served.data);
    // The lost sessions have no more than an id and a reason.
    const lostOnes = stored.filter(({ session }) => session.reason === 'gateway-lost');
    expect(lostOnes).toHaveLength(12 - alive.length);
    expect(lostOnes.every(({ session, ledger }) => session.record === undefined && ledger.length === 1)).toBe(true);
    expect(stored.every(({ session }) => session.endedAt !== undefined)).toBe(true);
  });
});

describe.each(WAYS)('two gateway processes that end, by $way', ({ within }) => {
  const start = async (more: Record<string, unknown> = {}): Promise<Served> => {
    gateway = await serve({ provider: provider.url, processes: 2, within, ...more });
    return gateway;
  };

  test('drain together: live sessions go on, new ones are refused', async () => {
    const served = await start();
    const clients = await open(6, served);
    served.child.kill('SIGTERM');
    await until(async () => (await refusedUpgrade(served.url + REALTIME).catch(() => undefined))?.status === 503);
    // A try that came before the signal has a session, which ends when its client has left.
    await until(async () => (await served.sessions()).length === 6);
    for (const client of clients) expect(client.readyState).toBe(client.OPEN);
    for (const client of clients) client.close();
    expect(await served.exited).toEqual({ code: 0, signal: null });
  });

  test('end with their parent, however that ends', async () => {
    const served = await start();
    const [client] = await open(1, served);
    const children = workersOf(served.run.pid);
    expect(children).toHaveLength(2);
    served.child.kill('SIGKILL');
    if (client) expect((await closed(client)).code).toBe(1001);
    await until(() => !children.some(isRunning));
  });
});

test.concurrent.for(WAYS)(
  'two gateway processes end although one of them hangs, by $way',
  async ({ within }, { expect }) => {
    const served = await serve({ provider: provider.url, processes: 2, within, limits: { closeMs: 200 } });
    const [hanging = 0] = workersOf(served.run.pid);
    process.kill(hanging, 'SIGSTOP');
    await served.stop();
    expect(await served.exited).toEqual({ code: 0, signal: null });
    expect(isRunning(hanging)).toBe(false);
  },
);

test('a gateway process that hangs is ended with its sessions, and another takes new ones', async () => {
  gateway = await serve({ limits: { processSilenceMs: 2000 } });
  const { run, url, lines } = gateway;
  const client = await openClient(url + REALTIME);
  const [hung = 0] = workersOf(run.pid);
  process.kill(hung, 'SIGSTOP');
  expect((await closed(client)).code).toBe(1006);
  await until(() => workersOf(run.pid).some((pid) => pid !== hung));
  expect(isRunning(hung)).toBe(false);
  await until(() => lines().some(({ msg }) => msg === 'session lost'));
  expect(lines().filter(({ msg, child }) => String(msg).startsWith('a process hangs') && child === hung)).toHaveLength(
    1,
  );
  const next = await until(() => openClient(url + REALTIME).catch(() => undefined));
  expect(JSON.parse((await message(next)).data.toString()).type).toBe('session.created');
  next.close();
});

test('two gateway processes find the rehearsal again after it was killed', async () => {
  gateway = await serve({ processes: 2 });
  const { run, admin, url } = gateway;
  const [victim = 0] = childrenOf(run.pid, 'rehearsal/process');
  const client = await openClient(url + REALTIME);
  process.kill(victim, 'SIGKILL');
  expect((await closed(client)).code).toBe(1011);
  await until(() => childrenOf(run.pid, 'rehearsal/process').some((pid) => pid !== victim));
  await until(async () => (await fetch(`${admin}/readyz`)).status === 200);
  for (let turn = 0; turn < 6; turn++) {
    const next = await openClient(url + REALTIME);
    expect(JSON.parse((await message(next)).data.toString()).type).toBe('session.created');
    next.close();
  }
});

test('tells a gateway process that starts where the side process and the rehearsal listen, though both start anew meanwhile', async () => {
  gateway = await serve({ log: { level: 'debug' } });
  const { run, admin, url, lines } = gateway;
  /** Killed; resolves with the next one, which has yet to start its work. */
  const replaced = async (module: string): Promise<number> => {
    const [victim = 0] = childrenOf(run.pid, module);
    process.kill(victim, 'SIGKILL');
    return until(() => childrenOf(run.pid, module).find((pid) => pid !== victim));
  };
  const worker = await replaced('gateway/process');
  // It is on its way with what it was told, until the others are elsewhere.
  process.kill(worker, 'SIGSTOP');
  const others = await Promise.all(['side/process', 'rehearsal/process'].map(replaced));
  const isWorking = (pid: number) => lines().some(({ msg, child }) => msg === 'process started' && child === pid);
  await until(() => others.every(isWorking));
  expect(isWorking(worker)).toBe(false);
  process.kill(worker, 'SIGCONT');
  await until(async () => (await fetch(`${admin}/readyz`)).status === 200);
  const listed = await fetch(`http://127.0.0.1:${run.listen.port}/v1/ledger`);
  expect(listed.status).toBe(200);
  const client = await openClient(url + REALTIME);
  expect(JSON.parse((await message(client)).data.toString()).type).toBe('session.created');
  client.close();
});
