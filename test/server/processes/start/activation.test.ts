// A service manager holds the listening socket, as systemd does: what connects while no gateway runs is served by the next one.

import net from 'node:net';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { readRun } from '../../../../server/ipc/run-file.ts';
import { openClient } from '../../../support/gateway.ts';
import { closed, message } from '../../../support/inbox.ts';
import { type FakeProvider, startProvider } from '../../../support/provider.ts';
import { type Served, serve } from '../../../support/served.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { until } from '../../../support/until.ts';

const REALTIME = '/v1/realtime?model=gpt-realtime-2.1';
/** The process that serves learns its own id only once it runs. */
const activated = ['sh', '-c', 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"', 'sh'];

interface BoundSocket {
  getsockname(name: { port?: number }): number;
  close(): void;
}

/** Makes a socket that this process holds and never accepts from: what Node has for its clusters. */
function bound(): { readonly socket: BoundSocket; readonly port: number } {
  const { _createServerHandle: create } = net as unknown as {
    _createServerHandle(host: string, port: number, family: 4): BoundSocket;
  };
  const socket = create('127.0.0.1', 0, 4);
  const name: { port?: number } = {};
  socket.getsockname(name);
  return { socket, port: name.port ?? 0 };
}

const { socket, port } = bound();
let provider: FakeProvider;
let served: Served | undefined;
beforeAll(async () => {
  provider = await startProvider({ onSession: (ws) => ws.on('message', (data) => ws.send(data)) });
});
afterAll(async () => {
  socket.close();
  await provider.close();
});
afterEach(async () => {
  if (served?.child.exitCode === null) await served.stop();
});

const start = async (data: string): Promise<Served> => {
  served = await serve({ provider: provider.url, listen: { port }, within: activated, sockets: [socket] }, data);
  return served;
};

async function isAnswered(client: Awaited<ReturnType<typeof openClient>>): Promise<void> {
  client.send('there?');
  expect(String((await message(client)).data)).toBe('there?');
}

test('connections wait while no gateway runs, and while one drains, and the next one serves them', async () => {
  const data = temporaryFolder('data');
  const first = await start(data);
  const url = first.url + REALTIME;
  const call = await openClient(url);
  first.child.kill('SIGTERM');
  await until(async () => (await fetch(`${first.admin}/readyz`)).status === 503);
  const waiting = openClient(url);
  await isAnswered(call);
  call.close();
  expect(await first.exited).toEqual({ code: 0, signal: null });
  const later = openClient(url);
  const second = await start(data);
  for (const client of await Promise.all([waiting, later])) await isAnswered(client);
  const before = readRun(data)?.pid;
  second.child.kill('SIGUSR2');
  await until(() => second.lines().some(({ next }) => next !== undefined && next === readRun(data)?.pid));
  expect(readRun(data)?.pid).not.toBe(before);
  const third = await openClient(url);
  await isAnswered(third);
  third.close();
  await closed(third);
});

test('a socket that the configuration has no use for is a fault, which names the ports', async () => {
  const serving = serve({ provider: provider.url, listen: { port: 0 }, within: activated, sockets: [socket] });
  await expect(serving).rejects.toThrow(
    new RegExp(`socket for port ${port}: expected a port of listen\\.port \\(0\\)`),
  );
});

test('the variables of another process count for nothing', async () => {
  served = await serve({ provider: provider.url, within: ['env', 'LISTEN_PID=1', 'LISTEN_FDS=3'] });
  await isAnswered(await openClient(served.url + REALTIME));
});
