// Checks the PROXY protocol over real sockets, with and without TLS, from a proxy that is trusted and from anybody else.

import { connect } from 'node:tls';
import { afterEach, describe, expect, test } from 'vitest';
import { proxyHeader } from '../../../../server/http/connection/proxy-header.ts';
import { testCertificate } from '../../../support/certificate.ts';
import { startGateway, type TestGateway } from '../../../support/gateway.ts';
import { openRaw, watchSocket } from '../../../support/raw-socket.ts';

let gateway: TestGateway;
afterEach(() => gateway?.close());

const GET = 'GET /v1/nowhere HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n';
const V1 = 'PROXY TCP4 192.0.2.1 198.51.100.1 4711 443\r\n';
const v2 = (command: number, family: number, body: Buffer) =>
  Buffer.concat([Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1'), Buffer.from([command, family, 0, body.length]), body]);
const V2 = v2(0x21, 0x11, Buffer.from([192, 0, 2, 7, 198, 51, 100, 1, 0x12, 0x34, 0x01, 0xbb]));

async function start(trustedProxies: string[], proxyProtocol = true) {
  gateway = await startGateway({ certificate: await testCertificate(), listen: { trustedProxies, proxyProtocol } });
}
const addresses = () => gateway.lines.map(({ address }) => address);

describe('a trusted proxy', () => {
  test.each([
    ['version 1', Buffer.from(V1), '192.0.2.1'],
    ['version 2', V2, '192.0.2.7'],
    ['a check of its own', v2(0x20, 0, Buffer.alloc(0)), '127.0.0.1'],
  ])('a trusted proxy says whose connection it is: %s', async (_, header, address) => {
    await start(['127.0.0.0/8']);
    const [whole, split] = [openRaw(gateway.port), openRaw(gateway.port)];
    whole.send(Buffer.concat([header, Buffer.from(GET)]));
    expect((await whole.answer()).status).toBe(404);
    split.send(header.subarray(0, 9));
    await new Promise((resolve) => setTimeout(resolve, 20));
    split.send(Buffer.concat([header.subarray(9), Buffer.from(GET)]));
    expect((await split.answer()).status).toBe(404);
    expect(addresses()).toEqual([address, address]);
    for (const { socket } of [whole, split]) socket.destroy();
  });

  test('a trusted proxy says it before TLS, too', async () => {
    await start(['127.0.0.0/8']);
    const raw = openRaw(Number(new URL(gateway.tlsUrl).port));
    raw.send(V1);
    raw.socket.removeAllListeners('data');
    const secure = watchSocket(connect({ socket: raw.socket, rejectUnauthorized: false }));
    secure.send(GET);
    expect((await secure.answer()).status).toBe(404);
    expect(addresses()).toEqual(['192.0.2.1']);
    secure.socket.destroy();
  });

  test('a trusted proxy that sends no header is let go', async () => {
    await start(['127.0.0.0/8']);
    const raw = openRaw(gateway.port);
    raw.send(GET);
    expect(await raw.rest()).toHaveLength(0);
  });
});

test.each([true, false])(
  'a header from anybody else is no HTTP (proxyProtocol %s), and its request is',
  async (isOn) => {
    await start(['192.0.2.0/24'], isOn);
    const [wrong, right] = [openRaw(gateway.port), openRaw(gateway.port)];
    wrong.send(V1 + GET);
    expect((await wrong.answer()).status).toBe(400);
    right.send(GET);
    expect((await right.answer()).status).toBe(404);
    // Bytes that are no HTTP are a line in the log as well.
    expect(addresses()).toEqual(['127.0.0.1', '127.0.0.1']);
    right.socket.destroy();
  },
);

test.each(['PROXY TCP4 nowhere 1 2 3\r\n', `PROXY ${'x'.repeat(200)}`, 'GET / HTTP/1.1\r\n'])(
  '%j is no header',
  (text) => {
    expect(proxyHeader(Buffer.from(text))).toBeUndefined();
  },
);
