// Rates of calls and demanded tasks over HTTP: what is let in, what those beyond a rate are told, and how the tokens of a call are counted.

import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { RefusedRequest } from '../../../../../server/http/request/refusal/refusal-rows.ts';
import type { Answered } from '../../../../../server/side/llm/call.ts';
import type { Failure } from '../../../../../server/side/llm/failure.ts';
import type { Store } from '../../../../../server/side/store/contract/store.ts';
import { openStore } from '../../../../../server/side/store/open.ts';
import { aFailure, answered, scriptedRouter, startSideHttp, type TestSide } from '../../../../support/side-http.ts';
import { temporaryFolder } from '../../../../support/temporary-folder.ts';
import { until } from '../../../../support/until.ts';

const keys = [
  ...Array.from({ length: 20 }, (_, at) => ({
    id: `c${at}`,
    secret: `secret-of-c${at}`,
    rates: { callsPerMinute: 2 },
  })),
  { id: 'tokens', secret: 'secret-of-tokens', rates: { tokensPerMinute: 1000 } },
  {
    ...{ id: 'user', secret: 'secret-of-user', endUser: 'ann', rates: { callsPerMinute: 50 } },
    endUsers: { rates: { callsPerMinute: 1 } },
  },
  {
    ...{ id: 'many', secret: 'secret-of-many', rates: { callsPerMinute: 50 } },
    endUsers: { rates: { callsPerMinute: 1 } },
  },
  { id: 'own', secret: 'secret-of-own', endUser: 'own' },
  { id: 'free', secret: 'secret-of-free', rates: { sessionsPerMinute: 1 }, maxSessions: 1 },
];
const file = {
  keys,
  gateways: { router: { profile: 'openai-compatible', baseUrl: 'https://llm.example.com/v1', apiKey: 'llm-secret' } },
  classes: { plain: { targets: [{ gateway: 'router', model: 'some/model' }] } },
  tasks: [{ kind: 'title', class: 'plain', when: 'demand' }],
};
const messages = [{ role: 'user' as const, content: 'Hello' }];

/** Keys beyond a rate are remembered: each test has one of its own. */
let calls = '';
let tests = 0;
let side: TestSide;
let store: Store;
let answer: (sink?: { begin(head: object): void }) => Answered | Failure;
const calledFor: (string | undefined)[] = [];
/** Methods of the store that were called. */
const asked: string[] = [];
/** Facts of what was refused. */
const refusals: RefusedRequest[] = [];

beforeAll(async () => {
  store = await openStore({ url: 'sqlite', dataDirectory: mkdtempSync(join(temporaryFolder('rates'), 'data-')) });
  const watched = new Proxy(store, {
    get(target, name: keyof Store) {
      asked.push(name);
      return target[name];
    },
  });
  const router = scriptedRouter(async ({ endUser }, sink) => {
    calledFor.push(endUser);
    return answer(sink as never);
  });
  side = await startSideHttp({ file, store: watched, router, refusals: { add: (one) => refusals.push(one) } });
});
afterAll(async () => {
  await side.close();
  await store.close();
});
beforeEach(async () => {
  calls = `secret-of-c${tests++}`;
  answer = () => answered('Good day');
  await store.removeOldLimits(Date.now() + 1000);
  asked.length = 0;
  refusals.length = 0;
});

const sdk = (apiKey: string) => new OpenAI({ baseURL: `${side.http}/v1`, apiKey, maxRetries: 0 });
const ask = (apiKey: string, more: object = {}) =>
  sdk(apiKey)
    .chat.completions.create({ model: 'some/model', messages, ...more } as never)
    .withResponse() as Promise<{ data: unknown; response: Response }>;
const limits = ({ headers }: { headers: Headers }) =>
  Object.fromEntries([...headers].filter(([name]) => name.startsWith('x-ratelimit-')));
const leftOf = async (key: string) => Number((await ask(key)).response.headers.get('x-ratelimit-remaining-tokens'));

async function refusal(asking: Promise<unknown>): Promise<InstanceType<typeof OpenAI.APIError>> {
  const error = await asking.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(OpenAI.RateLimitError);
  return error as InstanceType<typeof OpenAI.APIError>;
}

