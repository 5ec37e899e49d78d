// Checks the gateway as a whole, in this process: frames, ids, the limit of a key, drain and close.

import { randomUUID } from 'node:crypto';
import { afterEach, expect, test } from 'vitest';
import { testCertificate } from '../../support/certificate.ts';
import { heldBack } from '../../support/flow.ts';
import { openClient, refusedUpgrade, startGateway, type TestGateway } from '../../support/gateway.ts';
import { closed, message } from '../../support/inbox.ts';
import { type FakeProvider, startProvider } from '../../support/provider.ts';
import { openRaw } from '../../support/raw-socket.ts';
import { until } from '../../support/until.ts';

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

test('passes frames in both directions with their bytes and their opcode', async () => {
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

test('passes on what a provider sends together with its 101', async () => {
  provider = await startProvider({ onSession: (ws) => ws.send('{"type":"session.created"}') });
  gateway = await startGateway({ provider: provider.url });
  const client = await openClient(gateway.url + REALTIME);
  expect((await message(client)).data.toString()).toBe('{"type":"session.created"}');
});

test('gives a session the id that the client offers, and refuses a second one like it', async () => {
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

test('gives a key as many sessions as it may have, and the place of one that ended to another', async () => {
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

test('gives the keys of a team as many sessions together as it may have, of models that both allow', async () => {
  await start({
    teams: { apps: { maxSessions: 1, models: ['openai/*-2.1'] } },
    keys: [
      { id: 'web', secret: 'secret-of-web', team: 'apps', models: ['openai/gpt-*'] },
      { id: 'ios', secret: 'secret-of-ios', team: 'apps' },
    ],
  });
  const [web, ios] = ['web', 'ios'].map((id) => ({ headers: { authorization: `Bearer secret-of-${id}` } }));
  for (const model of ['gpt-realtime-2', 'other-2.1'])
    expect((await refusedUpgrade(`${gateway.url}/v1/realtime?model=${model}`, web)).status).toBe(403);
  const client = await openClient(gateway.url + REALTIME, ios);
  const refused = await refusedUpgrade(gateway.url + REALTIME, web);
  expect([refused.status, JSON.parse(refused.body).error.code]).toEqual([429, 'too_many_sessions']);
  client.close();
  await gateway.nextEnd();
  await openClient(gateway.url + REALTIME, web);
});

test('opens as many sessions as a process may, also when all come at once, and is not ready for another', async () => {
  await start({ limits: { maxSessions: 3 } });
  const opened = Array.from({ length: 10 }, () =>
    openClient(gateway.url + REALTIME).catch((error: Error) => error.message),
  );
  const clients = (await Promise.all(opened)).filter((client) => typeof client === 'object');
  expect(clients).toHaveLength(3);
  const refused = await refusedUpgrade(gateway.url + REALTIME);
  expect([refused.status, refused.headers['retry-after']]).toEqual([503, '5']);
  expect(JSON.parse(refused.body).error).toMatchObject({ type: 'server_error', code: 'too_many_sessions' });
  expect(gateway.gateway.readiness().sessions).toMatchObject([{ code: 'too_many_sessions' }]);
  clients[0]?.close();
  await gateway.nextEnd();
  expect(gateway.gateway.readiness().sessions).toEqual([]);
  await openClient(gateway.url + REALTIME);
});

test('refuses new sessions while it drains, in the shape of the provider, and lets the live ones go on', async () => {
  await start();
  const client = await openClient(gateway.url + REALTIME);
  const upstream = await provider.next();
  let isDrained = false;
  const drained = gateway.gateway.drain().then(() => {
    isDrained = true;
  });
  const refused = await refusedUpgrade(gateway.url + REALTIME);
  expect(refused.status).toBe(503);
  expect(refused.headers['retry-after']).toBe('1');
  expect(JSON.parse(refused.body).error).toMatchObject({ type: 'server_error', code: 'draining' });
  client.send('still here');
  expect((await message(upstream)).data.toString()).toBe('still here');
  expect(isDrained).toBe(false);
  client.close();
  await drained;
});

test('ends sessions in the second half of its drain, one by one and between turns', async () => {
  await start({ limits: { drainMs: 2000 } });
  const clients = await Promise.all(Array.from({ length: 6 }, () => openClient(gateway.url + REALTIME)));
  const upstreams = await Promise.all(clients.map(() => provider.next()));
  // One of them is in the middle of a reply.
  const [busy] = upstreams;
  busy?.send(JSON.stringify({ type: 'response.output_audio.delta', delta: 'AAAA' }));
  await until(async () => (await gateway.sample('trunkline_frames_total', { direction: 'downstream' })) === 1);
  const at = performance.now();
  const drained = gateway.gateway.drain();
  const ends: number[] = [];
  for (let ended = 0; ended < 5; ended++) {
    expect(await gateway.nextEnd()).toMatchObject({ reason: 'drained', closeCode: 1001 });
    ends.push(performance.now() - at);
  }
  // No look at the clock from above: a busy machine is late, and never early.
  expect(ends[0]).toBeGreaterThan(1000);
  expect(ends[4]).toBeGreaterThan(1600);
  expect(gateway.gateway.records()).toMatchObject([{ state: 'open' }]);
  busy?.send(JSON.stringify({ type: 'response.done', response: { id: 'r', status: 'completed' } }));
  await drained;
});

test('closes sessions that are open at the end with 1001', async () => {
  await start();
  const client = await openClient(gateway.url + REALTIME);
  const upstream = await provider.next();
  const ended = gateway.close();
  expect(await closed(client)).toEqual({ code: 1001, reason: 'the gateway is shutting down' });
  expect((await closed(upstream)).code).toBe(1001);
  await ended;
  expect(await gateway.nextEnd()).toMatchObject({ reason: 'drained', closeCode: 1001, mayRetry: true });
  await expect(openClient(gateway.url + REALTIME)).rejects.toThrow('ECONNREFUSED');
});

test('does not wait at the end for a peer that takes nothing', async () => {
  await start({ limits: { closeMs: 100, stallMs: 600_000 } });
  const client = await openClient(gateway.url + REALTIME);
  const upstream = await provider.next();
  client.pause();
  for (let index = 0; index < 300; index++) upstream.send(Buffer.alloc(64 * 1024));
  await heldBack(upstream);
  await gateway.close();
  expect(gateway.ended).toHaveLength(1);
});

test('does not wait at the end for connections that have asked for nothing, or whose TLS has not begun', async () => {
  const certificate = await testCertificate();
  provider = await startProvider();
  gateway = await startGateway({ provider: provider.url, certificate, limits: { handshakeMs: 600_000 } });
  const { port } = gateway;
  const raw = [openRaw(port), openRaw(Number(new URL(gateway.tlsUrl).port)), openRaw(port)];
  raw[2]?.send('GET /v1/real');
  await until(async () => (await gateway.sample('trunkline_waiting_connections')) >= 3);
  await gateway.close();
  for (const { rest } of raw) expect((await rest()).length).toBe(0);
});

test('refuses a client whose provider is still being dialled when the gateway ends', async () => {
  provider = await startProvider({ onUpgrade: () => true });
  gateway = await startGateway({ provider: provider.url, limits: { dialMs: 600_000 } });
  const refused = refusedUpgrade(gateway.url + REALTIME);
  await until(() => provider.requests.length > 0);
  await gateway.close();
  expect((await refused).status).toBe(503);
});
