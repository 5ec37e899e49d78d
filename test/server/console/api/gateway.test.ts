// Requests of the page to its gateway.

import { expect, test } from 'vitest';
import {
  diagnose,
  readGatewayInfo,
  readSessionReport,
  sessionAddress,
} from '../../../../server/console/api/gateway.ts';

function answering(status: number, body: string) {
  const asked: { url: string; headers: unknown }[] = [];
  const get = (async (url: string, init?: RequestInit) => {
    asked.push({ url, headers: init?.headers });
    return new Response(body, { status });
  }) as typeof fetch;
  return { get, asked };
}

test('a session dials the origin of the page, with the scheme that belongs to it', () => {
  expect(sessionAddress('http://127.0.0.1:8080', '/v1/realtime', { model: 'a b' }).href).toBe(
    'ws://127.0.0.1:8080/v1/realtime?model=a+b',
  );
  expect(sessionAddress('https://voice.test', '/x', {}).href).toBe('wss://voice.test/x');
});

test.each([
  ['{"error":{"message":"bad key","code":"invalid_key"}}', 'bad key'],
  ['[{"error":{"code":401,"message":"API key not valid"}}]', 'API key not valid'],
  ['{"message":"draining"}', 'draining'],
  ['plain words', 'plain words'],
])('the reason of a refusal is found in %s', async (body, message) => {
  const { get, asked } = answering(401, body);
  expect(await diagnose(get, 'http://gateway.test/v1/realtime', 'k')).toEqual({ status: 401, message });
  expect(asked).toEqual([{ url: 'http://gateway.test/v1/realtime', headers: { authorization: 'Bearer k' } }]);
});

test('a gateway that cannot be reached gives no diagnosis', async () => {
  const get = (() => Promise.reject(new TypeError('Failed to fetch'))) as typeof fetch;
  expect(await diagnose(get, 'http://gateway.test/', '')).toBeUndefined();
});

test('a session without a record yet has no report', async () => {
  expect(await readSessionReport(answering(404, '{}').get, 'a/b', '')).toBeUndefined();
  const { get, asked } = answering(200, '{"id":"a/b"}');
  expect(await readSessionReport(get, 'a/b', '')).toEqual({ id: 'a/b' });
  expect(asked).toEqual([{ url: '/v1/sessions/a%2Fb', headers: {} }]);
});

test('a gateway that does not answer with its configuration makes reading it fail', async () => {
  await expect(readGatewayInfo(answering(500, '').get)).rejects.toThrow('500');
});