describe('the official SDK', () => {
  test('reads on good answers what is left, as OpenAI names and writes it', async () => {
    const { response } = await ask(calls);
    expect(limits(response)).toEqual({
      'x-ratelimit-limit-requests': '2',
      'x-ratelimit-remaining-requests': '1',
      'x-ratelimit-reset-requests': '1m0s',
    });
  });

  test('gets its own error for a call beyond the rate, with the time to wait', async () => {
    await ask(calls);
    await ask(calls);
    const error = await refusal(ask(calls));
    expect([error.status, error.code, error.type]).toEqual([429, 'rate_limit_exceeded', 'rate_limit_error']);
    expect(error.message).toMatch(
      /this key may make 2 calls a minute \(callsPerMinute\); there is room again in 5\d\.?\d*s/,
    );
    expect(Number(error.headers?.get('retry-after'))).toBeGreaterThan(50);
    expect(error.headers?.get('x-ratelimit-remaining-requests')).toBe('0');
    expect(error.headers?.get('x-ratelimit-reset-requests')).toMatch(/^(1m0s|5\d(\.\d+)?s)$/);
  });

  test('reads what is left on streams, and on calls that fail', async () => {
    answer = (sink) => {
      sink?.begin({ gateway: 'router', model: 'some/model', attempt: 'a1' });
      return answered('');
    };
    const { response } = await ask(calls, { stream: true });
    expect(limits(response)).toMatchObject({ 'x-ratelimit-remaining-requests': '1' });
    await response.body?.cancel();
    answer = () => aFailure('upstream_timeout');
    const failed = await ask(calls).catch((error: InstanceType<typeof OpenAI.APIError>) => error);
    expect(failed).toMatchObject({ status: 504 });
    expect((failed as { headers: Headers }).headers.get('x-ratelimit-remaining-requests')).toBe('0');
  });
});

test('an end user has the rate of each end user, beside that of the key', async () => {
  const { response } = await ask('secret-of-user');
  expect(limits(response)).toMatchObject({ 'x-ratelimit-limit-requests': '1', 'x-ratelimit-remaining-requests': '0' });
  const error = await refusal(ask('secret-of-user'));
  expect(error.message).toMatch(/this end user may make 1 calls a minute/);
});

test('whom a call is for its key says, else safety_identifier, else user, and a task without a session says it by itself', async () => {
  const named = (more: object, key = 'secret-of-many') => ask(key, more).then(() => calledFor.at(-1));
  expect(await named({ user: 'ann' })).toBe('ann');
  expect((await refusal(ask('secret-of-many', { user: 'ann' }))).message).toMatch(/this end user may make 1 calls/);
  expect(await named({ user: 'bob' })).toBe('bob');
  expect(await named({ safety_identifier: 'cid', user: 'ann' })).toBe('cid');
  expect(await named({ user: '' })).toBeUndefined();
  expect(await named({ user: 'bob' }, 'secret-of-own')).toBe('own');
  for (const user of ['a'.repeat(201), 'a\nb', 5])
    await expect(ask('secret-of-many', { user })).rejects.toMatchObject({ status: 400, param: 'user' });
  const demand = (endUser: string) =>
    side.ask('/v1/tasks', { method: 'POST', key: 'secret-of-many', json: { kind: 'title', text: 'one', endUser } });
  expect([(await demand('dot')).status, (await demand('dot')).status]).toEqual([202, 429]);
});

test('a key without rates of calls asks the store for none, and has no such headers', async () => {
  const { response } = await ask('secret-of-free');
  expect(limits(response)).toEqual({});
  expect(asked.filter((name) => name === 'takeLimits' || name === 'correctRate')).toEqual([]);
});

test('a flood beyond the rate reaches the store a few times, and each of it is refused', async () => {
  const flood = await Promise.all(
    Array.from({ length: 60 }, () =>
      ask(calls).then(
        ({ response }) => response.status,
        ({ status }) => status,
      ),
    ),
  );
  expect([200, 429].map((wanted) => flood.filter((status) => status === wanted).length)).toEqual([2, 58]);
  expect(asked.filter((name) => name === 'takeLimits').length).toBeLessThanOrEqual(2 + 4);
  const error = await refusal(ask(calls));
  expect(error.headers?.get('x-ratelimit-remaining-requests')).toBe('0');
  const key = calls.replace('secret-of-', '');
  const labels = { code: 'rate_limit_exceeded', key };
  expect(await side.sample('trunkline_refused_calls_total', labels)).toBe(59);
});

