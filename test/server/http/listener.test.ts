// Checks that connections which are too slow, too large or not HTTP never become requests, and disturb nobody else.

import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { testCertificate } from '../../support/certificate.ts';
import { openClient, startGateway, type TestGateway } from '../../support/gateway.ts';
import { message } from '../../support/inbox.ts';
import { type FakeProvider, startProvider } from '../../support/provider.ts';
import { openRaw, upgradeRequest, watchSocket } from '../../support/raw-socket.ts';

const REALTIME = '/v1/realtime?model=gpt-realtime-2.1';
let provider: FakeProvider;
let gateway: TestGateway;

beforeEach(async () => {
  provider = await startProvider();
});
afterEach(async () => {
  await gateway.close();
  await provider.close();
});

async function start(limits: Record<string, number>): Promise<void> {
  gateway = await startGateway({ provider: provider.url, certificate: await testCertificate(), limits });
}

const tlsPort = () => Number(new URL(gateway.tlsUrl).port);

describe('a handshake that takes longer than handshakeMs', () => {
  test('answers 408 to a header that comes byte by byte for longer than handshakeMs', async () => {
    await start({ handshakeMs: 200 });
    const slow = openRaw(gateway.port);
    slow.send(upgradeRequest(REALTIME).slice(0, -4));
    const drip = setInterval(() => slow.send('x'), 10);
    expect((await slow.answer()).status).toBe(408);
    clearInterval(drip);
    await slow.rest();
  });

  test('drops a connection without a single byte after handshakeMs', async () => {
    await start({ handshakeMs: 200 });
    expect((await openRaw(gateway.port).answer()).status).toBe(408);
  });

  test('drops a connection without a byte of TLS after handshakeMs', async () => {
    await start({ handshakeMs: 200 });
    expect(await openRaw(tlsPort()).rest()).toHaveLength(0);
  });

  test('drops a TLS hello that comes byte by byte after handshakeMs', async () => {
    await start({ handshakeMs: 200 });
    const slow = openRaw(tlsPort());
    slow.send(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00]));
    const drip = setInterval(() => slow.send(Buffer.from([1])), 10);
    expect(await slow.rest()).toHaveLength(0);
    clearInterval(drip);
  });

  test('does not apply handshakeMs to an open session', async () => {
    await start({ handshakeMs: 100 });
    const client = await openClient(gateway.url + REALTIME);
    const upstream = await provider.next();
    await openRaw(gateway.port).rest();
    await openRaw(tlsPort()).rest();
    client.send('still here');
    expect((await message(upstream)).data.toString()).toBe('still here');
  });
});

describe('headers', () => {
  const padded = (length: number) => upgradeRequest(REALTIME, { 'X-Padding': 'x'.repeat(length) });

  test('answers 431 to headers of more than maxHeaderBytes', async () => {
    await start({ maxHeaderBytes: 2000 });
    const raw = openRaw(gateway.port);
    raw.send(padded(2000));
    expect((await raw.answer()).status).toBe(431);
    await raw.rest();
    expect(provider.requests).toHaveLength(0);
  });

  test('refuses headers of 8 KiB by default, and takes a little less', async () => {
    await start({});
    const [over, under] = [openRaw(gateway.port), openRaw(gateway.port)];
    over.send(padded(8192));
    under.send(padded(7500));
    expect((await over.answer()).status).toBe(431);
    expect((await under.answer()).status).toBe(101);
    under.socket.destroy();
  });

  test('refuses too many headers: one that is not read could be the one that forbids', async () => {
    await start({});
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`X-${index}`, '1']));
    const raw = openRaw(gateway.port);
    raw.send(upgradeRequest(REALTIME, { ...many, Origin: 'https://elsewhere.example' }));
    expect((await raw.answer()).status).toBe(431);
  });
});

test.each([
  ['garbage', 'hello\r\n\r\n'],
  ['a TLS hello', '\x16\x03\x01\x02\x00\x01\x00'],
  ['HTTP/2 with prior knowledge', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['a bare line feed in a header', 'GET / HTTP/1.1\nHost: 127.0.0.1\n\n'],
  ['no Host', 'GET / HTTP/1.1\r\n\r\n'],
  ['a space before the colon', 'GET / HTTP/1.1\r\nHost : 127.0.0.1\r\n\r\n'],
  ['two lengths', 'POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\n1234'],
  [
    'a length and an encoding',
    'POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  ],
])('answers 400 or drops the connection for %s', async (_, bytes) => {
  await start({});
  const raw = openRaw(gateway.port);
  raw.send(bytes);
  const answer = await raw.answer().catch(() => undefined);
  expect(answer?.status ?? 400).toBe(400);
  await raw.rest();
  await expectAlive();
});

test('drops plain HTTP on the TLS port', async () => {
  await start({});
  const raw = watchSocket(connect({ port: tlsPort(), host: '127.0.0.1' }));
  raw.send('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
  await raw.rest();
  await expectAlive();
});

async function expectAlive(): Promise<void> {
  const client = await openClient(gateway.url + REALTIME);
  client.terminate();
  await gateway.nextEnd();
}
