// Checks clients that have their 101 ahead of their provider's: how long, and with how much, they may wait, and what they are told.

import { once } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';
import { testCertificate } from '../../../support/certificate.ts';
import { openClient, startGateway, type TestGateway, type TestGatewayOptions } from '../../../support/gateway.ts';
import { closed, message } from '../../../support/inbox.ts';
import { type FakeProvider, type FakeProviderOptions, startProvider } from '../../../support/provider.ts';
import { closeBytes, closeOf, frameBytes, type RawSocket, socketOf, upgradeRaw } from '../../../support/raw-socket.ts';
import { until } from '../../../support/until.ts';

const PATH = '/transcribe-websocket';
const KEY = 'secret-of-app';
const first = (key: string = KEY, more: object = {}) => JSON.stringify({ api_key: key, model: 'stt-rt-v5', ...more });
const ours = (text: string) => text.replace(KEY, 'provider-secret');
let provider: FakeProvider;
let gateway: TestGateway;

afterEach(async () => {
  await gateway.close();
  await provider.close();
});

async function start(options: Partial<TestGatewayOptions> = {}, ofProvider: FakeProviderOptions = {}): Promise<void> {
  provider = await startProvider(ofProvider);
  const account = { baseUrl: provider.url, apiKey: 'provider-secret', allowPrivate: true };
  gateway = await startGateway({
    keys: [{ id: 'app', secret: KEY }],
    providers: { soniox: account },
    ...options,
  });
}

const waiting = () => gateway.sample('trunkline_waiting_connections');
const refusals = (code: string) => gateway.sample('trunkline_refusals_total', { code });

/** The error event of a client, and its close. */
async function told(raw: RawSocket): Promise<{ error_code: number; error_type: string; error_message: string }> {
  const event = JSON.parse(String((await raw.frame()).payload));
  return { ...event, ...closeOf(await raw.frame()) };
}

describe('before the first message is complete', () => {
  test('a client that says nothing is refused once its time is over', async () => {
    await start({ limits: { handshakeMs: 200 } });
    const raw = await upgradeRaw(gateway.port, PATH);
    expect(await told(raw)).toMatchObject({ error_code: 408, error_type: 'request_timeout', code: 1008 });
    expect((await raw.rest()).length).toBe(0);
    expect(await refusals('request_timeout')).toBe(1);
    expect(provider.requests).toHaveLength(0);
  });

  test('a message that is never whole, however it is sent, is refused in the same time', async () => {
    await start({ limits: { handshakeMs: 300 } });
    const raw = await upgradeRaw(gateway.port, PATH);
    const timer = setInterval(() => raw.send(frameBytes(0, ' ', { fin: false })), 20);
    raw.send(frameBytes(1, '{', { fin: false }));
    expect(await told(raw)).toMatchObject({ code: 1008 });
    clearInterval(timer);
  });

  test.each([
    ['a message that is announced', frameBytes(1, '{', { claimed: 2048 })],
    [
      'a message in parts',
      Buffer.concat(Array.from({ length: 30 }, (_, at) => frameBytes(at ? 0 : 1, ' '.repeat(50), { fin: false }))),
    ],
  ])('%s as longer than limits.firstMessageBytes closes with 1009', async (_what, bytes) => {
    await start({ limits: { firstMessageBytes: 1024 } });
    const raw = await upgradeRaw(gateway.port, PATH, bytes);
    expect(closeOf(await raw.frame())).toMatchObject({ code: 1009 });
    expect(await refusals('body_too_large')).toBe(1);
  });

  test('pings count as bytes of the message that does not come', async () => {
    await start({ limits: { firstMessageBytes: 1024 } });
    const raw = await upgradeRaw(gateway.port, PATH);
    for (let count = 0; count < 40; count += 1) raw.send(frameBytes(9, 'x'.repeat(100)));
    await until(async () => (await refusals('body_too_large')) === 1);
    const rest = await raw.rest();
    expect(rest.includes('limits.firstMessageBytes')).toBe(true);
  });

  test.each([
    ['an unmasked frame', frameBytes(1, first(), { masked: false }), 1002],
    ['text that is no UTF-8', frameBytes(1, Buffer.from([0xff])), 1007],
    ['a close with a code that is none', closeBytes(1005), 1002],
  ])('%s closes with its code', async (_what, bytes, code) => {
    await start();
    const raw = await upgradeRaw(gateway.port, PATH, bytes);
    expect(closeOf(await raw.frame()).code).toBe(code);
  });

  test('it takes the room of a connection without a request, and the oldest goes where there are more', async () => {
    await start({ limits: { maxConnectionsPerAddress: 3 } });
    const all = [];
    for (let count = 0; count < 3; count += 1) all.push(await upgradeRaw(gateway.port, PATH));
    expect(await waiting()).toBe(3);
    all.push(await upgradeRaw(gateway.port, PATH));
    await all[0]?.rest();
    expect(await refusals('too_many_connections')).toBe(1);
    expect(await gateway.sample('trunkline_refusals_total', { code: 'client_left' })).toBe(1);
    expect(await waiting()).toBe(3);
    all[3]?.send(frameBytes(1, first()));
    await provider.next();
    expect(await waiting()).toBe(2);
  });

  test('one that goes leaves nothing behind', async () => {
    await start();
    const raw = await upgradeRaw(gateway.port, PATH, frameBytes(1, '{', { fin: false }));
    raw.socket.destroy();
    await until(async () => (await refusals('client_left')) === 1);
    await until(async () => (await waiting()) === 0);
  });

  test('a gateway that drains refuses it at once, and takes no other', async () => {
    await start();
    const raw = await upgradeRaw(gateway.port, PATH);
    await gateway.gateway.drain();
    expect(await told(raw)).toMatchObject({ error_code: 503, error_type: 'draining', code: 1013 });
    await expect(upgradeRaw(gateway.port, PATH)).rejects.toThrow('refused with 503');
  });
});

