// TLS toward providers over real sockets: which connections resume a session, and that none does which must not.

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect as connectTcp, createServer as createTcpServer } from 'node:net';
import { performance } from 'node:perf_hooks';
import { createServer, getCACertificates, type Server, setDefaultCACertificates, type TLSSocket } from 'node:tls';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ensureDevCertificate } from '../../../server/http/dev-certificate.ts';
import { connect } from '../../../server/transport/connect.ts';
import { ProviderTls } from '../../../server/transport/provider-tls.ts';
import { testCertificate } from '../../support/certificate.ts';
import { openClient, startGateway } from '../../support/gateway.ts';
import { startProxy } from '../../support/http-proxy.ts';
import { startProvider } from '../../support/provider.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { until } from '../../support/until.ts';

const trusted = getCACertificates('default');
const opened = new Set<{ destroy(): unknown }>();
let tls: ProviderTls;

const { caPath, certPath, keyPath } = await testCertificate();
/** For `localhost` and 127.0.0.1. */
const pair = { cert: readFileSync(certPath), key: readFileSync(keyPath) };
const trustTheCertificate = () => setDefaultCACertificates([...trusted, readFileSync(caPath, 'utf8')]);

beforeEach(() => {
  trustTheCertificate();
  tls = new ProviderTls();
});

afterEach(() => {
  vi.restoreAllMocks();
  for (const each of opened) each.destroy();
  opened.clear();
  setDefaultCACertificates(trusted);
});

/** A provider that sends back what it gets, on all addresses of loopback. */
async function startEcho(options: object = {}): Promise<{ server: Server; port: number }> {
  const server = createServer({ ...pair, ...options }, (socket) => {
    opened.add(socket.on('error', () => {}));
    socket.pipe(socket);
  });
  opened.add({ destroy: () => server.close() });
  await once(server.listen(0, '0.0.0.0'), 'listening');
  return { server, port: (server.address() as AddressInfo).port };
}

const options = () => ({ allowPrivate: true, signal: new AbortController().signal, tls });

/** Connects, and waits for an answer: tickets come before it. Tells whether the session was resumed. */
async function isResumed(url: string, more: object = {}): Promise<boolean> {
  const socket = (await connect(new URL(url), { ...options(), ...more })) as TLSSocket;
  opened.add(socket);
  expect(socket.authorized).toBe(true);
  expect(socket.alpnProtocol || 'http/1.1').toBe('http/1.1');
  socket.write('asked');
  await once(socket, 'readable');
  return socket.isSessionReused();
}

async function resumedOf(count: number, url: string): Promise<boolean[]> {
  const all: boolean[] = [];
  for (let index = 0; index < count; index += 1) all.push(await isResumed(url));
  return all;
}

