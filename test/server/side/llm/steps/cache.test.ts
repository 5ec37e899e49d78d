// Tests classes that keep answers: what an equal call gets, and what is never kept.

import { describe, expect, onTestFinished, test } from 'vitest';
import { createPrices } from '../../../../../server/side/billing/prices.ts';
import type { LiveRouter } from '../../../../../server/side/llm/router.ts';
import { withSteps } from '../../../../../server/side/llm/steps/steps.ts';
import { cachesOver, chat, HELLO, keys, startCached } from '../../../../support/cached-side.ts';
import { TEXT_STREAMS } from '../../../../support/llm-answers.ts';
import { answered, at, call, collector, gateway, routing } from '../../../../support/routing.ts';
import { serve } from '../../../../support/served.ts';

const FORMS = [
  ['/v1/chat/completions', chat],
  ['/v1/chat/completions', { ...chat, model: 'openai-1' }],
  ['/v1/chat/completions', { ...chat, model: 'anthropic-1' }],
  ['/v1/responses', { model: 'openai-1', input: 'Hello', store: false }],
  ['/v1/responses', { model: 'chat-1', input: 'Hello', store: false }],
  ['/v1/messages', { model: 'anthropic-1', max_tokens: 50, messages: HELLO }],
  ['/v1/messages', { model: 'chat-1', max_tokens: 50, messages: HELLO }],
] as const;

describe.each(FORMS)('%s of %o', (path, body) => {
  test.each([false, true])(
    'An equal call gets the same bytes, and nobody is asked again (stream: %s).',
    async (stream) => {
      const { ask, seen, store } = await startCached();
      const first = await ask(path, { ...body, stream });
      const second = await ask(path, { ...body, stream });
      expect([first.status, first.cache, first.headers.get('age')]).toEqual([200, 'miss', null]);
      expect([second.status, second.cache, second.headers.get('age')]).toEqual([200, 'hit', '0']);
      expect(first.text).toMatch(/Hello|Hi /);
      expect(second.text).toBe(first.text);
      expect(seen).toHaveLength(1);
      for (const name of ['content-type', 'x-trunkline-gateway', 'x-trunkline-served-model'])
        expect(second.headers.get(name)).toBe(first.headers.get(name));
      await expect.poll(() => store.rows.size).toBe(2);
      const [asked, hit] = await store.settled();
      expect(asked).toMatchObject({ id: first.headers.get('x-trunkline-attempt'), outcome: 'ok' });
      expect(asked?.costMicroUsd).toBeGreaterThan(0);
      expect(hit).toMatchObject({
        ...{ id: second.headers.get('x-trunkline-attempt'), outcome: 'ok', kind: 'chat', key: 'app', team: 'sales' },
        ...{
          target: asked?.target,
          path: asked?.path,
          gateway: asked?.gateway,
          asked: asked?.asked,
          served: asked?.served,
        },
        ...{ usage: { inputTokens: 0, outputTokens: 0 }, costMicroUsd: 0, estimatedMicroUsd: 0, costSource: 'cached' },
        ...{ savedMicroUsd: asked?.costMicroUsd, why: 'answered by the cache, kept 0 s ago', isFlagged: false },
      });
    },
  );
});

test('Regulated text, and that of a key whose text is not kept, goes past the cache.', async () => {
  const { ask, seen } = await startCached();
  const regulated = { 'x-trunkline-data-class': 'regulated' };
  const body = { ...chat, model: 'anthropic-1' };
  for (const headers of [undefined, regulated, regulated, { key: 'secret-of-mute' }, { key: 'secret-of-mute' }]) {
    const { status, cache } = await ask('/v1/chat/completions', body, headers);
    expect([status, cache]).toEqual([200, headers === undefined ? 'miss' : 'bypass']);
  }
  expect(seen).toHaveLength(5);
});

test('A call whose tools the provider runs goes past the cache.', async () => {
  const { ask, seen } = await startCached();
  const body = { model: 'openai-1', input: 'Hello', store: false, tools: [{ type: 'web_search' }] };
  for (let count = 0; count < 2; count++) expect((await ask('/v1/responses', body)).cache).toBe('bypass');
  expect(seen).toHaveLength(2);
});

test('no-cache asks anew and refreshes, no-store keeps nothing, and max-age bounds what is taken.', async () => {
  const { ask, seen } = await startCached();
  const path = '/v1/chat/completions';
  const state = async (control?: string) => {
    const { cache, text } = await ask(path, chat, control === undefined ? {} : { 'cache-control': control });
    return [cache, /c-1\.\d/.exec(text)?.[0]];
  };
  expect(await state('no-store')).toEqual(['miss', 'c-1.1']);
  expect(await state()).toEqual(['miss', 'c-1.2']);
  expect(await state('no-store')).toEqual(['hit', 'c-1.2']);
  expect(await state('No-Cache')).toEqual(['bypass', 'c-1.3']);
  expect(await state('max-age=3600')).toEqual(['hit', 'c-1.3']);
  expect(await state('max-age=0')).toEqual(['miss', 'c-1.4']);
  expect(await state('no-cache, no-store')).toEqual(['bypass', 'c-1.5']);
  expect(await state()).toEqual(['hit', 'c-1.4']);
  expect(seen).toHaveLength(5);
});

