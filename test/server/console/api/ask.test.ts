// Questions to the gateway: their credential and body, and what becomes of each answer.

import { expect, test } from 'vitest';
import { createApi } from '../../../../server/console/api/ask.ts';

function apiThat(answer: () => Response) {
  const asked: { url: string; init: RequestInit | undefined }[] = [];
  let refused = 0;
  const api = createApi({
    fetch: async (input, init) => {
      asked.push({ url: String(input), init });
      return answer();
    },
    prefix: '/v1',
    credential: () => 'secret',
    onRefused: () => {
      refused += 1;
    },
  });
  return { api, asked, refusals: () => refused };
}

test('a question has the prefix, the credential and, where there is one, a body of JSON', async () => {
  const { api, asked } = apiThat(() => Response.json({ id: 'one' }));
  expect(await api.ask('/sessions/one')).toEqual({ kind: 'ok', value: { id: 'one' } });
  await api.ask('/sessions/one/end', { method: 'POST', body: { reason: 'enough' } });
  expect(asked.map(({ url, init }) => [init?.method, url])).toEqual([
    ['GET', '/v1/sessions/one'],
    ['POST', '/v1/sessions/one/end'],
  ]);
  expect(asked[0]?.init?.headers).toEqual({ accept: 'application/json', authorization: 'Bearer secret' });
  expect(asked[1]?.init).toMatchObject({
    body: '{"reason":"enough"}',
    headers: { 'content-type': 'application/json' },
  });
});

test.each([
  ['nothing', () => new Response(null, { status: 204 }), { kind: 'ok', value: undefined }],
  [
    'a problem',
    () => Response.json({ error: { message: 'no such key' } }, { status: 404 }),
    { kind: 'absent', message: 'no such key' },
  ],
  [
    'a plain problem',
    () => Response.json({ message: 'no body' }, { status: 415 }),
    { kind: 'failed', message: 'no body' },
  ],
  [
    'no JSON',
    () => new Response('<html>', { status: 502 }),
    { kind: 'failed', message: 'the gateway answered with the status 502' },
  ],
  [
    'what is not ready',
    () => {
      const part = { status: 'not ready', reasons: [{ code: 'draining', message: 'the gateway shuts down' }] };
      return Response.json({ status: 'not ready', sessions: part, calls: part }, { status: 503 });
    },
    { kind: 'failed', message: 'the gateway shuts down' },
  ],
  [
    'no answer',
    (): Response => {
      throw new TypeError('network');
    },
    { kind: 'failed', message: 'the gateway does not answer' },
  ],
])('%s is a value', async (_, answer, expected) => {
  const { api, refusals } = apiThat(answer);
  expect(await api.ask('/x')).toEqual(expected);
  expect(refusals()).toBe(0);
});

test('a credential that is not accepted is told', async () => {
  const { api, refusals } = apiThat(() => Response.json({ error: { message: 'expected a key' } }, { status: 401 }));
  expect(await api.ask('/x')).toEqual({ kind: 'refused', message: 'expected a key' });
  expect(refusals()).toBe(1);
});
