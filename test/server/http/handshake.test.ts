// Checks upgrade requests: every fault is answered before a provider is dialled, in the shape of the provider of the path.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findEndpoint, knownPaths } from '../../../adapters/realtime/index.ts';
import { openClient, refusedUpgrade, startGateway, type TestGateway } from '../../support/gateway.ts';
import { closed } from '../../support/inbox.ts';
import { type FakeProvider, startProvider } from '../../support/provider.ts';
import { frameBytes, openRaw, upgradeRequest } from '../../support/raw-socket.ts';
import { until } from '../../support/until.ts';

const REALTIME = '/v1/realtime?model=gpt-realtime-2.1';
let provider: FakeProvider;
let gateway: TestGateway;

beforeAll(async () => {
  provider = await startProvider();
  gateway = await startGateway({ provider: provider.url });
});
afterAll(async () => {
  await gateway.close();
  await provider.close();
});

/** Sends bytes and returns the answer with its body. */
async function ask(request: string, early = Buffer.alloc(0)) {
  const raw = openRaw(gateway.port);
  raw.send(Buffer.concat([Buffer.from(request), early]));
  const answer = await raw.answer();
  if (answer.status === 101) raw.socket.destroy();
  return { ...answer, body: answer.status === 101 ? '' : (await raw.rest()).toString() };
}

const withHeaders = (headers: Record<string, string | undefined>) => ask(upgradeRequest(REALTIME, headers));

async function expectUndialled(work: () => Promise<unknown>): Promise<void> {
  const before = provider.requests.length;
  await work();
  expect(provider.requests).toHaveLength(before);
}

