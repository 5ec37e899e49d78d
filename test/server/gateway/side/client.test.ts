// Calls of gateway processes to the side process: it answers, dies, starts elsewhere, or is not there.

import { existsSync, mkdirSync, statSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { SideClient } from '../../../../server/gateway/side/client.ts';
import { receiveBodyChunks, sendBodyInChunks } from '../../../../server/ipc/body-chunks.ts';
import { Rpc } from '../../../../server/ipc/rpc.ts';
import type { SideHandler, SideReplyHead, SideRequest } from '../../../../server/ipc/side-request.ts';
import { socketPort } from '../../../../server/ipc/socket-port.ts';
import { listenToGateways } from '../../../../server/side/listener.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { until } from '../../../support/until.ts';

const request = (path: string): SideRequest => ({
  requester: { scope: 'key', key: undefined, team: undefined },
  method: 'POST',
  path,
  query: {},
  headers: {},
  body: Buffer.from('{}'),
});
const never = new AbortController().signal;

async function listen(side: SideHandler): Promise<{ path: string; close(): void }> {
  const folder = join(temporaryFolder('client'), 's');
  mkdirSync(folder);
  const path = join(folder, 'side');
  const { close } = await listenToGateways(path, side, async () => []);
  onTestFinished(close);
  return { path, close };
}

const echo: SideHandler = async ({ path, body }, emit) => {
  emit({ status: 200, headers: { path } });
  emit(Buffer.concat([body ?? []].flat()));
};

async function ask(client: SideClient, path = '/x'): Promise<(SideReplyHead | Buffer)[]> {
  const parts: (SideReplyHead | Buffer)[] = [];
  await client.ask(request(path), (part) => parts.push(part), never);
  return parts;
}

test('gets answers in parts and in order, bytes as bytes, many at once', async () => {
  const client = new SideClient();
  client.use((await listen(echo)).path);
  const answers = await Promise.all(['/a', '/b', '/c'].map((path) => ask(client, path)));
  expect(answers).toEqual(['/a', '/b', '/c'].map((path) => [{ status: 200, headers: { path } }, Buffer.from('{}')]));
  expect(Buffer.isBuffer(answers[0]?.[1])).toBe(true);
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
  expect(await ask(client)).toHaveLength(2);
});

test('aborts the call in the side process when the client leaves', async () => {
  const client = new SideClient();
  let isStopped = false;
  const { path } = await listen((_, emit, signal) => {
    emit({ status: 200, headers: {} });
    signal.addEventListener('abort', () => {
      isStopped = true;
    });
    return new Promise(() => {});
  });
  client.use(path);
  const control = new AbortController();
  const asked = client.ask(request('/x'), () => control.abort(new Error('left')), control.signal);
  await expect(asked).rejects.toThrow('left');
  await until(() => isStopped);
});

test('aborts the calls of a gateway process that is gone', async () => {
  let isStopped = false;
  const begun = Promise.withResolvers<void>();
  const { path } = await listen((_, _emit, signal) => {
    begun.resolve();
    signal.addEventListener('abort', () => {
      isStopped = true;
    });
    return new Promise(() => {});
  });
  const socket = createConnection(path);
  const asked = new Rpc(socketPort(socket), {}).call('side', request('/x'));
  asked.catch(() => {});
  await begun.promise;
  socket.destroy();
  await expect(asked).rejects.toThrow('the other process is gone');
  await until(() => isStopped);
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
  expect(await ask(client)).toHaveLength(2);
});

test('gives up a side process that reads nothing, before it takes our memory', async () => {
  const { path } = await listen(() => {
    throw new Error('never asked');
  });
  const client = new SideClient();
  client.use(path);
  // Still connecting, so that the first one waits; together they are more than a connection may hold.
  const body = Buffer.alloc(40 * 1024 * 1024);
  const asked = [1, 2, 3].map(() => client.ask({ ...request('/x'), body }, () => {}, never));
  for (const answer of asked) await expect(answer).rejects.toThrow('the other process is gone');
});

test('removes its socket when the listener is closed', async () => {
  const { path, close } = await listen(echo);
  expect(statSync(path).isSocket()).toBe(true);
  close();
  expect(existsSync(path)).toBe(false);
});

/** Makes a body in pieces, as a request brings it. */
const large = (fill: string) => Array.from({ length: 64 }, (_, at) => Buffer.alloc(65_536, `${fill}${at} `));

test('sends large bodies in chunks, each with its own request, beside small ones', async () => {
  const client = new SideClient();
  client.use((await listen(echo)).path);
  const sent = ['a', 'b'].map(large);
  const answers = sent.map(async (body) => {
    const parts: (SideReplyHead | Buffer)[] = [];
    await client.ask({ ...request('/large'), body }, (part) => parts.push(part), never);
    return parts[1];
  });
  expect((await ask(client, '/small'))[1]).toEqual(Buffer.from('{}'));
  for (const [at, bytes] of (await Promise.all(answers)).entries())
    expect(Buffer.concat(sent[at] ?? []).equals(bytes as Buffer)).toBe(true);
});

test('sends one chunk at a time, and none to a side process that takes none', async () => {
  const chunks: number[] = [];
  const first = Promise.withResolvers<void>();
  const rpc = {
    stream: async (name: string, { chunk }: { chunk: Buffer }) => {
      if (name !== 'bodyChunk') return;
      chunks.push(chunk.length);
      await first.promise;
    },
    notify: () => {},
  } as unknown as Rpc;
  const sending = sendBodyInChunks(rpc, { ...request('/large'), body: large('a') }, never);
  for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
  expect(chunks).toEqual([131_072]);
  first.resolve();
  expect(await sending).not.toHaveProperty('body');
  expect(chunks).toEqual(Array(32).fill(131_072));
});

test('drops the request when the client leaves during a large body, and keeps the connection', async () => {
  const client = new SideClient();
  const asked: string[] = [];
  const side: SideHandler = (received, emit, signal) => {
    asked.push(received.path);
    return echo(received, emit, signal);
  };
  client.use((await listen(side)).path);
  const control = new AbortController();
  const leaving = client.ask({ ...request('/left'), body: large('a') }, () => {}, control.signal);
  control.abort(new Error('the client left'));
  await expect(leaving).rejects.toThrow('the client left');
  expect(await ask(client, '/next')).toHaveLength(2);
  expect(asked).toEqual(['/next']);
});

test('drops one body and no other, and keeps none after its request', async () => {
  const bodies: string[] = [];
  const { side, bodyChunk, dropBody } = receiveBodyChunks(async ({ body }) => {
    bodies.push(Buffer.concat([body ?? []].flat()).toString());
  });
  const askFor = (bodyNumber: number) => {
    const { body: _ahead, ...rest } = request('/large');
    return side({ ...rest, bodyNumber } as unknown as SideRequest, () => {}, never);
  };
  for (const text of ['one', 'two'])
    for (const bodyNumber of [1, 2]) bodyChunk({ bodyNumber, chunk: Buffer.from(text) });
  dropBody(1);
  await askFor(1);
  await askFor(2);
  await askFor(2);
  expect(bodies).toEqual(['', 'onetwo', '']);
});

test('drops the chunks of a client that leaves between two of them', async () => {
  const notified: unknown[] = [];
  const client = new AbortController();
  const sent: number[] = [];
  const rpc = {
    stream: async (_: string, { bodyNumber }: { bodyNumber: number }) => {
      client.signal.throwIfAborted();
      sent.push(bodyNumber);
      if (sent.length === 2) client.abort(new Error('left'));
    },
    notify: (...what: unknown[]) => notified.push(what),
  } as unknown as Rpc;
  await expect(sendBodyInChunks(rpc, { ...request('/large'), body: large('a') }, client.signal)).rejects.toThrow(
    'left',
  );
  expect(sent).toHaveLength(2);
  expect(notified).toEqual([['dropBody', sent[0]]]);
});
