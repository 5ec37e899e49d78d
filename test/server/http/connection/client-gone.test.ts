// Checks that a client which leaves before it has an answer ends the dialling and frees its place.

import { connect, createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { watchClientGone } from '../../../../server/http/connection/client-gone.ts';
import { openClient, startGateway, type TestGateway } from '../../../support/gateway.ts';
import { sampleOf } from '../../../support/metrics.ts';
import { type FakeProvider, startProvider } from '../../../support/provider.ts';
import { frameBytes, openRaw, type RawSocket, upgradeRequest } from '../../../support/raw-socket.ts';
import { until } from '../../../support/until.ts';

const REALTIME = '/v1/realtime?model=gpt-realtime-2.1';
const KEY = { authorization: 'Bearer secret-of-web' };

describe('while the provider is being dialled', () => {
  let provider: FakeProvider;
  let gateway: TestGateway;
  let dialled: Socket | undefined;
  let isAccepting = false;

  afterEach(async () => {
    await gateway.close();
    await provider.close();
  });

  async function startDialling(early: Buffer = Buffer.alloc(0)): Promise<RawSocket> {
    dialled = undefined;
    isAccepting = false;
    provider = await startProvider({
      onUpgrade(_, socket) {
        dialled = socket;
        return !isAccepting;
      },
    });
    gateway = await startGateway({
      provider: provider.url,
      limits: { dialMs: 600_000 },
      keys: [{ id: 'web', secret: 'secret-of-web', maxSessions: 1 }],
    });
    const client = openRaw(gateway.port);
    client.send(Buffer.concat([Buffer.from(upgradeRequest(REALTIME, KEY)), early]));
    await until(() => dialled !== undefined);
    return client;
  }

  async function expectNothingLeft(): Promise<void> {
    await until(() => dialled?.destroyed || dialled?.readableEnded || dialled?.closed);
    expect(gateway.gateway.records().length).toBe(0);
    isAccepting = true;
    const next = await openClient(gateway.url + REALTIME, { headers: KEY });
    next.terminate();
    await gateway.nextEnd();
    const { registry } = gateway.gateway.metrics;
    expect(await sampleOf(registry, 'trunkline_refusals_total', { code: 'client_left' })).toBe(1);
    expect(await sampleOf(registry, 'trunkline_refusals_total', { code: 'upstream_unreachable' })).toBe(0);
  }

  test.each<[string, (socket: Socket) => unknown]>([
    ['closes its connection', (socket) => socket.destroy()],
    ['ends its side', (socket) => socket.end()],
    ['resets its connection', (socket) => socket.resetAndDestroy()],
  ])('nothing is left behind by a client that %s while the provider is dialled', async (_, leave) => {
    const client = await startDialling();
    leave(client.socket);
    await expectNothingLeft();
  });

  test('nothing is left behind by a client that sent frames and leaves while the provider is dialled', async () => {
    const client = await startDialling(frameBytes(1, 'early'));
    client.send(frameBytes(1, 'later'));
    client.socket.resetAndDestroy();
    await expectNothingLeft();
  });
});

describe('the watch', () => {
  async function pair(): Promise<{ near: Socket; far: Socket; close(): void }> {
    const { promise, resolve } = Promise.withResolvers<Socket>();
    const server = createServer({ allowHalfOpen: true }, resolve).listen(0, '127.0.0.1');
    await until(() => server.listening);
    const address = server.address();
    const far = connect({ port: typeof address === 'object' ? (address?.port ?? 0) : 0, host: '127.0.0.1' });
    const near = await promise;
    for (const socket of [near, far]) socket.on('error', () => {});
    return {
      near,
      far,
      close() {
        near.destroy();
        far.destroy();
        server.close();
      },
    };
  }

  test('the watch leaves early bytes in the socket, in order', async () => {
    const { near, far, close } = await pair();
    const departure = watchClientGone(near);
    far.write('one ');
    await until(() => near.readableLength > 0);
    far.write('two');
    await until(() => near.readableLength === 7);
    departure.stop();
    let read = '';
    near.on('data', (chunk) => {
      read += chunk;
    });
    await until(() => read.length === 7);
    expect(read).toBe('one two');
    expect(departure.signal.aborted).toBe(false);
    close();
  });

  test('the watch is over once it is stopped', async () => {
    const { near, far, close } = await pair();
    const departure = watchClientGone(near);
    departure.stop();
    near.resume();
    far.end();
    await until(() => near.readableEnded);
    expect(departure.signal.aborted).toBe(false);
    expect(near.destroyed).toBe(false);
    close();
  });

  test('the watch aborts at once for a socket that is gone already', async () => {
    const { near, close } = await pair();
    near.destroy();
    expect(watchClientGone(near).signal.aborted).toBe(true);
    close();
  });

  test('the watch can be told to abort, and leaves the socket open for an answer', async () => {
    const { near, close } = await pair();
    const departure = watchClientGone(near);
    departure.abort();
    expect(departure.signal.aborted).toBe(true);
    expect(near.writable).toBe(true);
    departure.stop();
    close();
  });
});
