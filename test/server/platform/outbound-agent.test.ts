// Connections of the side path to public and private addresses, with a real server on loopback.

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { publicAgent } from '../../../server/platform/outbound-agent.ts';

let server: Server;
let port: number;
let calls = 0;

beforeAll(async () => {
  server = createServer((_request, response) => {
    calls += 1;
    response.writeHead(302, { location: `http://127.0.0.1:${port}/elsewhere` }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});

afterAll(() => new Promise((resolve) => server.close(resolve)));

describe('publicAgent', () => {
  test.each(['127.0.0.1', 'localhost', '0x7f.1', '2130706433', '[::ffff:127.0.0.1]'])(
    'never dials the private address %s',
    async (host) => {
      const agent = publicAgent({ allowPrivate: false, connectMs: 1000 });
      const before = calls;
      await expect(request(`http://${host}:${port}/`, { dispatcher: agent })).rejects.toThrow();
      expect(calls).toBe(before);
      await agent.close();
    },
  );

  test('dials a private address where that is allowed, and follows no redirect', async () => {
    const agent = publicAgent({ allowPrivate: true, connectMs: 1000 });
    const before = calls;
    const { statusCode, body } = await request(`http://localhost:${port}/`, { dispatcher: agent });
    await body.dump();
    expect(statusCode).toBe(302);
    expect(calls).toBe(before + 1);
    await agent.close();
  });
});
