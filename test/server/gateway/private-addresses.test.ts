// Checks the addresses that are never dialled, in every spelling, from a listener that would notice.

import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { loadConfig } from '../../../server/config/load.ts';
import { dial } from '../../../server/transport/dial.ts';

const { limits } = loadConfig({ env: {} });
let server: Server;

afterEach(() => {
  server.close();
});

async function listen(onConnection: (socket: Socket) => void): Promise<number> {
  server = createServer((socket) => {
    socket.on('error', () => {});
    onConnection(socket);
  });
  server.listen(0, '0.0.0.0');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

describe('an address of this machine or of a private network', () => {
  const hosts = [
    ...['127.0.0.1', '127.1', '127.0.1', '127.255.255.254', '0.0.0.0', '0', '0x7f.1', '0x7f000001', '0177.0.0.1'],
    ...['2130706433', '017700000001', '0x7f.0x0.0x0.0x1', '127.0.0.1.', '10.0.0.1', '10.1', '0xa000001'],
    ...['172.16.0.1', '172.31.255.255', '192.168.0.1', '192.168.1', '3232235521', '169.254.169.254', '2852039166'],
    ...['0xA9FEA9FE', '100.64.0.1', '198.18.0.1', '224.0.0.1', '255.255.255.255', '240.0.0.1', '192.0.0.1'],
    ...['[::1]', '[::]', '[0:0:0:0:0:0:0:1]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[::ffff:10.0.0.1]'],
    ...['[::ffff:a9fe:a9fe]', '[::127.0.0.1]', '[64:ff9b::7f00:1]', '[2002:7f00:1::]', '[fe80::1]', '[fc00::1]'],
    ...['[fd12:3456::1]', '[ff02::1]', '[2001:db8::1]', '[2001::1]', '[fec0::1]', '[::ffff:0:127.0.0.1]'],
    ...['localhost', 'LOCALHOST', 'localhost.', 'a.localhost', '１２７.0.0.1', '127。0。0。1', 'ⓛocalhost'],
  ];

  test.each(hosts)('the private address %s is not dialled without allowPrivate', async (host) => {
    let visits = 0;
    const port = await listen((socket) => {
      visits += 1;
      socket.destroy();
    });
    for (const scheme of ['ws', 'wss']) {
      const dialled = await dial({
        upstream: { kind: 'websocket', url: `${scheme}://${host}:${port}/v1/realtime`, headers: {}, subprotocols: [] },
        allowPrivate: false,
        limits: { ...limits, dialMs: 600_000 },
        signal: new AbortController().signal,
      });
      expect(dialled).toMatchObject({ kind: 'failed', refusal: { status: 502, code: 'upstream_unreachable' } });
      if (dialled.kind === 'failed') expect(dialled.refusal.message).toMatch(/private|ENOTFOUND|EAI_AGAIN/);
    }
    expect(visits).toBe(0);
  });

  test('private addresses are dialled with allowPrivate', async () => {
    const port = await listen((socket) => socket.end("HTTP/1.1 418 I'm a teapot\r\nContent-Length: 0\r\n\r\n"));
    const dialled = await dial({
      upstream: { kind: 'websocket', url: `ws://localhost:${port}/`, headers: {}, subprotocols: [] },
      allowPrivate: true,
      limits,
      signal: new AbortController().signal,
    });
    expect(dialled).toMatchObject({ kind: 'refused', reply: { status: 418 } });
  });
});
