// Dialling a provider that refuses, is not there, or is no WebSocket server.

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import {
  createServer as createTlsServer,
  getCACertificates,
  setDefaultCACertificates,
  Server as TlsServer,
} from 'node:tls';
import { afterEach, describe, expect, test } from 'vitest';
import type { Limits } from '../../../server/config/config.ts';
import { testCertificate } from '../../support/certificate.ts';
import { openClient, refusedUpgrade, startGateway, type TestGateway } from '../../support/gateway.ts';
import { sampleOf } from '../../support/metrics.ts';
import { ACCEPT, acceptFor } from '../../support/raw-socket.ts';
import { until } from '../../support/until.ts';

const REALTIME = '/v1/realtime?model=gpt-realtime-2.1';
let gateway: TestGateway | undefined;
const servers: Server[] = [];
const sockets = new Set<Socket>();

afterEach(async () => {
  await gateway?.close();
  gateway = undefined;
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

/** Listens on every address of this machine, and hands each connection on once the first bytes have come. */
async function listen(server: Server, onRequest: (socket: Socket, bytes: Buffer) => void = () => {}): Promise<number> {
  servers.push(server);
  server.on(server instanceof TlsServer ? 'secureConnection' : 'connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('data', (bytes: Buffer) => onRequest(socket, bytes));
  });
  server.listen(0, '0.0.0.0');
  await once(server, 'listening');
  return portOf(server);
}

async function start(baseUrl: string, overrides: Partial<Limits> = {}): Promise<string> {
  const openai = { baseUrl, apiKey: 'provider-secret', allowPrivate: true };
  gateway = await startGateway({ providers: { openai }, limits: { closeMs: 100, ...overrides } });
  return gateway.url + REALTIME;
}

/** The client's answer when the provider answers the upgrade with these bytes. */
async function answerTo(bytes: string) {
  const port = await listen(createServer(), (socket) => socket.end(bytes));
  return refusedUpgrade(await start(`ws://127.0.0.1:${port}`));
}

/** The same, but the provider keeps its connection open. */
async function answerToStart(bytes: string, dialMs: number) {
  const port = await listen(createServer(), (socket) => socket.write(bytes));
  return refusedUpgrade(await start(`ws://127.0.0.1:${port}`, { dialMs }));
}

function reply(status: number, headers: readonly string[] = [], body = ''): string {
  const lines = [`HTTP/1.1 ${status} Whatever`, ...headers, `Content-Length: ${Buffer.byteLength(body)}`];
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}

describe('a refusal of the provider', () => {
  test.each([400, 401, 402, 403, 404, 407, 409, 418, 422, 426, 429, 451, 499, 500, 502, 503, 504, 529, 599])(
    'reaches the client with its status and body: %i',
    async (status) => {
      const body = JSON.stringify({ error: { message: 'no, thank you — 不', code: 'whatever' } });
      const answer = await answerTo(reply(status, ['Content-Type: application/json'], body));
      expect(answer).toMatchObject({ status, body });
      expect(answer.headers['content-type']).toBe('application/json');
      const { registry } = gateway?.gateway.metrics ?? {};
      if (registry === undefined) throw new Error('no gateway');
      expect(await sampleOf(registry, 'trunkline_refusals_total', { code: 'upstream_refused', status })).toBe(1);
    },
  );

  test('keeps the headers that tell the client how to go on, and no other', async () => {
    const headers = ['Content-Type: text/plain', 'Retry-After: 17', 'X-Request-Id: req_1', 'Location: wss://elsewhere'];
    const others = ['Set-Cookie: a=b', 'WWW-Authenticate: Basic', 'Server: secret', 'OpenAI-Organization: org-1'];
    const answer = await answerTo(reply(429, [...headers, ...others], 'slow down'));
    expect(answer).toMatchObject({ status: 429, body: 'slow down' });
    expect(answer.headers).toEqual({
      'content-type': 'text/plain',
      'retry-after': '17',
      'x-request-id': 'req_1',
      'content-length': '9',
      connection: 'close',
    });
  });

  test('is cut at 64 KiB', async () => {
    const endless = `HTTP/1.1 500 Oops\r\nContent-Length: 1000000000\r\n\r\n${'x'.repeat(200_000)}`;
    const answer = await answerToStart(endless, 600_000);
    expect(answer.body).toBe('x'.repeat(65_536));
    expect(answer.headers['content-length']).toBe('65536');
  });

  test('is relayed as far as it came when it breaks off', async () => {
    const answer = await answerTo('HTTP/1.1 503 Busy\r\nContent-Length: 1000\r\n\r\nhalf');
    expect(answer).toMatchObject({ status: 503, body: 'half' });
  });

  test('is relayed as far as it came when it never ends', async () => {
    const bytes = 'HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n';
    const answer = await answerToStart(bytes, 300);
    expect(answer).toMatchObject({ status: 503, body: 'half' });
  });
});

describe('a response that is no WebSocket upgrade', () => {
  const upgrade = (lines: readonly string[]) =>
    `HTTP/1.1 101 Switching Protocols\r\n${['Connection: Upgrade', ...lines].join('\r\n')}\r\n\r\n`;
  const accepted = ['Upgrade: websocket', `Sec-WebSocket-Accept: ${ACCEPT}`];

  test.each([200, 204, 206, 300, 301, 302, 303, 307, 308])(
    'is a 502 for HTTP %i, and no redirect is followed',
    async (status) => {
      let visits = 0;
      const port = await listen(createServer(() => visits++));
      const answer = await answerTo(reply(status, [`Location: ws://127.0.0.1:${port}/`]));
      expect(answer.status).toBe(502);
      expect(JSON.parse(answer.body).error).toMatchObject({ type: 'server_error', code: 'upstream_refused' });
      expect(answer.headers.location).toBeUndefined();
      expect(visits).toBe(0);
    },
  );

  test('is a 502 for HTTP 200 whose body never ends', async () => {
    const bytes = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n';
    // The deadline has no part in it.
    const answer = await answerToStart(bytes, 600_000);
    expect(answer.status).toBe(502);
  });

  test.each([
    ['a wrong Sec-WebSocket-Accept', upgrade(accepted)],
    ['no Sec-WebSocket-Accept', upgrade(['Upgrade: websocket'])],
    ['an upgrade to something else', upgrade(['Upgrade: h2c', `Sec-WebSocket-Accept: ${ACCEPT}`])],
    ['no Upgrade header', upgrade([`Sec-WebSocket-Accept: ${ACCEPT}`])],
    ['garbage', 'SSH-2.0-OpenSSH_9.6\r\n'],
    ['nothing, and the end', ''],
    ['headers without end', `HTTP/1.1 101 Switching Protocols\r\n${'X-Padding: xxxxxxxxxxxxxxxx\r\n'.repeat(5000)}`],
  ])('is a 502: %s', async (_, bytes) => {
    const answer = await answerTo(bytes);
    expect(answer.status).toBe(502);
    expect(JSON.parse(answer.body).error.code).toMatch(/^upstream_(unreachable|refused)$/);
  });

  test.each([
    ['a subprotocol', 'Sec-WebSocket-Protocol: realtime'],
    ['an extension', 'Sec-WebSocket-Extensions: permessage-deflate'],
  ])('is a 502 with %s that nobody asked for', async (_, line) => {
    const port = await listen(createServer(), (socket, bytes) => {
      socket.write(accepting(bytes, line));
    });
    expect((await refusedUpgrade(await start(`ws://127.0.0.1:${port}`))).status).toBe(502);
  });
});

/** The 101 that this request asks for, with one more line. */
function accepting(request: Buffer, line = 'X-Nothing: 1'): string {
  const key = /sec-websocket-key: (\S+)/i.exec(request.toString())?.[1] ?? '';
  const lines = ['Upgrade: websocket', 'Connection: Upgrade', `Sec-WebSocket-Accept: ${acceptFor(key)}`, line];
  return `HTTP/1.1 101 Switching Protocols\r\n${lines.join('\r\n')}\r\n\r\n`;
}

describe('a provider that cannot be reached', () => {
  test('is a 502 when nobody listens', async () => {
    const server = createServer();
    const port = await listen(server);
    await new Promise((resolve) => server.close(resolve));
    const answer = await refusedUpgrade(await start(`ws://127.0.0.1:${port}`));
    expect(answer.status).toBe(502);
    expect(JSON.parse(answer.body).error.message).toBe('the provider could not be reached: ECONNREFUSED');
  });

  test('is a 502 when it resets the connection during the upgrade', async () => {
    const port = await listen(createServer(), (socket) => socket.resetAndDestroy());
    const answer = await refusedUpgrade(await start(`ws://127.0.0.1:${port}`));
    expect(answer.status).toBe(502);
    expect(JSON.parse(answer.body).error.message).toContain('ECONNRESET');
  });

  test('is a 502 when its name does not exist', async () => {
    const answer = await refusedUpgrade(await start('ws://no-such-host.invalid:9'));
    expect(answer.status).toBe(502);
  });
});

describe('a provider that is silent for dialMs', () => {
  test('is a 504 when it does not answer the upgrade', async () => {
    const port = await listen(createServer());
    const answer = await refusedUpgrade(await start(`ws://127.0.0.1:${port}`, { dialMs: 200 }));
    expect(answer.status).toBe(504);
    expect(JSON.parse(answer.body).error).toMatchObject({ type: 'server_error', code: 'upstream_timeout' });
    // Its connection is closed too.
    await until(() => [...sockets].every((socket) => socket.destroyed));
  });

  test('is a 504 when it does not answer the TLS handshake', async () => {
    const port = await listen(createServer());
    const answer = await refusedUpgrade(await start(`wss://127.0.0.1:${port}`, { dialMs: 200 }));
    expect(answer.status).toBe(504);
  });
});

describe('TLS to the provider', () => {
  async function listenTls(requests: string[]): Promise<number> {
    const { certPath, keyPath } = await testCertificate();
    const server = createTlsServer({ cert: readFileSync(certPath), key: readFileSync(keyPath) });
    server.on('tlsClientError', () => {});
    return listen(server, (socket, bytes) => {
      requests.push(bytes.toString());
      socket.write(accepting(bytes));
    });
  }

  test.each(['127.0.0.1', 'localhost'])(
    'answers 502 for a certificate that nobody vouches for, and sends no credential: %s',
    async (host) => {
      const requests: string[] = [];
      const port = await listenTls(requests);
      const answer = await refusedUpgrade(await start(`wss://${host}:${port}`));
      expect(answer.status).toBe(502);
      expect(JSON.parse(answer.body).error.message).toMatch(/UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED/);
      expect(requests).toEqual([]);
    },
  );

  describe('with a CA that vouches for it', () => {
    const before = getCACertificates('default');

    afterEach(() => setDefaultCACertificates(before));

    async function trust(): Promise<void> {
      setDefaultCACertificates([...before, readFileSync((await testCertificate()).caPath, 'utf8')]);
    }

    test.each(['127.0.0.1', 'localhost'])('opens a session with %s', async (host) => {
      await trust();
      const requests: string[] = [];
      const port = await listenTls(requests);
      const client = await openClient(await start(`wss://${host}:${port}`));
      expect(requests[0]).toMatch(/^GET \/v1\/realtime\?model=gpt-realtime-2\.1 HTTP\/1\.1\r\n/);
      client.terminate();
    });

    test('answers 502 where the name is not that of the certificate', async () => {
      await trust();
      const requests: string[] = [];
      const port = await listenTls(requests);
      const answer = await refusedUpgrade(await start(`wss://127.0.0.2:${port}`));
      expect(answer.status).toBe(502);
      expect(JSON.parse(answer.body).error.message).toContain('ERR_TLS_CERT_ALTNAME_INVALID');
      expect(requests).toEqual([]);
    });
  });
});