/** Reads, so that it notices when it is left alone, and never answers. */
const silent: FakeProviderOptions = {
  onUpgrade(_request, socket) {
    socket.resume().once('end', () => socket.destroy());
    return true;
  },
};

describe('while the provider is asked', () => {
  test('what comes behind the first message is held to a bound, and passes in order as it came', async () => {
    let accept = (): void => {};
    await start(
      { limits: { pauseBytes: 64 * 1024 } },
      {
        onUpgrade(_request, _socket, go) {
          accept = go;
          return true;
        },
      },
    );
    const client = await openClient(gateway.url + PATH);
    client.send(first());
    const chunk = Buffer.alloc(16 * 1024, 7);
    for (let count = 0; count < 1500; count += 1) client.send(chunk);
    await until(async () => provider.requests.length === 1);
    // The client is not read any further: what it sends stays with it.
    await until(async () => client.bufferedAmount > 1024 * 1024);
    accept();
    const upstream = await provider.next();
    expect(String((await message(upstream)).data)).toBe(ours(first()));
    for (let count = 0; count < 1500; count += 1) expect((await message(upstream)).data.equals(chunk)).toBe(true);
    client.close();
    await gateway.nextEnd();
  });

  test('what is held counts as memory of unfinished messages: the client is refused where that is used up', async () => {
    const largest = { clientMaxPayloadBytes: 64 * 1024, providerMaxPayloadBytes: 64 * 1024 };
    const limits = { ...largest, pauseBytes: 8 * 1024 * 1024, maxUnfinishedBytes: 256 * 1024 };
    await start({ limits }, silent);
    const client = await openClient(gateway.url + PATH);
    client.send(first());
    await until(async () => provider.requests.length === 1);
    client.send(Buffer.alloc(128 * 1024));
    await until(async () => (await gateway.sample('trunkline_unfinished_message_bytes')) > 128 * 1024);
    client.send(Buffer.alloc(256 * 1024));
    expect(JSON.parse(String((await message(client)).data))).toMatchObject({ error_type: 'too_many_connections' });
    expect((await closed(client)).code).toBe(1013);
    expect(await refusals('too_many_connections')).toBe(1);
    await until(async () => provider.connections.size === 0);
    expect(await gateway.sample('trunkline_unfinished_message_bytes')).toBe(0);
  });

  test('a client that closes ends the dialling, and its close is answered', async () => {
    await start({}, silent);
    const client = await openClient(gateway.url + PATH);
    client.send(first());
    await until(async () => provider.requests.length === 1);
    client.close(1000);
    expect((await closed(client)).code).toBe(1000);
    await until(async () => (await refusals('client_left')) === 1);
    await until(async () => provider.connections.size === 0);
  });

  test('a client that is lost ends the dialling', async () => {
    await start({}, silent);
    const client = await openClient(gateway.url + PATH);
    client.send(first());
    await until(async () => provider.requests.length === 1);
    socketOf(client).destroy();
    await until(async () => (await refusals('client_left')) === 1);
    await until(async () => provider.connections.size === 0);
  });

  test.each([
    ['refuses', 429, 'upstream_refused', 1013],
    ['refuses for good', 401, 'upstream_refused', 1008],
    ['fails', 500, 'upstream_refused', 1011],
  ])('a provider that %s with %i is told in an event, without its words', async (_what, status, type, code) => {
    await start(
      {},
      {
        onUpgrade(_request, socket) {
          socket.end(`HTTP/1.1 ${status} No\r\ncontent-length: 15\r\n\r\nprovider-secret`);
          return true;
        },
      },
    );
    const raw = await upgradeRaw(gateway.port, PATH, frameBytes(1, first()));
    const event = await told(raw);
    expect(event).toMatchObject({ error_code: status, error_type: type, code });
    expect(JSON.stringify(event)).not.toContain('provider-secret');
  });

  test('a provider that does not answer in time is told in an event', async () => {
    await start({ limits: { dialMs: 200 } }, { onUpgrade: () => true });
    const raw = await upgradeRaw(gateway.port, PATH, frameBytes(1, first()));
    expect(await told(raw)).toMatchObject({ error_code: 504, error_type: 'upstream_timeout', code: 1011 });
  });
});

