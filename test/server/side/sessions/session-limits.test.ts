// Rates of sessions, through gateway, supervisor and side process: what those beyond a rate are told in each dialect, and the tokens of sessions.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { openClient, refusedUpgrade } from '../../../support/gateway.ts';
import { closed } from '../../../support/inbox.ts';
import type { FakeProvider } from '../../../support/provider.ts';
import { type Served, serve } from '../../../support/served.ts';
import { startTurnProvider, turn } from '../../../support/turn-provider.ts';
import { until } from '../../../support/until.ts';

const REALTIME = '/v1/realtime?model=gpt-realtime-2.1';
const GEMINI = '/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent';
const DEEPGRAM = '/v1/agent/converse';

let provider: FakeProvider;
let served: Served;

beforeAll(async () => {
  provider = await startTurnProvider();
  const account = { baseUrl: provider.url, apiKey: 'provider-secret', allowPrivate: true };
  served = await serve({
    rehearsal: false,
    processes: 2,
    providers: { openai: account, gemini: account, deepgram: account },
    keys: [
      { id: 'web', secret: 'secret-of-web', rates: { sessionsPerMinute: 3 } },
      { id: 'asks', secret: 'secret-of-asks', rates: { sessionsPerMinute: 1 } },
      { id: 'tokens', secret: 'secret-of-tokens', rates: { tokensPerMinute: 25 } },
      { id: 'one', secret: 'secret-of-one', team: 'apps' },
      { id: 'two', secret: 'secret-of-two', team: 'apps' },
      { id: 'app', secret: 'secret-of-app', team: 'users', endUsers: { maxSessions: 1 } },
    ],
    teams: {
      apps: { maxSessions: 2, rates: { sessionsPerMinute: 4 } },
      users: { endUsers: { rates: { sessionsPerMinute: 2 } } },
    },
  });
});
afterAll(async () => {
  await served.stop();
  await provider.close();
});

const withKey = (key: string) => ({ headers: { authorization: `Bearer secret-of-${key}` } });
const http = () => served.url.replace('ws', 'http');

test('as many sessions open within a minute as the rate says, over all gateway processes, also where earlier ones have ended', async () => {
  const outcomes = await Promise.all(
    Array.from({ length: 12 }, () => openClient(served.url + REALTIME, withKey('web')).catch(() => undefined)),
  );
  const clients = outcomes.filter((client) => client !== undefined);
  expect(clients).toHaveLength(3);
  for (const client of clients) {
    const end = closed(client);
    client.close();
    await end;
  }
  const { status, headers, body } = await refusedUpgrade(served.url + REALTIME, withKey('web'));
  expect(status).toBe(429);
  expect(headers).toMatchObject({
    'x-ratelimit-limit-requests': '3',
    'x-ratelimit-remaining-requests': '0',
    'x-ratelimit-reset-requests': expect.stringMatching(/^(1m0s|[1-5]?\d(\.\d+)?s)$/),
    'retry-after': expect.stringMatching(/^\d+$/),
  });
  expect(JSON.parse(body).error).toMatchObject({
    code: 'rate_limit_exceeded',
    type: 'rate_limit_error',
    message: expect.stringMatching(
      /this key may open 3 sessions a minute \(sessionsPerMinute\); there is room again in/,
    ),
  });
  expect(await served.metric('trunkline_refusals_total', { code: 'rate_limit_exceeded' })).toBe(10);
  const line = await until(() => served.lines().find(({ code }) => code === 'rate_limit_exceeded'));
  expect(line).toMatchObject({ msg: 'upgrade refused', status: 429, key: 'web' });
});

test('a refusal has the shape of its path, and the headers in each', async () => {
  const gemini = await refusedUpgrade(`${served.url}${GEMINI}?key=secret-of-web`);
  const { error } = JSON.parse(gemini.body);
  expect(error).toMatchObject({ code: 429, status: 'RESOURCE_EXHAUSTED' });
  expect(error.details[0]).toMatchObject({ reason: 'rate_limit_exceeded' });
  const deepgram = await refusedUpgrade(served.url + DEEPGRAM, { headers: { authorization: 'Token secret-of-web' } });
  for (const { status, headers } of [gemini, deepgram]) {
    expect([status, headers['x-ratelimit-limit-requests']]).toEqual([429, '3']);
    expect(Number(headers['retry-after'])).toBeGreaterThan(0);
  }
});

