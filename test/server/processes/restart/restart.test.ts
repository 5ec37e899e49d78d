// One supervisor follows another: calls go on in the one before, new ones open in the next, and whoever looks sees one gateway.

import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { readRun } from '../../../../server/ipc/run-file.ts';
import { openClient, refusedUpgrade } from '../../../support/gateway.ts';
import { closed, message } from '../../../support/inbox.ts';
import { childrenOf, isRunning } from '../../../support/processes.ts';
import { type FakeProvider, startProvider } from '../../../support/provider.ts';
import { runCommand, type Served, serve } from '../../../support/served.ts';
import { storedCalls } from '../../../support/stored.ts';
import { until } from '../../../support/until.ts';

const REALTIME = '/v1/realtime?model=gpt-realtime-2.1';
const KEYS = [{ id: 'three', secret: 'secret-of-three', maxSessions: 3 }];
const key = { headers: { authorization: 'Bearer secret-of-three' } };

/** A connection that is kept would be closed by the process that ends meanwhile. */
const ONCE = { connection: 'close' };

let provider: FakeProvider;
let served: Served;
beforeAll(async () => {
  provider = await startProvider({ onSession: (ws) => ws.on('message', (data) => ws.send(data)) });
});
afterAll(() => provider.close());
afterEach(async () => {
  if (served.child.exitCode === null && served.child.signalCode === null) await served.stop();
});

const start = async (config = {}) => {
  served = await serve({ provider: provider.url, keys: KEYS, ...config });
};

const [FIRST = '', SECOND = '', THIRD = ''] = [1, 2, 3].map((n) => `00000000-0000-4000-8000-00000000000${n}`);
const open = (id?: string) => openClient(served.url + REALTIME + (id ? `&trunkline-session=${id}` : ''), key);

async function isAnswered(client: Awaited<ReturnType<typeof open>>): Promise<void> {
  client.send('still there?');
  expect(String((await message(client)).data)).toBe('still there?');
}

/** The command, as an operator gives it. */
async function restart(): Promise<{ code: number | null; output: string }> {
  const command = runCommand(['restart', '--data', served.data, '--config', served.file]);
  const { code } = await command.exited;
  return { code, output: command.stdout() + command.stderr() };
}

const servingPid = (): number => readRun(served.data)?.pid ?? 0;

async function restartBySignal(): Promise<void> {
  const before = servingPid();
  served.child.kill('SIGUSR2');
  await until(() => served.lines().some(({ pid, next }) => pid === before && next === servingPid()));
}

describe.each([1, 2])('with %i gateway processes', (processes) => {
  test('a call goes on in the process before, and the count of its key, its id and what is asked of it hold over all', async () => {
    await start({ processes });
    const first = await open(FIRST);
    expect(await restart()).toMatchObject({
      code: 0,
      output: expect.stringMatching(/^process \d+ serves, ready after/),
    });
    const second = await open(SECOND);
    // The third process begins while the first one still has a call.
    await restartBySignal();
    const third = await open(THIRD);
    expect((await refusedUpgrade(served.url + REALTIME, key)).status).toBe(429);
    first.close();
    await until(async () => (await served.sessions()).length === 2);
    expect((await refusedUpgrade(`${served.url}${REALTIME}&trunkline-session=${SECOND}`, key)).status).toBe(409);
    for (const client of [second, third]) await isAnswered(client);
    const ids = (await served.sessions()).map(({ id }) => id).sort();
    expect(ids).toEqual([SECOND, THIRD]);
    const http = served.url.replace('ws', 'http');
    for (const id of [FIRST, SECOND, THIRD])
      expect((await fetch(`${http}/v1/sessions/${id}`, { headers: { ...key.headers, ...ONCE } })).status).toBe(200);
    (await open()).close();
    const ended = await fetch(`${served.admin}/sessions/${SECOND}/end`, { method: 'POST', headers: ONCE });
    expect({ status: ended.status, answer: await ended.json() }).toMatchObject({ status: 202 });
    expect((await closed(second)).code).toBe(4504);
    third.close();
    await until(async () => (await served.sessions()).length === 0);
    served.child.kill('SIGTERM');
    expect(await served.exited).toEqual({ code: 0, signal: null });
    expect(servingPid()).toBe(0);
    const stored = await storedCalls(served.data);
    const reasons = stored.map(({ session }) => [session.id, session.reason]);
    expect(Object.fromEntries(reasons)).toMatchObject({
      ...{ [FIRST]: 'client-closed', [SECOND]: 'ended-by-operator', [THIRD]: 'client-closed' },
    });
    expect(stored).toHaveLength(4);
    expect(stored.every(({ ledger }) => ledger.length === 1 && ledger[0]?.outcome !== 'pending')).toBe(true);
  });
});

