// Calls of gateway processes to the side process for their sessions: it answers, dies, starts elsewhere, or is not there.

import { once } from 'node:events';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { SideClient } from '../../../../server/gateway/side/client.ts';
import { Rpc } from '../../../../server/ipc/channel/rpc.ts';
import { socketPort } from '../../../../server/ipc/channel/socket-port.ts';
import type { SideRequest, WholeReply } from '../../../../server/ipc/side-request.ts';
import { listenToProcesses } from '../../../../server/side/sessions/process-listener.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const request = (path: string): SideRequest => ({
  requester: { scope: 'key', key: undefined, team: undefined },
  method: 'GET',
  path,
  query: {},
  headers: {},
  body: undefined,
});
const never = new AbortController().signal;

async function listen(ask: (request: SideRequest) => Promise<WholeReply>): Promise<{ path: string; close(): void }> {
  const folder = join(temporaryFolder('client'), 's');
  mkdirSync(folder);
  const path = join(folder, 'side');
  const { close } = await listenToProcesses(path, { ask, owners: async () => ['web', null] });
  onTestFinished(close);
  return { path, close };
}

const echo = async ({ path }: SideRequest) => ({ status: 200, text: path });
const ask = (client: SideClient, path = '/x') => client.ask(request(path), never);

test('gets answers, many at once', async () => {
  const client = new SideClient();
  client.use((await listen(echo)).path);
  const answers = await Promise.all(['/a', '/b', '/c'].map((path) => ask(client, path)));
  expect(answers.map(({ text }) => text)).toEqual(['/a', '/b', '/c']);
  expect(await client.findOwners(['one', 'two'])).toEqual(['web', null]);
});

test('rejects a call at once without a side process', async () => {
  const client = new SideClient();
  await expect(ask(client)).rejects.toThrow('the side process does not run');
  client.use(join(temporaryFolder('client'), 'nothing'));
  await expect(ask(client)).rejects.toThrow('the other process is gone');
});

test('rejects a call when the side process dies, and sends the next one to the new process', async () => {
  const client = new SideClient();
  const begun = Promise.withResolvers<void>();
  const first = await listen(() => {
    begun.resolve();
    return new Promise(() => {});
  });
  client.use(first.path);
  const asked = ask(client);
  await begun.promise;
  first.close();
  await expect(asked).rejects.toThrow('the other process is gone');
  await expect(ask(client)).rejects.toThrow('the other process is gone');
  client.use((await listen(echo)).path);
  expect(await ask(client)).toMatchObject({ status: 200 });
});

test('closes a connection that sends garbage, and no other', async () => {
  const client = new SideClient();
  const { path } = await listen(echo);
  client.use(path);
  await ask(client);
  const stranger = createConnection(path);
  stranger.on('error', () => {});
  stranger.write('GET / HTTP/1.1\r\n\r\n');
  await new Promise((resolve) => stranger.once('close', resolve));
  expect(await ask(client)).toMatchObject({ status: 200 });
});

test('gives up a side process that reads nothing, before it takes our memory', async () => {
  const { path } = await listen(() => {
    throw new Error('never asked');
  });
  const client = new SideClient();
  client.use(path);
  // Still connecting, so that the first one waits; together they are more than a connection may hold.
  const body = Buffer.alloc(40 * 1024 * 1024);
  const asked = [1, 2, 3].map(() => client.ask({ ...request('/x'), body }, never));
  for (const answer of asked) await expect(answer).rejects.toThrow('the other process is gone');
});

test('removes its socket when the listener is closed', async () => {
  const { path, close } = await listen(echo);
  expect(statSync(path).isSocket()).toBe(true);
  close();
  expect(existsSync(path)).toBe(false);
});

test('keeps its connection when it is told the same place again', async () => {
  const folder = join(temporaryFolder('client'), 's');
  mkdirSync(folder);
  const path = join(folder, 'side');
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    new Rpc(socketPort(socket), { pulse: () => true });
  }).listen(path);
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const client = new SideClient();
  for (let told = 0; told < 5; told++) {
    client.use(path);
    await client.reach();
  }
  expect(connections).toBe(1);
});
