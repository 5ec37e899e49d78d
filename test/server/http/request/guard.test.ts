// Checks over raw sockets that a request which two readers could understand in two ways is a 400 that ends its connection.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startGateway, type TestGateway } from '../../../support/gateway.ts';
import { type FakeProvider, startProvider } from '../../../support/provider.ts';
import { openRaw, upgradeRequest } from '../../../support/raw-socket.ts';

let provider: FakeProvider;
let gateway: TestGateway;

beforeAll(async () => {
  provider = await startProvider();
  gateway = await startGateway({ provider: provider.url, keys: [{ id: 'web', secret: 'secret-of-web' }] });
});
afterAll(async () => {
  await gateway.close();
  await provider.close();
});

const HOST = 'Host: 127.0.0.1';
const KEY = 'Authorization: Bearer secret-of-web';
const JSON_TYPE = 'Content-Type: application/json';

function request(line: string, headers: readonly string[], body = ''): string {
  return `${line}\r\n${headers.join('\r\n')}\r\n\r\n${body}`;
}

const page = (...headers: string[]) => request('GET /console.json HTTP/1.1', headers);
const call = (body: string, ...headers: string[]) =>
  request('POST /v1/chat/completions HTTP/1.1', [HOST, KEY, JSON_TYPE, ...headers], body);
const upgrade = (headers: Record<string, string>) =>
  upgradeRequest('/v1/realtime?model=m', { Authorization: 'Bearer secret-of-web', ...headers });

/** Requests that Node's parser lets through, and the words that say what was wrong. */
const ambiguous: readonly [string, string, RegExp][] = [
  ['two Host headers', page(HOST, 'Host: elsewhere.example'), /one host header, got 2/],
  ['the same Host twice', page(HOST, HOST), /one host header/],
  ['two Host headers of an upgrade', upgrade({ host: 'elsewhere.example' }), /one host header/],
  ['a list of hosts', page('Host: 127.0.0.1, elsewhere.example'), /a Host header such as/],
  ['a user before the host', page('Host: 127.0.0.1@elsewhere.example'), /a Host header such as/],
  ['two credentials', page(HOST, KEY, 'authorization: Bearer another'), /one authorization header/],
  ['two credentials of an upgrade', upgrade({ authorization: 'Bearer another' }), /one authorization header/],
  ['two content types', call('{}', 'Content-Length: 2', 'content-type: text/plain'), /one content-type header/],
  [
    'an encoding before chunked',
    call('0\r\n\r\n', 'Transfer-Encoding: gzip, chunked'),
    /no Transfer-Encoding but chunked/,
  ],
];

/** Requests that Node's parser refuses. They are here so that an update which takes them does not go unseen. */
const malformed: readonly [string, string][] = [
  ['no Host', page()],
  ['a folded line', page(HOST, 'X-A: b', ' c')],
  ['a folded Host', page(HOST, ' elsewhere.example')],
  ['a bare CR', page(`${HOST}\rX-A: b`)],
  ['a bare LF', page(`${HOST}\nX-A: b`)],
  ['a space before the colon', page(HOST, 'Transfer-Encoding : chunked')],
  ['a space before a name', page(` ${HOST}`)],
  ['a NUL', page(HOST, 'X-A: a\0b')],
  ['two lengths', call('{} ', 'Content-Length: 2', 'Content-Length: 3')],
  ['one length twice', call('{}', 'Content-Length: 2', 'Content-Length: 2')],
  ['a list of lengths', call('{}', 'Content-Length: 2, 2')],
  ['a length with a sign', call('{}', 'Content-Length: +2')],
  ['a length and chunks', call('0\r\n\r\n', 'Content-Length: 2', 'Transfer-Encoding: chunked')],
  ['chunks and a length', call('0\r\n\r\n', 'Transfer-Encoding: chunked', 'Content-Length: 2')],
  [
    'chunks in HTTP/1.0',
    request('POST /v1/tasks HTTP/1.0', [HOST, JSON_TYPE, 'Transfer-Encoding: chunked'], '0\r\n\r\n'),
  ],
  ['chunks that are not last', call('0\r\n\r\n', 'Transfer-Encoding: chunked, identity')],
  ['an encoding that only ends in chunked', call('0\r\n\r\n', 'Transfer-Encoding: xchunked')],
];

/** The status of the answer, and all that follows it until the connection ends. */
async function answerTo(bytes: string): Promise<{ status: number; rest: string }> {
  const raw = openRaw(gateway.port);
  raw.send(bytes);
  const { status } = await raw.answer();
  return { status, rest: (await raw.rest()).toString() };
}

describe('ambiguity', () => {
  test.each(ambiguous)('a request with %s is a 400 that says so, and its connection ends', async (_, bytes, words) => {
    // The second request would be the next request of somebody else.
    const { status, rest } = await answerTo(`${bytes}${page(HOST)}`);
    expect(status).toBe(400);
    expect(rest).toMatch(words);
    expect(rest).not.toContain('HTTP/1.1 200');
  });

  test.each(malformed)('a request with %s is a 400, and its connection ends', async (_, bytes) => {
    const { status, rest } = await answerTo(`${bytes}${page(HOST)}`);
    expect(status).toBe(400);
    expect(rest).not.toContain('HTTP/1.1 200');
  });

  test.each(['http://127.0.0.1/console.json', 'http://elsewhere.example/console.json', '*'])(
    'a target that is no path is a 400: %s',
    async (target) => {
      const raw = openRaw(gateway.port);
      raw.send(request(`OPTIONS ${target} HTTP/1.1`, [HOST]));
      expect((await raw.answer()).status).toBe(400);
      raw.socket.destroy();
    },
  );

  test('a header that decides nothing may come twice', async () => {
    const raw = openRaw(gateway.port);
    raw.send(page(HOST, KEY, 'X-A: b', 'X-A: c'));
    expect((await raw.answer()).status).toBe(200);
    raw.socket.destroy();
  });

  test('no such request reaches the provider', () => {
    expect(provider.requests).toHaveLength(0);
  });
});