test('a plain GET says what an upgrade would be told, and takes nothing', async () => {
  const look = async () => (await fetch(http() + REALTIME, { headers: withKey('asks').headers })).status;
  for (let time = 0; time < 3; time++) expect(await look()).toBe(426);
  const client = await openClient(served.url + REALTIME, withKey('asks'));
  expect(await look()).toBe(429);
  client.terminate();
});

test('what a session reports counts in the rate of tokens, and beyond it no other opens, while it goes on', async () => {
  const client = await openClient(served.url + REALTIME, withKey('tokens'));
  for (let time = 0; time < 3; time++) await turn(client, `time ${time}`);
  // The third turn of ten tokens is beyond 25.
  const refused = await until(async () => {
    const response = await fetch(http() + REALTIME, { headers: withKey('tokens').headers });
    return response.status === 429 && response;
  });
  expect(Object.fromEntries(refused.headers)).toMatchObject({
    'x-ratelimit-limit-tokens': '25',
    'x-ratelimit-remaining-tokens': '0',
  });
  expect(await refused.json()).toMatchObject({
    error: { message: expect.stringMatching(/this key may use 25 tokens a minute \(tokensPerMinute\)/) },
  });
  await turn(client, 'goes on');
  client.close();
});

test('keys of a team share its places and its rate', async () => {
  const clients = [await openClient(served.url + REALTIME, withKey('one'))];
  clients.push(await openClient(served.url + REALTIME, withKey('two')));
  const full = await refusedUpgrade(served.url + REALTIME, withKey('one'));
  expect(JSON.parse(full.body).error).toMatchObject({
    code: 'too_many_sessions',
    message: 'this team has as many sessions open as it may, 2',
  });
  const ends = clients.map((client) => closed(client));
  for (const client of clients) client.close();
  await Promise.all(ends);
  for (const key of ['two', 'one']) {
    const client = await until(() => openClient(served.url + REALTIME, withKey(key)).catch(() => undefined));
    client.terminate();
  }
  const beyond = await until(async () => {
    const refused = await refusedUpgrade(served.url + REALTIME, withKey('two'));
    return refused.headers['x-ratelimit-limit-requests'] !== undefined && refused;
  });
  expect(JSON.parse(beyond.body).error.message).toMatch(/this team may open 4 sessions a minute/);
});

test('end users of client secrets have places and rates of their own', async () => {
  const secretFor = async (endUser: string): Promise<string> => {
    const response = await fetch(`${http()}/v1/client_secrets`, {
      ...{ method: 'POST', headers: { ...withKey('app').headers, 'content-type': 'application/json' } },
      body: JSON.stringify({ endUser }),
    });
    return ((await response.json()) as { value: string }).value;
  };
  const bearer = async (endUser: string) => ({ headers: { authorization: `Bearer ${await secretFor(endUser)}` } });
  const ann = await openClient(served.url + REALTIME, await bearer('ann'));
  const full = await refusedUpgrade(served.url + REALTIME, await bearer('ann'));
  expect(JSON.parse(full.body).error.message).toBe('this end user has as many sessions open as it may, 1');
  const bob = await openClient(served.url + REALTIME, await bearer('bob'));
  const end = closed(ann);
  ann.close();
  await end;
  const again = await until(async () => openClient(served.url + REALTIME, await bearer('ann')).catch(() => undefined));
  again.terminate();
  bob.terminate();
  const beyond = await until(async () => {
    const refused = await refusedUpgrade(served.url + REALTIME, await bearer('ann'));
    return refused.headers['x-ratelimit-limit-requests'] !== undefined && refused;
  });
  expect(JSON.parse(beyond.body).error.message).toMatch(/this end user may open 2 sessions a minute/);
});