test('a session has its id from the 101, and its record is as that of any other', async () => {
  await start();
  const id = '0191b7a0-0000-7000-8000-000000000001';
  const client = await openClient(`${gateway.url}${PATH}?trunkline-session=${id}`);
  client.send(first());
  await provider.next();
  client.close(1000);
  const record = await gateway.nextEnd();
  expect(record).toMatchObject({ id, key: 'app', model: 'stt-rt-v5', reason: 'client-closed' });
  expect(record.timeline?.map(({ kind }) => kind)).toEqual(['dial', 'open', 'close']);
});

test('fragments, pings between them and a message behind in the same packet are read as they are', async () => {
  await start();
  const text = first();
  const bytes = [
    frameBytes(1, text.slice(0, 9), { fin: false }),
    frameBytes(9, 'ping'),
    frameBytes(0, text.slice(9)),
    frameBytes(2, 'sound'),
  ];
  const raw = await upgradeRaw(gateway.port, PATH, Buffer.concat(bytes));
  expect(await raw.frame()).toMatchObject({ opcode: 10, payload: Buffer.from('ping') });
  const upstream = await provider.next();
  expect(String((await message(upstream)).data)).toBe(ours(text));
  expect(await message(upstream)).toEqual({ data: Buffer.from('sound'), binary: true });
  upstream.send('hello');
  expect(String((await raw.frame()).payload)).toBe('hello');
  raw.socket.destroy();
  await gateway.nextEnd();
});

test('a client over TLS waits like any other', async () => {
  const certificate = await testCertificate();
  await start({ certificate });
  const client = await openClient(gateway.tlsUrl + PATH, { rejectUnauthorized: false });
  client.send(first());
  client.send(Buffer.from('sound'));
  const upstream = await provider.next();
  expect(String((await message(upstream)).data)).toBe(ours(first()));
  expect(String((await message(upstream)).data)).toBe('sound');
  upstream.close(1000);
  await once(client, 'close');
  await gateway.nextEnd();
});
