// Checks the limits of connections that are not yet sessions, of one address and in all.

import { connect } from 'node:tls';
import { afterEach, expect, test } from 'vitest';
import { testCertificate } from '../../../support/certificate.ts';
import { openClient, startGateway, type TestGateway } from '../../../support/gateway.ts';
import { sampleOf } from '../../../support/metrics.ts';
import { type FakeProvider, startProvider } from '../../../support/provider.ts';
import { openRaw, upgradeRequest, watchSocket } from '../../../support/raw-socket.ts';
import { until } from '../../../support/until.ts';

const REALTIME = '/v1/realtime?model=gpt-realtime-2.1';
let provider: FakeProvider;
let gateway: TestGateway;

afterEach(async () => {
  await gateway.close();
  await provider.close();
});

async function start(limits: Record<string, number>, options: Parameters<typeof startProvider>[0] = {}) {
  provider = await startProvider(options);
  gateway = await startGateway({ provider: provider.url, certificate: await testCertificate(), limits });
}

/** Opens a connection, waits for an answer on it, and leaves it open. */
async function openIdle() {
  const raw = openRaw(gateway.port);
  raw.send('GET /nowhere HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
  expect((await raw.answer()).status).toBe(404);
  return raw;
}

const refused = () =>
  sampleOf(gateway.gateway.metrics.registry, 'trunkline_refusals_total', { code: 'too_many_connections' });

test.each(['maxConnectionsPerAddress', 'maxConnections'])('a connection over %s is let go at once', async (limit) => {
  await start({ [limit]: 3 });
  const idle = [await openIdle(), await openIdle(), await openIdle()];
  expect(await openRaw(gateway.port).rest()).toHaveLength(0);
  expect(await refused()).toBe(1);
  // The place of a closed connection is free again.
  idle[0]?.socket.destroy();
  await until(() => openIdle().catch(() => undefined));
});

test('does not count a session, and counts a client whose provider is being dialled', async () => {
  const pending: (() => void)[] = [];
  await start(
    { maxConnectionsPerAddress: 2 },
    {
      onUpgrade(_request, _socket, accept) {
        pending.push(accept);
        return true;
      },
    },
  );
  const [one, two] = [openRaw(gateway.port), openRaw(gateway.port)];
  for (const raw of [one, two]) raw.send(upgradeRequest(REALTIME));
  await until(() => pending.length === 2);
  expect(await openRaw(gateway.port).rest()).toHaveLength(0);
  for (const accept of pending) accept();
  for (const raw of [one, two]) expect((await raw.answer()).status).toBe(101);
  await openIdle();
  await openIdle();
  one.socket.destroy();
  two.socket.destroy();
});

test('does not count a session over TLS', async () => {
  await start({ maxConnectionsPerAddress: 1 });
  const clients = [];
  for (let index = 0; index < 5; index++) {
    clients.push(await openClient(gateway.tlsUrl + REALTIME, { rejectUnauthorized: false }));
  }
  for (const client of clients) client.terminate();
});

test('counts a connection that never finishes its TLS handshake', async () => {
  await start({ maxConnectionsPerAddress: 1 });
  const port = Number(new URL(gateway.tlsUrl).port);
  const half = openRaw(port);
  half.send(Buffer.from([0x16]));
  await until(async () => {
    const other = watchSocket(connect({ port, host: '127.0.0.1', rejectUnauthorized: false }));
    return (await other.rest().then(() => refused())) > 0;
  });
  half.socket.destroy();
});
