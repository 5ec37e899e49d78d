// Checks the one rule of prompt classes and data classes at all three doors: sessions, chat completions and tasks.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createFakeStore, type FakeStore } from '../../support/fake-store.ts';
import { openClient, refusedUpgrade } from '../../support/gateway.ts';
import { type FakeProvider, startProvider } from '../../support/provider.ts';
import { answered, scriptedRouter, startSideHttp, type TestSide } from '../../support/side-http.ts';

const classes = {
  cheap: { targets: [{ gateway: 'llm', model: 'a' }] },
  fine: { targets: [{ gateway: 'llm', model: 'b' }] },
};
const gateways = { llm: { profile: 'openai-compatible', baseUrl: 'https://llm.example.com/v1', apiKey: 'llm-secret' } };
const keys = [
  { id: 'free', secret: 'secret-free' },
  { id: 'bound', secret: 'secret-bound', class: 'fine', dataClass: 'regulated' },
  { id: 'listed', secret: 'secret-listed', classes: ['fine'] },
];
const file = { keys, gateways, classes };
/** The setting of a path for all three doors. */
const regulatedPath = { class: 'cheap', dataClass: 'regulated' };
const routes = Object.fromEntries(
  ['/v1/realtime', '/v1/chat/completions', '/v1/tasks'].map((path) => [path, regulatedPath]),
);

interface Outcome {
  readonly promptClass?: string;
  readonly dataClass?: string;
  readonly status?: number;
  readonly code?: string;
}

let provider: FakeProvider;
let store: FakeStore;
let side: TestSide;
const router = scriptedRouter(async () => answered('yes'));

async function start(more: object = {}): Promise<void> {
  side = await startSideHttp({ file: { ...file, ...more }, router, store, provider: provider.url });
}
beforeEach(async () => {
  provider = await startProvider();
  store = createFakeStore();
});
afterEach(async () => {
  await side.close();
  await provider.close();
});

const authorized = (key: string, headers: object) => ({ authorization: `Bearer secret-${key}`, ...headers });

async function refusalOf(response: { readonly status: number }, body: string): Promise<Outcome> {
  return { status: response.status, code: JSON.parse(body).error.code };
}

/** Ways to send a request with some headers. They return its classes, or how it was refused. */
const doors = {
  session: async (key: string, asked: object): Promise<Outcome> => {
    const headers = authorized(key, asked);
    const url = `${side.url}/v1/realtime?model=m`;
    const client = await openClient(url, { headers }).catch(() => undefined);
    if (client === undefined) {
      const refused = await refusedUpgrade(url, { headers });
      return refusalOf(refused, refused.body);
    }
    const [record] = side.gateway.records();
    return { promptClass: record?.promptClass, dataClass: record?.dataClass };
  },
  chat: async (key: string, asked: object): Promise<Outcome> => {
    const json = { messages: [{ role: 'user', content: 'x' }] };
    const headers = authorized(key, asked);
    const response = await side.ask('/v1/chat/completions', { method: 'POST', headers, json });
    if (response.status !== 200) return refusalOf(response, await response.text());
    const call = router.calls.at(-1);
    return { promptClass: call?.promptClass, dataClass: call?.dataClass };
  },
  task: async (key: string, asked: object): Promise<Outcome> => {
    const headers = authorized(key, asked);
    const response = await side.ask('/v1/tasks', { method: 'POST', headers, json: { kind: 'summary', text: 'x' } });
    if (response.status !== 202) return refusalOf(response, await response.text());
    const task = store.rows.tasks.at(-1);
    return { promptClass: task?.promptClass, dataClass: task?.dataClass };
  },
};

const named = (name: string) => ({ 'x-trunkline-class': name });
const data = (name: string) => ({ 'x-trunkline-data-class': name });

type Case = readonly [string, string, object, Outcome];
const cases: readonly Case[] = [
  ['a class that is named', 'free', named('cheap'), { promptClass: 'cheap', dataClass: 'open' }],
  ['a class that there is not', 'free', named('toString'), { status: 400, code: 'unknown_class' }],
  ['an empty name', 'free', named(''), { status: 400, code: 'unknown_class' }],
  ['the class that the key is bound to', 'bound', {}, { promptClass: 'fine', dataClass: 'regulated' }],
  ['the bound class by its name', 'bound', named('fine'), { promptClass: 'fine', dataClass: 'regulated' }],
  ['another class than the bound one', 'bound', named('cheap'), { status: 400, code: 'unknown_class' }],
  ['a class that the key lists', 'listed', named('fine'), { promptClass: 'fine', dataClass: 'open' }],
  ['a class that the key does not list', 'listed', named('cheap'), { status: 403, code: 'class_not_allowed' }],
  ['regulated', 'listed', { ...named('fine'), ...data('regulated') }, { promptClass: 'fine', dataClass: 'regulated' }],
  ['open where the key is regulated', 'bound', data('open'), { status: 400, code: 'invalid_request' }],
  ['regulated where the key is', 'bound', data('regulated'), { promptClass: 'fine', dataClass: 'regulated' }],
  ['another data class', 'free', { ...named('fine'), ...data('secret') }, { status: 400, code: 'invalid_request' }],
];

describe.each(['session', 'chat', 'task'] as const)('the classes at the door %s', (door) => {
  test.each(cases)('follow the rule for %s', async (_what, key, headers, outcome) => {
    await start();
    expect(await doors[door](key, headers)).toEqual(outcome);
  });

  test('the path binds where the key does not, and no header or list of the key changes that', async () => {
    await start({ routes });
    expect(await doors[door]('listed', {})).toEqual({ promptClass: 'cheap', dataClass: 'regulated' });
    expect(await doors[door]('listed', named('fine'))).toEqual({ status: 400, code: 'unknown_class' });
    expect(await doors[door]('free', data('open'))).toEqual({ status: 400, code: 'invalid_request' });
  });

  test('the key binds before the path', async () => {
    await start({ routes });
    expect(await doors[door]('bound', {})).toEqual({ promptClass: 'fine', dataClass: 'regulated' });
  });
});

test.each([
  ['free', 'cheap'],
  ['listed', 'fine'],
])('a client of the key %s that names no class gets realtime for a session, and %s for calls', async (key, ofCalls) => {
  await start();
  expect(await doors.session(key, {})).toMatchObject({ promptClass: 'realtime' });
  expect(await doors.chat(key, {})).toMatchObject({ promptClass: ofCalls });
});
