// The heartbeat: an end that is gone without a close is found, one that is slow to answer lives.

import { afterEach, describe, expect, test } from 'vitest';
import { heldBack } from '../../support/flow.ts';
import { openClient, startGateway, type TestGateway } from '../../support/gateway.ts';
import { closed, message } from '../../support/inbox.ts';
import { type FakeProvider, startProvider } from '../../support/provider.ts';
import { acceptRaw, frameBytes, type RawSocket, upgradeRaw } from '../../support/raw-socket.ts';
import { until } from '../../support/until.ts';

const REALTIME = '/v1/realtime?model=gpt-realtime-2.1';
const PING = 9;
const PONG = 10;
let provider: FakeProvider;
let gateway: TestGateway;

afterEach(async () => {
  await gateway.close();
  await provider.close();
});

const durationMs = () => gateway.gateway.records()[0]?.durationMs ?? 0;

describe('a client', () => {
  test('is terminated when it has sent nothing for two pings, and the provider is closed with 1011', async () => {
    provider = await startProvider();
    gateway = await startGateway({ provider: provider.url, limits: { pingMs: 150 } });
    const client = await upgradeRaw(gateway.port, REALTIME);
    const upstream = await provider.next();
    expect((await client.frame()).opcode).toBe(PING);
    expect(await closed(upstream)).toEqual({ code: 1011, reason: '' });
    expect(await gateway.nextEnd()).toMatchObject({ reason: 'client-silent', closeCode: 1006, mayRetry: true });
    // The socket is destroyed, and no close frame was sent before.
    expect((await client.rest()).includes(0x88)).toBe(false);
  });

  test('lives while it answers pings', async () => {
    provider = await startProvider();
    gateway = await startGateway({ provider: provider.url, limits: { pingMs: 150 } });
    const client = await upgradeRaw(gateway.port, REALTIME);
    for (let pings = 0; pings < 6; pings++) {
      expect((await client.frame()).opcode).toBe(PING);
      client.send(frameBytes(PONG));
    }
    expect(gateway.gateway.records()[0]?.state).toBe('open');
    client.socket.destroy();
  });

  test('lives where the gateway itself stood still for longer than a silence may last', async () => {
    provider = await startProvider();
    gateway = await startGateway({ provider: provider.url, limits: { pingMs: 150 } });
    const client = await upgradeRaw(gateway.port, REALTIME);
    for (let pings = 0; pings < 3; pings++) {
      expect((await client.frame()).opcode).toBe(PING);
      client.send(frameBytes(PONG));
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 600);
    }
    expect((await client.frame()).opcode).toBe(PING);
    expect(gateway.gateway.records()[0]?.state).toBe('open');
    client.socket.destroy();
  });

  test('lives while it sends frames, though it answers no ping', async () => {
    provider = await startProvider();
    gateway = await startGateway({ provider: provider.url, limits: { pingMs: 150 } });
    const client = await upgradeRaw(gateway.port, REALTIME);
    for (let pings = 0; pings < 6; pings++) {
      expect((await client.frame()).opcode).toBe(PING);
      client.send(frameBytes(1, 'talk'));
    }
    expect(gateway.gateway.records()[0]?.state).toBe('open');
    client.socket.destroy();
  });

  test('lives though it is silent while it is slow to read', async () => {
    provider = await startProvider();
    gateway = await startGateway({ provider: provider.url, limits: { pingMs: 600, stallMs: 600_000 } });
    const client = await openClient(gateway.url + REALTIME);
    const upstream = await provider.next();
    client.pause();
    for (let index = 0; index < 300; index++) upstream.send(Buffer.alloc(64 * 1024));
    await heldBack(upstream);
    // Twice the silence that would end it.
    const [before] = gateway.gateway.records();
    await until(() => gateway.ended.length > 0 || durationMs() > (before?.durationMs ?? 0) + 2400);
    expect(gateway.gateway.records()[0]?.state).toBe('open');
    client.terminate();
  });
});

// The client's own limit is two pings, so these must be far apart for a busy machine.
describe('a provider', () => {
  async function open(
    limits: Record<string, number>,
  ): Promise<{ client: Awaited<ReturnType<typeof openClient>>; upstream: RawSocket }> {
    const { promise, resolve } = Promise.withResolvers<RawSocket>();
    provider = await startProvider({
      onUpgrade(request, socket) {
        resolve(acceptRaw(request, socket));
        return true;
      },
    });
    gateway = await startGateway({ provider: provider.url, limits: { closeMs: 100, ...limits } });
    const client = await openClient(gateway.url + REALTIME);
    return { client, upstream: await promise };
  }

  const unmasked = (opcode: number, text = '') => frameBytes(opcode, text, { masked: false });

  test('is terminated when it has sent nothing for providerSilenceMs, and the client is closed with 1011', async () => {
    const { client, upstream } = await open({ pingMs: 150, providerSilenceMs: 250 });
    expect((await upstream.frame()).opcode).toBe(PING);
    expect(await closed(client)).toEqual({ code: 1011, reason: 'the provider went silent' });
    expect(await gateway.nextEnd()).toMatchObject({ reason: 'provider-silent', closeCode: 1011, mayRetry: true });
    await upstream.rest();
  });

  test('lives though its pongs take many times pingMs', async () => {
    const { client, upstream } = await open({ pingMs: 100, providerSilenceMs: 5000 });
    for (let rounds = 0; rounds < 2; rounds++) {
      for (let pings = 0; pings < 6; pings++) expect((await upstream.frame()).opcode).toBe(PING);
      upstream.send(unmasked(PONG));
    }
    expect(gateway.gateway.records()[0]?.state).toBe('open');
    client.terminate();
  });

  test('lives while it sends frames, though it answers no ping', async () => {
    const { client, upstream } = await open({ pingMs: 200, providerSilenceMs: 1000 });
    for (let pings = 0; pings < 8; pings++) {
      expect((await upstream.frame()).opcode).toBe(PING);
      upstream.send(unmasked(1, 'talk'));
      await message(client);
    }
    expect(gateway.gateway.records()[0]?.state).toBe('open');
    client.terminate();
  });
});