test('a connection that was accepted before is served, whenever its request comes', async () => {
  await start();
  const socket = connect(served.run.listen.port, '127.0.0.1');
  await once(socket, 'connect');
  // It is accepted once a later one is answered.
  expect((await fetch(`${served.url.replace('ws', 'http')}/healthz`)).status).toBe(404);
  await restartBySignal();
  socket.write(
    `GET ${REALTIME} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer secret-of-three\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`,
  );
  const [head] = (await once(socket, 'data')) as [Buffer];
  expect(String(head)).toMatch(/^HTTP\/1.1 101 /);
  expect(await served.sessions()).toHaveLength(1);
  socket.destroy();
});

describe('where the next process cannot serve', () => {
  test('a wrong configuration is told, and the process before serves on, until it is right', async () => {
    await start();
    const client = await open();
    const before = servingPid();
    served.rewrite({ keys: KEYS, limits: { drainMs: 'long' } });
    const refused = await restart();
    expect(refused).toMatchObject({ code: 2, output: expect.stringMatching(/limits\.drainMs: expected/) });
    expect(servingPid()).toBe(before);
    (await open()).close();
    served.rewrite({ keys: KEYS, limits: { drainMs: 60_000 } });
    expect((await restart()).code).toBe(0);
    expect(servingPid()).not.toBe(before);
    await isAnswered(client);
    await until(async () => (await (await fetch(`${served.admin}/audit`)).text()).includes('gateway.restarted'));
  });

  test('one that dies is told, and nothing is left of it', async () => {
    await start();
    const pid = served.run.pid;
    const before = servingPid();
    const restarting = restart();
    const [next = 0] = await until(() => childrenOf(pid, 'cli/bin.js').length > 0 && childrenOf(pid, 'cli/bin.js'));
    const second = await restart();
    process.kill(next, 'SIGKILL');
    expect(second).toMatchObject({ code: 1, output: expect.stringContaining('a restart is under way') });
    expect(await restarting).toMatchObject({ code: 1, output: expect.stringContaining('ended with SIGKILL') });
    expect(servingPid()).toBe(before);
    await isAnswered(await open());
    await restartBySignal();
    await isAnswered(await open());
  });
});

test('the first process is the gateway to whoever started it: signals go through it, and it ends with the one that serves', async () => {
  await start();
  await restartBySignal();
  const client = await open();
  served.rewrite({ keys: [...KEYS, { id: 'new', secret: 'secret-of-new' }] });
  served.child.kill('SIGHUP');
  const asNew = { headers: { authorization: 'Bearer secret-of-new' } };
  await until(async () => (await refusedUpgrade(served.url + REALTIME, asNew).catch(() => undefined)) === undefined);
  const serving = servingPid();
  process.kill(serving, 'SIGKILL');
  expect(await served.exited).toEqual({ code: 1, signal: null });
  await closed(client);
});

test('all processes end with the first one', async () => {
  await start();
  await restartBySignal();
  const serving = servingPid();
  const all = [serving, ...childrenOf(serving, '')];
  expect(all.length).toBeGreaterThan(2);
  served.child.kill('SIGKILL');
  await until(() => all.every((pid) => !isRunning(pid)));
});
