// Client secrets and the limits of their key, over real processes: a use is taken before a rate is, and making them
// counts, also where a GET asks for one.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { openClient, refusedUpgrade } from '../../../../support/gateway.ts';
import { closed } from '../../../../support/inbox.ts';
import { killAll } from '../../../../support/processes.ts';
import { type FakeProvider, startProvider } from '../../../../support/provider.ts';
import { type Served, serve } from '../../../../support/served.ts';
import { until } from '../../../../support/until.ts';

const KEYS = [
  { id: 'rated', secret: 'secret-of-rated', rates: { sessionsPerMinute: 10 } },
  { id: 'slow', secret: 'secret-of-slow', rates: { callsPerMinute: 2 } },
];
const REALTIME = '/v1/realtime?model=gpt-realtime-2.1';

let provider: FakeProvider;
let served: Served;
/** The provider takes connections and never answers. */
let isSilent = false;
/** Those of them that the gateway has left. */
let leftSilent = 0;
beforeAll(async () => {
  provider = await startProvider({
    onUpgrade(_, socket) {
      if (isSilent) socket.resume().once('end', () => leftSilent++);
      return isSilent;
    },
  });
  served = await serve({ provider: provider.url, keys: KEYS, processes: 2 });
});
afterAll(async () => {
  if (served?.child.exitCode === null) killAll(served.child);
  await served?.exited;
  await provider?.close();
});

const http = () => `http${served.url.slice(2)}`;
const bearer = (secret: string) => ({ headers: { authorization: `Bearer ${secret}` } });

function post(path: string, key: string): Promise<Response> {
  const headers = { ...bearer(key).headers, 'content-type': 'application/json' };
  return fetch(`${http()}${path}`, { method: 'POST', headers, body: '{}' });
}

async function mint(): Promise<string> {
  const response = await post('/v1/client_secrets', 'secret-of-rated');
  return ((await response.json()) as { value: string }).value;
}

async function open(secret: string): Promise<void> {
  const client = await openClient(served.url + REALTIME, bearer(secret));
  client.close();
  await closed(client);
}

/** The status and the code of the refusal. */
async function refused(secret: string): Promise<readonly [number, string]> {
  const { status, body } = await refusedUpgrade(served.url + REALTIME, bearer(secret));
  return [status, JSON.parse(body).error.code];
}

test('a client that leaves while the provider is asked has used its secret, and 50 sockets at once take from the rate once', async () => {
  const [left, raced] = [await mint(), await mint()];
  isSilent = true;
  const client = new WebSocket(served.url + REALTIME, bearer(left));
  client.on('error', () => {});
  await until(() => provider.requests.length === 1);
  client.terminate();
  await until(() => leftSilent === 1);
  isSilent = false;
  for (let tried = 0; tried < 10; tried++) expect(await refused(left)).toEqual([401, 'secret_used']);
  const opened = await Promise.allSettled(Array.from({ length: 50 }, () => open(raced)));
  expect(opened.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  expect(provider.requests).toHaveLength(2);
  // Two of ten are gone.
  for (let more = 0; more < 8; more++) await open('secret-of-rated');
  const beyond = await mint();
  // A use comes back where the key has no more of its rate.
  for (let tried = 0; tried < 2; tried++) {
    expect(await refused(beyond)).toEqual([429, expect.any(String)]);
    await until(async () => (await fetch(http() + REALTIME, bearer(beyond))).status === 429);
  }
});

test('making secrets counts as calls of the key, on every path, and says so in the shape of the path', async () => {
  const paths = ['/v1/client_secrets', '/v1/realtime/client_secrets', '/v1alpha/auth_tokens'] as const;
  for (const path of paths.slice(0, 2)) {
    const made = await post(path, 'secret-of-slow');
    expect([made.status, made.headers.get('x-ratelimit-limit-requests')]).toEqual([200, '2']);
  }
  const answers = await Promise.all(paths.map((path) => post(path, 'secret-of-slow')));
  expect(answers.map(({ status, headers }) => [status, headers.has('retry-after')])).toEqual(
    Array(3).fill([429, true]),
  );
  const [own, openai, google] = await Promise.all(answers.map((answer) => answer.json()));
  expect(own).toMatchObject({ error: { code: 'rate_limit_exceeded', help: expect.any(String) } });
  expect(openai).toMatchObject({ error: { code: 'rate_limit_exceeded', param: null } });
  expect(google).toMatchObject({ error: { code: 429, status: 'RESOURCE_EXHAUSTED' } });
});

test('a provider that is asked with GET gets its terms from the query, and its errors in its own shape', async () => {
  const ask = async (query: string, credential = 'secret-of-rated') => {
    const response = await fetch(`${http()}/v3/token?${query}`, { headers: { authorization: credential } });
    return { status: response.status, body: await response.json() };
  };
  const made = await ask('expires_in_seconds=120&max_session_duration_seconds=60');
  const token = expect.stringMatching(/^ek_[\w-]{43}$/);
  expect(made).toEqual({ status: 200, body: { token, expires_in_seconds: 120 } });
  const error = { error: 'expires_in_seconds: expected a whole number from 1 to 600', code: 'invalid_request' };
  expect(await ask('expires_in_seconds=601')).toMatchObject({ status: 400, body: error });
  expect(await ask('', 'wrong')).toMatchObject({ status: 401, body: { code: 'invalid_key' } });
  const post = await fetch(`${http()}/v3/token`, { method: 'POST', headers: { authorization: 'secret-of-rated' } });
  expect(post.status).toBe(405);
});
