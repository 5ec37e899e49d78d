// Connects to providers through an HTTP proxy, over real sockets.

import { readFileSync } from 'node:fs';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterEach, expect, test } from 'vitest';
import { PrivateAddressError } from '../../../server/platform/private-address.ts';
import { connect } from '../../../server/transport/connect.ts';
import { testCertificate } from '../../support/certificate.ts';
import { openClient, refusedUpgrade, startGateway, type TestGateway } from '../../support/gateway.ts';
import { startProxy, type TestProxy } from '../../support/http-proxy.ts';
import { message } from '../../support/inbox.ts';
import { type FakeProvider, startProvider } from '../../support/provider.ts';
import { until } from '../../support/until.ts';

const REALTIME = '/v1/realtime?model=gpt-realtime-2.1';
const trusted = getCACertificates('default');
const open: { close(): Promise<void> }[] = [];

afterEach(async () => {
  setDefaultCACertificates(trusted);
  for (const each of open.splice(0)) await each.close();
});

async function keep<T extends FakeProvider | TestProxy | TestGateway>(starting: Promise<T>): Promise<T> {
  const started = await starting;
  open.unshift(started);
  return started;
}

/** The gateway dials `baseUrl` with the environment of a machine behind the proxy. */
async function gatewayBehind(env: Record<string, string>, baseUrl: string, more: Record<string, unknown> = {}) {
  const openai = { baseUrl, apiKey: 'provider-secret', allowPrivate: true, ...more };
  return (await keep(startGateway({ env, providers: { openai } }))).url + REALTIME;
}

/** Opens a session and passes one frame each way. */
async function expectFramesPass(url: string, provider: FakeProvider): Promise<void> {
  const client = await openClient(url);
  const session = await provider.next();
  const [append, delta] = [
    '{"type":"input_audio_buffer.append","audio":"AAAA"}',
    '{"type":"response.output_audio.delta"}',
  ];
  client.send(append);
  expect(String((await message(session)).data)).toBe(append);
  session.send(delta);
  expect(String((await message(client)).data)).toBe(delta);
  client.terminate();
}

const credential = `Basic ${Buffer.from('user:secret').toString('base64')}`;

test('a session goes through HTTP_PROXY by CONNECT, with the name left to the proxy', async () => {
  const provider = await keep(startProvider());
  const proxy = await keep(startProxy({ names: { 'provider.example': '127.0.0.1' } }));
  const authority = `provider.example:${new URL(provider.url).port}`;
  await expectFramesPass(await gatewayBehind({ HTTP_PROXY: proxy.url }, `ws://${authority}`), provider);
  expect(proxy.asked[0]).toEqual({ authority, credential });
});

test('a session goes through HTTPS_PROXY with TLS between the gateway and the provider', async () => {
  const { certPath, keyPath, caPath } = await testCertificate();
  setDefaultCACertificates([...trusted, readFileSync(caPath, 'utf8')]);
  const provider = await keep(startProvider({}, { cert: readFileSync(certPath), key: readFileSync(keyPath) }));
  const proxy = await keep(startProxy());
  const { port } = new URL(provider.url);
  await expectFramesPass(await gatewayBehind({ https_proxy: proxy.url }, `wss://localhost:${port}`), provider);
  expect(proxy.asked[0]).toEqual({ authority: `localhost:${port}`, credential });
});

test('connections that are opened ahead go through the proxy too', async () => {
  const provider = await keep(startProvider());
  const proxy = await keep(startProxy());
  const preconnect = { connections: 1, maxAgeMs: 60_000 };
  const url = await gatewayBehind({ HTTP_PROXY: proxy.url }, provider.url, { preconnect });
  await expectFramesPass(url, provider);
  await until(() => proxy.asked.length === 2 && provider.connections.size >= 1);
  await expectFramesPass(url, provider);
});

test('a provider that NO_PROXY names is dialled directly', async () => {
  const provider = await keep(startProvider());
  const proxy = await keep(startProxy());
  const env = { HTTP_PROXY: proxy.url, NO_PROXY: 'other.example, 127.0.0.0/8' };
  await expectFramesPass(await gatewayBehind(env, provider.url), provider);
  expect(proxy.asked).toEqual([]);
});

test('a private address is not asked for through a proxy either', async () => {
  const proxy = await keep(startProxy());
  const options = { allowPrivate: false, proxy: new URL(proxy.url), signal: new AbortController().signal };
  await expect(connect(new URL('wss://10.0.0.1'), options)).rejects.toThrow(PrivateAddressError);
  expect(proxy.asked).toEqual([]);
});

test.each([407, 403, 502])('a proxy that answers %i is named in the 502', async (status) => {
  const proxy = await keep(startProxy({ status }));
  const answer = await refusedUpgrade(await gatewayBehind({ HTTP_PROXY: proxy.url }, 'ws://provider.example'));
  expect(answer.status).toBe(502);
  expect(JSON.parse(answer.body).error).toMatchObject({
    code: 'upstream_unreachable',
    message: `the provider could not be reached: the proxy answered ${status}`,
  });
});

test('a proxy that is not there is named in the 502, without its credential', async () => {
  const gone = await startProxy();
  await gone.close();
  const answer = await refusedUpgrade(await gatewayBehind({ HTTP_PROXY: gone.url }, 'ws://provider.example'));
  expect(answer.status).toBe(502);
  expect(answer.body).toContain('the proxy could not be reached (ECONNREFUSED)');
  expect(answer.body).not.toContain('secret');
});