test('a call that is not understood counts for nothing', async () => {
  for (let time = 0; time < 3; time++)
    await expect(ask(calls, { messages: 'no' })).rejects.toMatchObject({ status: 400 });
  const { response } = await ask(calls);
  expect(response.headers.get('x-ratelimit-remaining-requests')).toBe('1');
});

describe('tokens', () => {
  test('are those of prompt and max_tokens until the call has ended, then those that it used', async () => {
    answer = () => answered('Good day', { usage: { inputTokens: 300, outputTokens: 200 } });
    const { response } = await ask('secret-of-tokens', { max_tokens: 700 });
    expect(limits(response)).toMatchObject({ 'x-ratelimit-limit-tokens': '1000' });
    const left = Number(response.headers.get('x-ratelimit-remaining-tokens'));
    // The prompt is estimated at a few tokens more than it has.
    expect(left).toBeGreaterThan(200);
    expect(left).toBeLessThan(300);
    // 500 were used, and the next call itself counts at its estimate.
    await until(() => asked.includes('correctRate'));
    const next = await leftOf('secret-of-tokens');
    expect(next).toBeGreaterThan(400);
    expect(next).toBeLessThanOrEqual(500);
  });

  test('that cannot fit at all are refused for good, so that SDKs do not repeat the call', async () => {
    const error = await refusal(ask('secret-of-tokens', { max_tokens: 1000 }));
    expect(error.message).toMatch(
      /may use 1000 tokens a minute \(tokensPerMinute\), and this call alone might need more/,
    );
    expect(error.headers?.get('x-should-retry')).toBe('false');
    expect(error.headers?.get('retry-after')).toBeNull();
  });

  test('of a call that failed are given back, and an estimate stays where nobody knows what was used', async () => {
    answer = () => aFailure('upstream_timeout');
    await ask('secret-of-tokens', { max_tokens: 700 }).catch(() => {});
    await until(() => asked.includes('correctRate'));
    answer = () => answered('Good day', { usage: undefined });
    await ask('secret-of-tokens', { max_tokens: 700 });
    const error = await refusal(ask('secret-of-tokens', { max_tokens: 700 }));
    expect(error.headers?.get('retry-after')).toMatch(/^(60|5\d)$/);
    expect(asked.filter((name) => name === 'correctRate')).toHaveLength(1);
  });
});

describe('demanded tasks', () => {
  const demand = (text: string) => side.ask('/v1/tasks', { method: 'POST', key: calls, json: { kind: 'title', text } });

  test('count as calls, once for each, and are told in the shape of their path', async () => {
    const again = () =>
      side.ask('/v1/tasks', {
        ...{ method: 'POST', key: calls, json: { kind: 'title', text: 'one' } },
        headers: { 'idempotency-key': 'once' },
      });
    const first = await again();
    expect([first.status, first.headers.get('x-ratelimit-remaining-requests')]).toEqual([202, '1']);
    expect((await again()).status).toBe(202);
    expect((await demand('two')).status).toBe(202);
    const refused = await demand('three');
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(limits(refused)).toMatchObject({ 'x-ratelimit-remaining-requests': '0' });
    expect(await refused.json()).toMatchObject({
      error: { code: 'rate_limit_exceeded', type: 'rate_limit_error', help: 'docs/errors.md#rate_limit_exceeded' },
    });
  });

  test('that are refused are told to the ledger, as are calls', async () => {
    for (const text of ['one', 'two', 'three']) await demand(text);
    await refusal(ask(calls));
    const told = { key: calls.replace('secret-of-', ''), outcome: 'rate_limit_exceeded', promptClass: 'plain' };
    expect(refusals).toMatchObject([
      { ...told, kind: 'task', dataClass: 'open' },
      { ...told, kind: 'chat' },
    ]);
    await side.ask('/v1/tasks', { method: 'POST', key: calls, json: { kind: 'title', text: 'x', class: 'dear' } });
    await side.ask('/v1/tasks', { method: 'POST', key: calls, json: { kind: 'title' } });
    expect(refusals.slice(2)).toMatchObject([{ kind: 'task', outcome: 'unknown_class', promptClass: '' }]);
  });
});