describe('An answer that is not good is not kept', () => {
  const completion = (content: string, finish: string) => ({
    ...{ id: 'c', object: 'chat.completion', created: 1, model: 'chat-1' },
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: finish }],
  });
  const format = {
    type: 'json_schema',
    json_schema: { name: 'n', schema: { type: 'object', required: ['a'], properties: { a: { type: 'number' } } } },
  };
  test.each([
    ['cut at its limit', chat, { body: completion('Hello', 'length') }, 200],
    ['filtered', chat, { body: completion('', 'content_filter') }, 200],
    ['a failure', chat, { status: 400, body: { error: { message: 'no' } } }, 400],
    [
      'without the form that was asked for',
      { ...chat, response_format: format },
      { body: completion('no object at all', 'stop') },
      200,
    ],
    [
      'a stream that breaks off',
      { ...chat, stream: true },
      { body: TEXT_STREAMS['openai-compatible'].split('"stop"')[0] as string },
      200,
    ],
  ])('where it is %s.', async (_, body, answer, status) => {
    const { ask, seen, script } = await startCached();
    script(() => answer);
    for (let count = 0; count < 2; count++) {
      const { status: told, cache } = await ask('/v1/chat/completions', body);
      expect([told, cache]).toEqual([status, status === 200 ? 'miss' : null]);
    }
    expect(seen).toHaveLength(2);
  });

  test('and one that has the form that was asked for is.', async () => {
    const { ask, script } = await startCached();
    script(() => ({ body: completion('{"a":1}', 'stop') }));
    const body = { ...chat, response_format: format };
    expect([(await ask('/v1/chat/completions', body)).cache, (await ask('/v1/chat/completions', body)).cache]).toEqual([
      'miss',
      'hit',
    ]);
  });
});

test('In a process of its own, a stored response that the cache gives has its own id, is continued as any other, and is in reports.', async () => {
  const endpoint = await gateway();
  const targets = [{ gateway: 'one', model: 'first' }];
  const served = await serve({
    ...{
      keys: [{ ...keys[0], rates: { callsPerMinute: 6 } }],
      gateways: { one: at(endpoint) },
      classes: { app: { targets, cache: { ttl: 'PT1H' } } },
    },
    ...{ prices: { first: { input: 1, output: 1 } }, tasks: [] },
  });
  onTestFinished(() => served.stop());
  const http = served.url.replace('ws', 'http');
  const ask = async (body: object) => {
    const headers = { authorization: 'Bearer secret-of-app', 'content-type': 'application/json', connection: 'close' };
    const reply = await fetch(`${http}/v1/responses`, { method: 'POST', headers, body: JSON.stringify(body) });
    const [cache, text] = [reply.headers.get('x-trunkline-cache'), await reply.text()];
    return { cache, status: reply.status, id: /"id":\s*"(resp_\w+)"/.exec(text)?.[1], text };
  };
  for (const stream of [false, true]) {
    const [first, second] = [await ask({ input: 'Hello', stream }), await ask({ input: 'Hello', stream })];
    expect([first.cache, second.cache]).toEqual(['miss', 'hit']);
    expect(second.text).toContain('A scripted answer.');
    expect(second.id).not.toBe(first.id);
    const next = await ask({ input: `And now (${stream})?`, previous_response_id: second.id, store: false });
    expect([next.status, next.cache]).toEqual([200, 'miss']);
    const contents = endpoint.seen.at(-1)?.body.messages.map((one: { content: unknown }) => one.content);
    expect(contents).toMatchObject(['Hello', 'A scripted answer.', `And now (${stream})?`]);
  }
  // A hit is a call of its key.
  expect((await ask({ input: 'Hello' })).status).toBe(429);
  expect(endpoint.count.requests).toBe(4);
  const report = async () => (await (await fetch(`${served.admin}/ledger?by=class`)).json()) as { rows: object[] };
  await expect
    .poll(async () => (await report()).rows)
    .toMatchObject([{ calls: 6, costMicroUsd: 60, savedMicroUsd: 30 }]);
  expect(await served.metric('trunkline_cache_lookups_total', { class: 'app', result: 'hit' })).toBe(2);
});

test('Counts say how often the cache was asked, and what it takes.', async () => {
  const { ask, registry } = await startCached();
  for (const control of ['', '', 'no-cache']) await ask('/v1/chat/completions', chat, { 'cache-control': control });
  const text = await registry.metrics();
  for (const result of ['hit', 'miss', 'bypass'])
    expect(text).toContain(`trunkline_cache_lookups_total{class="app",result="${result}"} 1\n`);
  expect(Number(/trunkline_cache_bytes{class="app"} (\d+)/.exec(text)?.[1])).toBeGreaterThan(2048);
});

