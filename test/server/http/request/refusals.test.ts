// Checks that every answer has the id of its request, and that the log says of each refusal who was refused what.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { loadConfig } from '../../../../server/config/load.ts';
import { configFile } from '../../../support/config-file.ts';
import { openClient, refusedUpgrade } from '../../../support/gateway.ts';
import { type FakeProvider, startProvider } from '../../../support/provider.ts';
import { openRaw, upgradeRequest } from '../../../support/raw-socket.ts';
import { aFailure, answered, scriptedRouter, startSideHttp, type TestSide } from '../../../support/side-http.ts';

const KEY = { authorization: 'Bearer secret-of-web' };
const ID = { 'x-request-id': 'req-of-the-client' };
let provider: FakeProvider;
let gateway: TestSide;

beforeAll(async () => {
  let refusing = true;
  provider = await startProvider({
    onUpgrade(request, socket) {
      if (!request.url?.includes('refused')) return false;
      socket.end('HTTP/1.1 403 Forbidden\r\nx-request-id: req-of-the-provider\r\ncontent-length: 0\r\n\r\n');
      return true;
    },
  });
  const router = scriptedRouter(async () => {
    refusing = !refusing;
    return refusing ? answered('Hello') : aFailure('budget_exceeded');
  });
  gateway = await startSideHttp({
    provider: provider.url,
    router,
    file: {
      keys: [{ id: 'web', secret: 'secret-of-web', models: ['openai/allowed', 'openai/refused'], classes: ['fast'] }],
      gateways: { router: { profile: 'openrouter', apiKey: 'secret-of-router' } },
      classes: {
        fast: { targets: [{ gateway: 'router', model: 'm' }] },
        slow: { targets: [{ gateway: 'router', model: 'm' }] },
      },
      listen: { trustedProxies: ['127.0.0.0/8'] },
      limits: { handshakeMs: 2000 },
      side: { maxBodyBytes: 1024 },
    },
  });
});
afterAll(async () => {
  await gateway.close();
  await provider.close();
});
beforeEach(() => {
  (gateway.lines as unknown[]).length = 0;
});

const line = () => gateway.lines.find(({ msg }) => /refused/.test(String(msg)));
const REALTIME = '/v1/realtime?model=';

describe('a refused upgrade', () => {
  test('a refused upgrade is logged with key, route, model, address and the id that its answer has', async () => {
    const headers = { ...KEY, ...ID, 'x-forwarded-for': '192.0.2.1' };
    const refused = await refusedUpgrade(`${gateway.url}${REALTIME}other`, { headers });
    expect(refused).toMatchObject({ status: 403, headers: ID });
    expect(line()).toMatchObject({
      msg: 'upgrade refused',
      code: 'model_not_allowed',
      status: 403,
      key: 'web',
      provider: 'openai',
      route: '/v1/realtime',
      model: 'other',
      address: '192.0.2.1',
      requestId: 'req-of-the-client',
    });
  });

  test('a refused upgrade is logged without a key where none is known, and without the credential', async () => {
    await refusedUpgrade(`${gateway.url}${REALTIME}other`, { headers: { authorization: 'Bearer wrong-secret' } });
    expect(line()).toMatchObject({ code: 'invalid_key', route: '/v1/realtime', model: 'other', address: '127.0.0.1' });
    expect(line()).not.toHaveProperty('key');
    expect(JSON.stringify(gateway.lines)).not.toContain('wrong-secret');
  });

  test('a refusal of the provider keeps its own id, and the log has both', async () => {
    const refused = await refusedUpgrade(`${gateway.url}${REALTIME}refused`, { headers: { ...KEY, ...ID } });
    expect(refused.headers['x-request-id']).toBe('req-of-the-provider');
    expect(line()).toMatchObject({
      msg: 'provider refused the upgrade',
      requestId: 'req-of-the-client',
      upstreamRequestId: 'req-of-the-provider',
    });
  });
});

test('a 101 has the id of its request', async () => {
  const raw = openRaw(gateway.port);
  raw.send(upgradeRequest(`${REALTIME}allowed`, { ...KEY, ...ID }));
  expect(await raw.answer()).toMatchObject({ status: 101, headers: ID });
  raw.socket.destroy();
  await gateway.nextEnd();
  const client = await openClient(`${gateway.url}${REALTIME}allowed`, { headers: KEY });
  client.terminate();
  await gateway.nextEnd();
});

