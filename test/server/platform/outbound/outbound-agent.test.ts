// Connections of the side path to public and private addresses, with a real server on loopback.

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { publicAgent } from '../../../../server/platform/outbound/outbound-agent.ts';
import { PrivateAddressError } from '../../../../server/platform/private-address.ts';
import { startProxy } from '../../../support/http-proxy.ts';

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

  test('goes through a proxy by CONNECT, with the name left to the proxy', async () => {
    const proxy = await startProxy({ names: { 'llm.example': '127.0.0.1' } });
    const settings = { http: proxy.url, https: undefined, except: [] };
    const agent = publicAgent({ allowPrivate: false, connectMs: 1000, proxy: settings });
    const { statusCode, body } = await request(`http://llm.example:${port}/`, { dispatcher: agent });
    await body.dump();
    expect(statusCode).toBe(302);
    expect(proxy.asked.map(({ authority }) => authority)).toEqual([`llm.example:${port}`]);
    await expect(request('http://127.0.0.1:1/', { dispatcher: agent })).rejects.toThrow(PrivateAddressError);
    await agent.close();
    await proxy.close();
  });

  test('fails a request whose tunnel the proxy does not open', async () => {
    const proxy = await startProxy({ status: 403 });
    const settings = { http: undefined, https: proxy.url, except: [] };
    const agent = publicAgent({ allowPrivate: false, connectMs: 1000, proxy: settings });
    await expect(request('https://llm.example/', { dispatcher: agent })).rejects.toThrow('the proxy answered 403');
    await agent.destroy();
    await proxy.close();
  });
});