/** The router alone, with the cache around it. */
async function cachedRouter(cache: object | null = { ttl: 'PT1H' }) {
  const endpoint = await gateway();
  const targets = [{ gateway: 'one', model: 'first' }];
  const written = { gateways: { one: at(endpoint) }, prices: { first: { input: 1, output: 1 } } };
  const made = routing({ ...written, classes: { commodity: { targets, ...(cache && { cache }) } } } as never);
  const { caches } = cachesOver(() => made.store);
  const { classes } = made.config;
  const router: LiveRouter = withSteps(made.router, { classes, makers: [caches.make], run: (one) => router.run(one) });
  return { ...made, router, caches, endpoint };
}

test('A task is answered by the cache, and its row is there when it has its answer.', async () => {
  const { router, store, endpoint } = await cachedRouter();
  const task = (id: string) => call({ kind: 'task', task: id, session: 's', fits: (text) => text !== '' });
  await router.run(task('a'));
  const hit = answered(await router.run(task('b')));
  expect(hit).toMatchObject({ text: 'A scripted answer.', cache: { state: 'hit' }, costUsd: 0 });
  expect(store.rows.get(hit.attempt)).toMatchObject({ task: 'b', session: 's', costSource: 'cached', outcome: 'ok' });
  expect(endpoint.count.requests).toBe(1);
});

test('An answer that a task has no use for is not kept for the next one.', async () => {
  const { router, endpoint } = await cachedRouter();
  for (let count = 0; count < 2; count++) await router.run(call({ kind: 'task', fits: () => false }));
  expect(endpoint.count.requests).toBe(2);
});

test('A configuration that comes into force begins with an empty cache, and answers of before are not kept in it.', async () => {
  const { router, config, endpoint } = await cachedRouter();
  await router.run(call());
  router.use(config, createPrices({}));
  expect(answered(await router.run(call())).cache).toEqual({ state: 'miss' });
  const late = Promise.withResolvers<void>();
  endpoint.change({ behaviour: { after: late.promise } });
  const begun = router.run(call({ model: 'one/first' }));
  await expect.poll(() => endpoint.count.open).toBe(1);
  router.use(config, createPrices({}));
  late.resolve();
  await begun;
  expect(answered(await router.run(call({ model: 'one/first' }))).cache).toEqual({ state: 'miss' });
});

test('What a key has paid for goes when the key is changed.', async () => {
  const { router, caches } = await cachedRouter({ ttl: 'PT1H', shared: 'class' });
  await router.run(call({ key: 'gone' }));
  caches.forget(['other']);
  expect(answered(await router.run(call())).cache?.state).toBe('hit');
  caches.forget(['gone']);
  expect(answered(await router.run(call())).cache?.state).toBe('miss');
});

test('In a class that knows a strong target, what a hit saves is the price there.', async () => {
  const [weak, strong] = [
    await gateway({ behaviour: { text: 'no JSON' } }),
    await gateway({ behaviour: { text: '{}' } }),
  ];
  const targets = [
    { gateway: 'one', model: 'first' },
    { gateway: 'two', model: 'second' },
  ];
  const prices = { first: { input: 1, output: 1 }, second: { input: 10, output: 10 } };
  const made = routing({
    gateways: { one: at(weak), two: at(strong) },
    classes: { commodity: { targets, escalate: { on: ['misfit'] }, cache: { ttl: 'PT1H' } } },
    prices,
  });
  const { caches } = cachesOver(() => made.store);
  const router = withSteps(made.router, { classes: made.config.classes, makers: [caches.make], run: made.router.run });
  const asking = call({ llm: { extra: { response_format: { type: 'json_object' } } } });
  await router.run(asking);
  const hit = answered(await router.run(asking));
  await expect.poll(() => made.store.rows.get(hit.attempt)?.savedMicroUsd).toBe(150);
});

test('A class without a cache has no step, and its answers say nothing of one.', async () => {
  const { router, caches, config, endpoint } = await cachedRouter(null);
  const [name, settings] = Object.entries(config.classes)[0] as [string, (typeof config.classes)[string]];
  expect(caches.make({ name, config: settings, run: router.run, runInClass: router.run })).toBeUndefined();
  for (let count = 0; count < 2; count++) expect(answered(await router.run(call())).cache).toBeUndefined();
  expect(endpoint.count.requests).toBe(2);
});

test('A stream of a hit begins and ends as any other.', async () => {
  const { router } = await cachedRouter();
  const [first, second] = [collector(), collector()];
  await router.run(call({ llm: { isStreamed: true } }), first);
  const hit = answered(await router.run(call({ llm: { isStreamed: true } }), second));
  expect(second.text()).toBe(first.text());
  expect(second.heads).toMatchObject([
    { gateway: 'one', model: 'first', attempt: hit.attempt, cache: { state: 'hit' } },
  ]);
  expect(hit).toMatchObject({ completion: {}, finish: 'stop', text: 'A scripted answer.' });
});
