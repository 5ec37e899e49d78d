// Compares /readyz, log and metrics with what a new session and a new call meet: real processes that are stopped, full or out of
// descriptors.

import { once } from 'node:events';
import { readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { Registry } from 'prom-client';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import type { WebSocket } from 'ws';
import { PARTS, type Readiness } from '../../../server/platform/load/readiness.ts';
import { type Members, ReadinessWatch } from '../../../server/processes/readiness.ts';
import { cataloguedAt, catalogueGateway, manyEntries } from '../../support/catalogue-gateway.ts';
import { openClient, refusedUpgrade } from '../../support/gateway.ts';
import { childrenOf, killAll } from '../../support/processes.ts';
import { type FakeProvider, startProvider } from '../../support/provider.ts';
import { openRaw } from '../../support/raw-socket.ts';
import { type Served, serve } from '../../support/served.ts';
import { fillDisk, onSmallDisk, smallDiskObjection } from '../../support/small-disk.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { until } from '../../support/until.ts';

const REALTIME = '/v1/realtime?model=gpt-realtime-2.1';
const why = smallDiskObjection();
let provider: FakeProvider;
let gateway: Served | undefined;

beforeAll(async () => {
  provider = await startProvider();
});
afterAll(() => provider.close());
afterEach(() => {
  if (gateway?.child.exitCode === null && gateway.child.signalCode === null) killAll(gateway.child);
});

interface Answer {
  readonly code: number;
  readonly sessions?: readonly string[];
  readonly calls?: readonly string[];
}

/** The status of /readyz, and the reasons of each part. */
async function readyz({ admin }: Served, query = ''): Promise<Answer> {
  const response = await fetch(`${admin}/readyz${query}`, { headers: { connection: 'close' } });
  const body = (await response.json()) as Record<string, { reasons?: { code: string }[] }>;
  const codes = (part: string) => body[part]?.reasons?.map(({ code }) => code) ?? [];
  return { code: response.status, sessions: codes('sessions'), calls: codes('calls') };
}

const READY = { code: 200, sessions: [], calls: [] };
const becomes = (served: Served, code: number) =>
  until(async () => {
    const answer = await readyz(served);
    return answer.code === code && answer;
  });

const told = (served: Served, message: string, reason: string) =>
  served.lines().filter((line) => line.msg === message && line.reason === reason);

/** The code of a call's refusal; undefined for one that is answered. */
async function call({ run }: Served): Promise<string | undefined> {
  const response = await fetch(`http://127.0.0.1:${run.listen.port}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: 'Bearer any', 'content-type': 'application/json', connection: 'close' },
    body: JSON.stringify({ model: 'gpt-5-mini', messages: [{ role: 'user', content: 'Hello' }] }),
  });
  const { error } = (await response.json()) as { error?: { code: string } };
  return error?.code;
}

test('the log tells once that a reason begins, and once that it is over, however often it is met meanwhile', async () => {
  vi.useFakeTimers();
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => Date.now());
  const lines: string[] = [];
  const tell = (level: string) => (fields: { reason: string }, message: string) =>
    lines.push(`${level} ${message} ${fields.reason}`);
  let answer: Readiness = { sessions: [], calls: [] };
  const child = { rpc: { call: async () => answer } } as never;
  const watch = new ReadinessWatch({
    log: { warn: tell('warn'), info: tell('info') } as never,
    registry: new Registry(),
    parts: PARTS,
    members: () => [{ name: 'gateway', children: [child], parts: PARTS }],
  });
  expect((await watch.look()).calls).toMatchObject([{ code: 'starting' }]);
  watch.started();
  const full = [{ code: 'side_unavailable', message: 'full' }];
  for (let second = 0; second < 6; second++) {
    answer = second % 2 ? { sessions: full, calls: full } : { sessions: [], calls: [] };
    await vi.advanceTimersByTimeAsync(1000);
  }
  answer = {};
  await vi.advanceTimersByTimeAsync(10_000);
  watch.draining();
  expect(lines).toEqual(['warn not ready side_unavailable', 'info ready again side_unavailable']);
  expect((await watch.look()).sessions).toMatchObject([{ code: 'draining' }]);
  clock.mockRestore();
  vi.useRealTimers();
});

test('the details tell of each account the worst that a process finds, how many find it so, and of the processes what they say', async () => {
  const account = (state: 'up' | 'down' | 'unknown') => ({ name: 'one', state, reason: `is ${state}` });
  const running = (answer: Readiness) => ({ rpc: { call: async () => answer } }) as never;
  const full = { code: 'store_full', message: 'no room' };
  const states = (['up', 'down', 'unknown'] as const).map((state) => running({ accounts: [account(state)] }));
  const children = [...states, { rpc: undefined } as never];
  const members: readonly Members[] = [
    { name: 'gateway', children, parts: PARTS },
    { name: 'side', children: [running({ calls: [full] })], parts: ['calls'] },
  ];
  const log = { warn() {}, info() {} } as never;
  const watch = new ReadinessWatch({ log, registry: new Registry(), parts: PARTS, members: () => members });
  expect(watch.details().phase).toBe('starting');
  watch.started();
  await watch.look();
  expect(watch.details()).toEqual({
    phase: 'serving',
    processes: [
      { name: 'gateway', wanted: 4, running: 3, silent: 0, reasons: [] },
      { name: 'side', wanted: 1, running: 1, silent: 0, reasons: [full] },
    ],
    accounts: [{ ...account('down'), processes: { up: 1, down: 1, unknown: 1 } }],
  });
  watch.draining();
  expect(watch.details()).toMatchObject({ phase: 'draining', accounts: [{ name: 'one' }] });
});

test('a side process that hangs makes calls unready, a gateway process that hangs both, and log and metrics say so', async () => {
  gateway = await serve({ processes: 2, tasks: [] });
  const served = gateway;
  expect(await readyz(served)).toEqual(READY);
  expect(await served.metric('trunkline_ready')).toBe(2);
  const [side = 0] = childrenOf(served.run.pid, 'side/process');
  process.kill(side, 'SIGSTOP');
  expect(await becomes(served, 503)).toEqual({ code: 503, sessions: [], calls: ['side_silent'] });
  expect((await readyz(served, '?part=sessions')).code).toBe(200);
  (await openClient(served.url + REALTIME)).terminate();
  const metric = () => served.metric('trunkline_not_ready', { part: 'calls', reason: 'side_silent' });
  expect(await metric()).toBe(1);
  expect(await served.metric('trunkline_ready', { part: 'calls' })).toBe(0);
  expect(told(served, 'not ready', 'side_silent')).toMatchObject([{ level: 40, parts: ['calls'] }]);
  process.kill(side, 'SIGCONT');
  await becomes(served, 200);
  expect(await metric()).toBe(0);
  expect(await call(served)).toBeUndefined();
  const [hanging = 0] = childrenOf(served.run.pid, 'gateway/process');
  process.kill(hanging, 'SIGSTOP');
  expect(await becomes(served, 503)).toMatchObject({ sessions: ['gateway_silent'], calls: ['gateway_silent'] });
  process.kill(hanging, 'SIGCONT');
  await becomes(served, 200);
});

test('a gateway process that cannot come to the side process by its own way makes calls unready, though some still go through', async () => {
  const temporary = temporaryFolder('run');
  gateway = await serve({ tasks: [], within: ['env', `TMPDIR=${temporary}`] });
  const served = gateway;
  const [place = ''] = readdirSync(temporary).map((name) => join(temporary, name, 'side-1'));
  // Cleaners of temporary folders do it.
  renameSync(place, `${place}.away`);
  for (const pid of childrenOf(served.run.pid, 'gateway/process')) process.kill(pid, 'SIGKILL');
  await until(async () => {
    const { sessions, calls } = await readyz(served);
    return sessions?.length === 0 && calls?.length === 1 && calls[0] === 'side_unavailable';
  });
  // Connections that can be passed on as they are go by the supervisor.
  expect(await call(served)).toBeUndefined();
  renameSync(`${place}.away`, place);
  await becomes(served, 200);
  expect(await call(served)).toBeUndefined();
});

test.skipIf(why !== undefined)('a full disk makes calls unready before one is refused, and ready again', async () => {
  const data = temporaryFolder('small-disk');
  gateway = await serve({ within: onSmallDisk(data), transcripts: 'P30D', tasks: [] }, data);
  const served = gateway;
  expect(await call(served)).toBeUndefined();
  const free = fillDisk(served.run.pid, data);
  // Nobody calls: it finds out by itself.
  expect(await becomes(served, 503)).toEqual({ code: 503, sessions: [], calls: ['store_full'] });
  // A call or two may still have what they need in memory, and a line of the journal on the disk.
  await until(async () => (await call(served)) === 'store_full');
  expect(await until(() => told(served, 'not ready', 'store_full').length > 0)).toBe(true);
  free();
  await becomes(served, 200);
  expect(await call(served)).toBeUndefined();
  expect(told(served, 'not ready', 'store_full')).toHaveLength(1);
});

test('an operator is answered also while others hold more connections of the admin listener than there are descriptors', async () => {
  const within = ['sh', '-c', 'ulimit -n 128 && exec "$@"', 'sh'];
  gateway = await serve({ within, tasks: [] });
  const raws = Array.from({ length: 200 }, () => openRaw(Number(gateway?.run.admin.port)));
  await Promise.all(raws.map(({ socket }) => once(socket, 'connect')));
  expect(await readyz(gateway)).toEqual(READY);
  expect(await gateway.metric('trunkline_ready', { part: 'calls' })).toBe(1);
  for (const { socket } of raws) socket.destroy();
});

test('without descriptors every new connection has an answer, none a reset, and sessions go on', async () => {
  const within = ['sh', '-c', 'ulimit -n 128 && exec "$@"', 'sh'];
  gateway = await serve({ provider: provider.url, within, tasks: [] });
  const served = gateway;
  const open: WebSocket[] = [];
  const refusal = await until(async () => {
    const client = await openClient(served.url + REALTIME).catch(() => undefined);
    if (client !== undefined) open.push(client);
    return client === undefined && refusedUpgrade(served.url + REALTIME);
  });
  expect([refusal.status, refusal.headers['retry-after'], JSON.parse(refusal.body).error.code]).toEqual([
    503,
    '5',
    'out_of_descriptors',
  ]);
  expect(open.length).toBeGreaterThan(10);
  expect(await becomes(served, 503)).toEqual({ code: 503, sessions: ['out_of_descriptors'], calls: [] });
  // It comes as far as the side process, which has none configured.
  expect(await call(served)).toBe('no_gateway');
  // More than there are descriptors, at once.
  const raws = Array.from({ length: 144 }, () => openRaw(served.run.listen.port));
  for (const raw of raws) raw.send('GET /nowhere HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
  const statuses = await Promise.all(raws.map(async (raw) => (await raw.answer()).status));
  expect(statuses.filter((status) => status !== 404 && status !== 503)).toEqual([]);
  for (const raw of raws) raw.socket.destroy();
  expect(open.every((client) => client.readyState === client.OPEN)).toBe(true);
  await until(() => told(served, 'not ready', 'out_of_descriptors').length === 1);
  for (const client of open) client.terminate();
  await becomes(served, 200);
  (await openClient(served.url + REALTIME)).terminate();
});

test('/readyz?verbose tells of each catalogue how many models it has, since when, and why it cannot be read now', async () => {
  const [whole, away] = [await catalogueGateway(manyEntries(30)), await catalogueGateway([])];
  away.status = 503;
  gateway = await serve({
    provider: provider.url,
    gateways: { whole: cataloguedAt(whole), away: cataloguedAt(away) },
    classes: { open: { targets: ['whole', 'away'].map((name) => ({ gateway: name, model: '*' })) } },
  });
  const { admin } = gateway;
  const ask = async (query: string) =>
    (await (await fetch(`${admin}/readyz${query}`, { headers: { connection: 'close' } })).json()) as {
      catalogues?: readonly { gateway: string; fault?: string; fetchedAt?: string }[];
    };
  const catalogues = await until(async () => {
    const told = (await ask('?verbose')).catalogues ?? [];
    return told.some(({ fault }) => fault) && told.some(({ fetchedAt }) => fetchedAt) && told;
  });
  expect(catalogues.toSorted((a, b) => a.gateway.localeCompare(b.gateway))).toEqual([
    { gateway: 'away', models: 0, fault: 'HTTP 503' },
    { gateway: 'whole', models: 30, fetchedAt: expect.stringMatching(/^\d{4}-.*Z$/) },
  ]);
  expect(Object.keys(await ask(''))).not.toContain('catalogues');
  await gateway.stop();
});