describe('an upgrade request', () => {
  test('an upgrade request by RFC 6455 is answered with 101', async () => {
    const answer = await withHeaders({});
    expect(answer.status).toBe(101);
    expect(Object.keys(answer.headers).sort()).toEqual([
      'connection',
      'sec-websocket-accept',
      'upgrade',
      'x-request-id',
      'x-trunkline-session',
    ]);
  });

  test.each<[string, Record<string, string | undefined>, number]>([
    ['no key', { 'Sec-WebSocket-Key': undefined }, 400],
    ['a key that is too short', { 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZQ==' }, 400],
    ['a key that is not base64', { 'Sec-WebSocket-Key': '!!!!!!!!!!!!!!!!!!!!!!==' }, 400],
    ['no version', { 'Sec-WebSocket-Version': undefined }, 426],
    ['version 8', { 'Sec-WebSocket-Version': '8' }, 426],
    ['version 14', { 'Sec-WebSocket-Version': '14' }, 426],
    ['an upgrade to HTTP/2', { Upgrade: 'h2c', Connection: 'Upgrade, close' }, 426],
    ['an upgrade to either', { Upgrade: 'h2c, websocket', Connection: 'Upgrade, close' }, 426],
    ['a body', { 'Content-Length': '4' }, 400],
    ['a body in chunks', { 'Transfer-Encoding': 'chunked' }, 400],
    ['a subprotocol that is no token', { 'Sec-WebSocket-Protocol': 'real time' }, 400],
    ['an empty subprotocol', { 'Sec-WebSocket-Protocol': 'realtime,,x' }, 400],
    ['a subprotocol twice', { 'Sec-WebSocket-Protocol': 'realtime, realtime' }, 400],
  ])('an upgrade request with %s is refused', async (_, headers, status) => {
    await expectUndialled(async () => {
      const answer = await withHeaders(headers);
      expect(answer.status).toBe(status);
      expect(answer.headers['content-type']).toBe('application/json');
      expect(JSON.parse(answer.body).error).toMatchObject({ type: 'invalid_request_error', code: 'invalid_request' });
    });
  });

  test.each(['POST', 'PUT', 'HEAD', 'OPTIONS', 'DELETE', 'PATCH'])('of %s is refused', async (method) => {
    await expectUndialled(async () => {
      const answer = await ask(upgradeRequest(REALTIME).replace('GET', method));
      expect(answer.status).toBe(405);
    });
  });

  test('a request of HTTP/1.0 is no upgrade', async () => {
    await expectUndialled(async () => {
      const answer = await ask(upgradeRequest(REALTIME).replace('HTTP/1.1', 'HTTP/1.0'));
      expect(answer.status).toBe(400);
    });
  });

  test('an upgrade request is refused when a second request is smuggled in its body', async () => {
    await expectUndialled(async () => {
      const smuggled = upgradeRequest(REALTIME);
      const answer = await ask(
        upgradeRequest(REALTIME, { 'Content-Length': String(smuggled.length) }),
        Buffer.from(smuggled),
      );
      expect(answer.status).toBe(400);
      // The gateway sent one answer only.
      expect(answer.body).not.toContain('HTTP/1.1');
    });
  });

  test('a session that begins with bytes that are no frame breaks its protocol', async () => {
    const raw = openRaw(gateway.port);
    raw.send(`${upgradeRequest(REALTIME)}GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
    expect((await raw.answer()).status).toBe(101);
    expect((await raw.frame()).payload.readUInt16BE(0)).toBe(1002);
    raw.socket.destroy();
    await until(() => gateway.ended.some(({ reason }) => reason === 'client-broke-protocol'));
  });
});

describe('the request target', () => {
  // Some are served only where the account says so.
  const served = knownPaths.filter((path) => findEndpoint(path)?.endpoint.needsSetting === undefined);
  test.each(served)('the path %s opens a session, also behind more slashes', async (path) => {
    for (const slashes of ['', '/', '///']) {
      const client = await openClient(`${gateway.url}${slashes}${path}?model=m`);
      client.close();
      await closed(client);
    }
  });

  test.each([
    ['absolute form', 'http://127.0.0.1/v1/realtime?model=m'],
    ['absolute form of elsewhere', 'http://elsewhere.example/v1/realtime?model=m'],
    ['asterisk form', '*'],
    ['authority form', '127.0.0.1:80'],
    ['a fragment for a path', '#/v1/realtime'],
  ])('a request target in %s opens no session', async (_, target) => {
    await expectUndialled(async () => {
      const answer = await ask(upgradeRequest(target));
      expect(answer.status).toBe(400);
    });
  });

  test.each([
    '/',
    '/v1',
    '/v1/realtime/',
    '/v1//realtime',
    '/v1/realtime/../realtime',
    '/v1/%72ealtime',
    '/V1/realtime',
    '/v1/realtime;x',
    '/v1/realtime%3Fmodel=m',
    '/ws/google.ai.generativelanguage.v2.GenerativeService.BidiGenerateContent',
  ])('an unknown path is answered with 404 and the nearest ones: %s', async (path) => {
    await expectUndialled(async () => {
      const answer = await ask(upgradeRequest(`${path}?model=m`));
      expect(answer.status).toBe(404);
      const { error } = JSON.parse(answer.body);
      expect(error.code).toBe('unknown_path');
      expect(error.message).toMatch(/^there is no path \S+ here; the nearest are \/\S+, \/\S+, \/\S+$/);
    });
  });
});

describe('the beta dialect', () => {
  test.each<[string, Parameters<typeof refusedUpgrade>[1]]>([
    ['the header', { headers: { 'OpenAI-Beta': 'realtime=v1' } }],
    ['the header among others', { headers: { 'OpenAI-Beta': 'assistants=v2, realtime=v1' } }],
    ['the subprotocol', { protocols: ['realtime', 'openai-beta.realtime-v1'] }],
  ])('a client of the beta dialect gets an error that says so: %s', async (_, options) => {
    await expectUndialled(async () => {
      const answer = await refusedUpgrade(gateway.url + REALTIME, options);
      expect(answer.status).toBe(400);
      expect(JSON.parse(answer.body).error.code).toBe('beta_api_shape_disabled');
    });
  });
});

test('a refusal reaches a client that goes on sending', async () => {
  const frames = Buffer.concat(Array.from({ length: 200 }, () => frameBytes(2, Buffer.alloc(1000))));
  const answer = await ask(upgradeRequest('/v1/nowhere'), frames);
  expect(answer.status).toBe(404);
  expect(JSON.parse(answer.body).error.code).toBe('unknown_path');
});