describe('a connection to a provider', () => {
  test('resumes the session of an earlier one, and each ticket is used once', async () => {
    const { port } = await startEcho();
    // This server gives two tickets with a whole handshake, and none on a connection that resumes.
    expect(await resumedOf(6, `wss://localhost:${port}`)).toEqual([false, true, true, false, true, true]);
  });

  test('resumes a session of TLS 1.2', async () => {
    const { port } = await startEcho({ maxVersion: 'TLSv1.2' });
    expect(await resumedOf(4, `wss://localhost:${port}`)).toEqual([false, true, false, true]);
  });

  test('does not resume that of another host, another port, or other memory', async () => {
    const [one, other] = [await startEcho(), await startEcho()];
    const keys = Buffer.alloc(48, 1);
    for (const { server } of [one, other]) server.setTicketKeys(keys);
    expect(await isResumed(`wss://localhost:${one.port}`)).toBe(false);
    expect(await isResumed(`wss://127.0.0.1:${one.port}`)).toBe(false);
    expect(await isResumed(`wss://localhost:${other.port}`)).toBe(false);
    expect(await isResumed(`wss://localhost:${one.port}`, { tls: undefined })).toBe(false);
    expect(await isResumed(`wss://localhost:${one.port}`, { tls: new ProviderTls() })).toBe(false);
    expect(await isResumed(`wss://localhost:${one.port}`)).toBe(true);
  });

  test('has a whole handshake where the provider refuses the ticket, and a checked certificate', async () => {
    const { server, port } = await startEcho();
    const url = `wss://localhost:${port}`;
    expect(await isResumed(url)).toBe(false);
    server.setTicketKeys(Buffer.alloc(48, 2));
    expect(await resumedOf(2, url)).toEqual([false, true]);
    // Another server has its place, with a certificate that nobody vouches for.
    server.setTicketKeys(Buffer.alloc(48, 3));
    const stranger = await ensureDevCertificate(temporaryFolder('tls-stranger'));
    server.setSecureContext({ cert: readFileSync(stranger.certPath), key: readFileSync(stranger.keyPath) });
    await expect(isResumed(url)).rejects.toMatchObject({ code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' });
  });

  test('is refused again where the certificate is for another name, whatever was given with it', async () => {
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3']) {
      const { port } = await startEcho({ maxVersion });
      expect(await isResumed(`wss://localhost:${port}`)).toBe(false);
      for (let attempt = 0; attempt < 2; attempt += 1)
        await expect(isResumed(`wss://127.0.0.2:${port}`)).rejects.toMatchObject({
          code: 'ERR_TLS_CERT_ALTNAME_INVALID',
        });
    }
  });

  test('is checked anew an hour after the last whole handshake, also where tickets came on resumed connections', async () => {
    const { port } = await startEcho();
    const url = `wss://localhost:${port}`;
    const now = performance.now.bind(performance);
    const clock = vi.spyOn(performance, 'now');
    const waitFor = (ms: number) => void clock.mockImplementation(() => now() + ms);
    expect(await isResumed(url)).toBe(false);
    const resumed = (await connect(new URL(url), options())) as TLSSocket;
    opened.add(resumed);
    expect(resumed.isSessionReused()).toBe(true);
    // Other servers give new tickets here. This is one that nobody has used.
    const elsewhere = (await connect(new URL(url), { ...options(), tls: new ProviderTls() })) as TLSSocket;
    opened.add(elsewhere);
    const [ticket] = await once(elsewhere, 'session');
    waitFor(3_000_000);
    resumed.emit('session', ticket);
    resumed.emit('session', ticket);
    expect(await isResumed(url)).toBe(true);
    waitFor(3_700_000);
    expect(await isResumed(url)).toBe(false);
  });

  test('has a whole handshake after one that was broken off at a ticket', async () => {
    const { port } = await startEcho();
    let count = 0;
    const door = createTcpServer((socket) => {
      opened.add(socket.on('error', () => {}));
      count += 1;
      if (count === 2) socket.once('data', () => socket.destroy());
      else socket.pipe(connectTcp(port, '127.0.0.1').on('error', () => {})).pipe(socket);
    });
    opened.add({ destroy: () => door.close() });
    await once(door.listen(0, '127.0.0.1'), 'listening');
    const url = `wss://localhost:${(door.address() as AddressInfo).port}`;
    expect(await isResumed(url)).toBe(false);
    await expect(isResumed(url)).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(await resumedOf(2, url)).toEqual([false, true]);
  });
});

describe('a connection through a proxy', () => {
  test('resumes too', async () => {
    const { port } = await startEcho();
    const proxy = await startProxy();
    const more = { proxy: new URL(proxy.url) };
    expect(await isResumed(`wss://localhost:${port}`, more)).toBe(false);
    expect(await isResumed(`wss://localhost:${port}`, more)).toBe(true);
    await proxy.close();
  });

  test('is refused where the certificate is not for the address of the provider', async () => {
    const { port } = await startEcho();
    const proxy = await startProxy();
    const more = { proxy: new URL(proxy.url) };
    expect(await isResumed(`wss://127.0.0.1:${port}`, more)).toBe(false);
    await expect(isResumed(`wss://127.0.0.2:${port}`, more)).rejects.toMatchObject({
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
    });
    await proxy.close();
  });
});

test('sessions of a gateway resume those before them, dialled or opened ahead', async () => {
  const provider = await startProvider({}, pair);
  const resumed: boolean[] = [];
  const account = { apiKey: 'provider-secret', allowPrivate: true, baseUrl: provider.url };
  for (const connections of [0, 1]) {
    const gateway = await startGateway({ providers: { openai: { ...account, preconnect: { connections } } } });
    for (let session = 0; session < 2; session += 1) {
      const client = await openClient(`${gateway.url}/v1/realtime?model=gpt-realtime-2.1`);
      for (const { socket } of provider.requests.slice(-1)) resumed.push((socket as TLSSocket).isSessionReused());
      await until(() => provider.connections.size === provider.sockets.size + connections);
      client.terminate();
      await until(() => provider.sockets.size === 0);
    }
    await gateway.close();
  }
  expect(resumed).toEqual([false, true, false, true]);
  await provider.close();
});
