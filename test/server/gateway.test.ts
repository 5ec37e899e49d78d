// The gateway as a whole, in process: frames, ids, places.

import { randomUUID } from 'node:crypto';
import { afterEach, expect, test } from 'vitest';
import { openClient, refusedUpgrade, startGateway, type TestGateway } from '../support/gateway.ts';
import { closed, message } from '../support/inbox.ts';
import { type FakeProvider, startProvider } from '../support/provider.ts';

const REALTIME = '/v1/realtime?model=gpt-realtime-2.1';
let provider: FakeProvider;
let gateway: TestGateway;

afterEach(async () => {
  await gateway?.close();
  await provider?.close();
});

async function start(config: Record<string, unknown> = {}): Promise<void> {
  provider = await startProvider();
  gateway = await startGateway({ provider: provider.url, ...config });
}

test('frames pass in both directions with their bytes and their opcode', async () => {
  await start();
  const client = await openClient(gateway.url + REALTIME);
  const upstream = await provider.next();
  client.send('{"type":"session.update"}');
  expect(await message(upstream)).toEqual({ data: Buffer.from('{"type":"session.update"}'), binary: false });
  upstream.send(Buffer.from([0, 1, 2, 255]));
  expect(await message(client)).toEqual({ data: Buffer.from([0, 1, 2, 255]), binary: true });
  client.close(1000, 'OK');
  expect(await closed(upstream)).toEqual({ code: 1000, reason: 'OK' });
  expect(await gateway.nextEnd()).toMatchObject({
    reason: 'client-closed',
    closeCode: 1000,
    frames: { upstream: 1, downstream: 1 },
    bytes: { upstream: 25, downstream: 4 },
    model: 'gpt-realtime-2.1',
  });
});

test('what a provider sends together with its 101 reaches the client', async () => {
  provider = await startProvider({ onSession: (ws) => ws.send('{"type":"session.created"}') });
  gateway = await startGateway({ provider: provider.url });
  const client = await openClient(gateway.url + REALTIME);
  expect((await message(client)).data.toString()).toBe('{"type":"session.created"}');
});

test('an id that the client offers is the id of the session, and a second one like it is refused', async () => {
  await start();
  const id = randomUUID();
  const client = await openClient(`${gateway.url}${REALTIME}&trunkline-session=${id}`);
  expect(gateway.gateway.record(id)?.state).toBe('open');
  expect(provider.requests[0]?.url).toBe(REALTIME);
  const second = await refusedUpgrade(`${gateway.url}${REALTIME}&trunkline-session=${id}`);
  expect(second.status).toBe(409);
  expect(provider.requests).toHaveLength(1);
  client.terminate();
});

test('a key may have so many sessions and no more, and a place is given back', async () => {
  await start({ keys: [{ id: 'web', secret: 'secret-of-web', maxSessions: 1 }] });
  const headers = { authorization: 'Bearer secret-of-web' };
  const client = await openClient(gateway.url + REALTIME, { headers });
  const refused = await refusedUpgrade(gateway.url + REALTIME, { headers });
  expect(refused.status).toBe(429);
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
  client.close();
  await gateway.nextEnd();
  await openClient(gateway.url + REALTIME, { headers });
});