describe('a refused request', () => {
  const chat = (
    headers: Record<string, string>,
    json: object = { model: 'm', messages: [{ role: 'user', content: 'a' }] },
  ) => gateway.ask('/v1/chat/completions', { method: 'POST', headers, json });
  const counted = (labels: Record<string, string>) => gateway.sample('trunkline_refused_calls_total', labels);

  test.each([
    ['of the gateway', 401, 'invalid_key', '', '', {}, undefined],
    ['of its body', 413, 'body_too_large', 'web', '', KEY, { messages: 'x'.repeat(2000) }],
    ['of its class', 403, 'class_not_allowed', 'web', 'slow', { ...KEY, 'x-trunkline-class': 'slow' }, undefined],
    ['of an unknown class', 400, 'unknown_class', 'web', '', { ...KEY, 'x-trunkline-class': 'made-up' }, undefined],
    ['of its budget', 402, 'budget_exceeded', 'web', 'fast', KEY, undefined],
  ])(
    'a refused call %s is counted by code, key and class, and logged',
    async (_, status, code, key, name, headers, json) => {
      const labels = { code, key, class: name };
      const before = await counted(labels);
      const response = await chat({ ...headers, ...ID, 'x-forwarded-for': '192.0.2.1' }, json);
      expect(response.status).toBe(status);
      expect(response.headers.get('x-request-id')).toBe('req-of-the-client');
      expect(await counted(labels)).toBe(before + 1);
      expect(line()).toMatchObject({
        msg: 'request refused',
        ...{ code, status, route: '/v1/chat/completions', address: '192.0.2.1', requestId: 'req-of-the-client' },
        ...(key !== '' && { key }),
        ...(name !== '' && { class: name }),
      });
    },
  );

  test('a refused call is logged with the model that was asked for, once that is read', async () => {
    while ((await chat(KEY)).status === 200);
    expect(line()).toMatchObject({ code: 'budget_exceeded', model: 'm' });
  });

  test('a call that is answered is in neither', async () => {
    while ((await chat(KEY)).status !== 200);
    (gateway.lines as unknown[]).length = 0;
    const before = await counted({});
    await gateway.ask('/v1/tasks/1', { headers: KEY });
    expect(await counted({})).toBe(before);
    expect(line()).toBeUndefined();
  });

  test('every other refusal is logged too', async () => {
    for (const [path, code] of [
      ['/v1/nowhere', 'unknown_path'],
      ['/v1/realtime/sessions', 'not_implemented'],
      ['/v1/models', 'invalid_key'],
    ]) {
      (gateway.lines as unknown[]).length = 0;
      const response = await gateway.ask(path ?? '', { method: path === '/v1/realtime/sessions' ? 'POST' : 'GET' });
      expect(line()).toMatchObject({ code, requestId: response.headers.get('x-request-id'), address: '127.0.0.1' });
    }
  });
});

test.each([
  ['no HTTP', 'hello\r\n\r\n', 400, 'invalid_request'],
  ['no host', 'GET / HTTP/1.1\r\n\r\n', 400, 'invalid_request'],
  ['headers without end', `GET / HTTP/1.1\r\nHost: x\r\nA: ${'x'.repeat(100_000)}\r\n\r\n`, 431, 'headers_too_large'],
])('what never becomes a request is logged with the id of its answer: %s', async (_, bytes, status, code) => {
  const raw = openRaw(gateway.port);
  raw.send(bytes);
  const answer = await raw.answer();
  expect(answer.status).toBe(status);
  expect(line()).toMatchObject({ code, status, address: '127.0.0.1', requestId: answer.headers['x-request-id'] });
  await raw.rest();
});

test('a connection that never sends a byte is no refusal, one that sends half a request is one', async () => {
  const [silent, slow] = [openRaw(gateway.port), openRaw(gateway.port)];
  slow.send('GET / HTTP/1.1\r\nHost: x\r\n');
  expect([(await silent.answer()).status, (await slow.answer()).status]).toEqual([408, 408]);
  const lines = gateway.lines.filter(({ msg }) => msg === 'request refused');
  expect(lines).toMatchObject([{ code: 'request_timeout', status: 408 }]);
});

test('a page that a trusted proxy serves under another name needs no entry in listen.origins', async () => {
  const origin = 'https://voice.example.com';
  const behind = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'voice.example.com' };
  const ask = async (headers: Record<string, string>) =>
    (await gateway.ask('/v1/models', { headers: { ...KEY, origin, ...headers } })).status;
  expect(await ask(behind)).toBe(200);
  expect(await ask({ ...behind, 'x-forwarded-proto': 'http' })).toBe(403);
  expect(await ask({ ...behind, origin: 'https://elsewhere.example.com' })).toBe(403);
  expect(await ask({})).toBe(403);
});

test.each([['proxy.example.com'], ['10.0.0.0/40']])('listen.trustedProxies refuses %s', (entry) => {
  const file = configFile({ listen: { trustedProxies: [entry] } });
  expect(() => loadConfig({ file, env: {} })).toThrow(/listen\.trustedProxies\[0\].*an address or a subnet/);
});
