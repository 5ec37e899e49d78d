// Calls to models that a pattern of a class stands for, from the name to the ledger.

import { expect, test } from 'vitest';
import type { CatalogueModel } from '../../../../../adapters/llm/catalogue/contract.ts';
import type { Catalogues } from '../../../../../server/side/llm/catalogue/known.ts';
import { answered, at, call, failed, gateway, routing } from '../../../../support/routing.ts';

const model = (id: string, more: Partial<CatalogueModel> = {}): CatalogueModel => ({ id, ...more });

function cataloguesOf(models: Record<string, readonly CatalogueModel[]>): Catalogues {
  return {
    of: (name) =>
      models[name] && {
        endpoint: 'e',
        fetchedAt: 0,
        models: new Map(models[name].map((one) => [one.id, one])),
        gone: new Map(),
      },
    faultOf: () => undefined,
  };
}

test('a name of the catalogue, with its gateway or without, makes the target, and the row has its price as one of the catalogue', async () => {
  const a = await gateway();
  const catalogues = cataloguesOf({
    one: [model('vendor/small', { price: { input: 1, output: 2 } }), model('other/x')],
  });
  const classes = { commodity: { targets: [{ gateway: 'one', model: 'vendor/*' }], maxUsdPerCall: 1 } };
  const { router, store } = routing({ gateways: { one: at(a) }, classes }, { catalogues });
  for (const name of ['vendor/small', 'one/vendor/small']) {
    answered(await router.run(call({ model: name })));
    expect(a.seen.at(-1)?.body.model).toBe('vendor/small');
  }
  expect((await store.settled())[0]).toMatchObject({
    asked: 'vendor/small',
    costSource: 'catalogue',
    costMicroUsd: 10 + 2 * 5,
  });
  expect(failed(await router.run(call({ model: 'other/x' }))).code).toBe('policy_refused');
  expect(failed(await router.run(call({ model: 'vendor/none' }))).code).toBe('policy_refused');
  expect(failed(await router.run(call()))).toMatchObject({
    code: 'invalid_request',
    message: /expected the name of a model/,
  });
});

test('prices of the configuration come before those of the catalogue, and those before the list that is built in', async () => {
  const a = await gateway();
  const price = { input: 100, output: 100 };
  const catalogues = cataloguesOf({ one: [model('gpt-5-mini', { price }), model('configured', { price })] });
  const classes = { commodity: { targets: [{ gateway: 'one', model: '*' }] } };
  const prices = { configured: { input: 1, output: 1 } };
  const { router, store } = routing({ gateways: { one: at(a) }, classes, prices }, { catalogues });
  for (const name of ['gpt-5-mini', 'configured']) answered(await router.run(call({ model: name })));
  const rows = await store.settled();
  expect(rows.map(({ costMicroUsd, costSource }) => [costMicroUsd, costSource])).toEqual([
    [1500, 'catalogue'],
    [15, 'estimated'],
  ]);
});

test('a model that the class does not allow is refused, and the targets that are named stay the next ones', async () => {
  const [a, b] = [await gateway({ behaviour: { status: 503 } }), await gateway()];
  const catalogues = cataloguesOf({ one: [model('vendor/good'), model('vendor/bad')] });
  const targets = [
    { gateway: 'one', model: 'vendor/*' },
    { gateway: 'two', model: 'last' },
  ];
  const classes = { commodity: { targets, allow: { models: ['vendor/good', 'last'] } } };
  const { router, store } = routing({ gateways: { one: at(a), two: at(b) }, classes }, { catalogues });
  expect(answered(await router.run(call({ model: 'vendor/good' }))).gateway).toBe('two');
  expect((await store.settled()).map(({ gateway: name }) => name)).toEqual(['one', 'two']);
  expect(failed(await router.run(call({ model: 'vendor/bad' })))).toMatchObject({
    message: /fits none of allow.models/,
  });
});

test('the breaker of a model outlives its target, which is made anew when many others were asked meanwhile', async () => {
  const a = await gateway({ script: ({ body }) => (body.model === 'm0' ? { status: 503 } : undefined) });
  const catalogues = cataloguesOf({ one: Array.from({ length: 300 }, (_, index) => model(`m${index}`)) });
  const classes = { commodity: { targets: [{ gateway: 'one', model: '*' }] } };
  const watched: { count: () => number }[] = [];
  const metrics = {
    connected() {},
    watch: (read: () => readonly unknown[]) => void watched.push({ count: () => read().length }),
  };
  const breaker = { leastCalls: 2, share: 0.5, windowMs: 60_000, pauseMs: 60_000 };
  const { router } = routing({ gateways: { one: at(a) }, classes }, { catalogues, breaker, metrics });
  for (let round = 0; round < 2; round++) failed(await router.run(call({ model: 'm0' })));
  for (let index = 1; index < 300; index++) answered(await router.run(call({ model: `m${index}` })));
  expect(watched[0]?.count()).toBe(200);
  const before = a.count.requests;
  expect(failed(await router.run(call({ model: 'm0' }))).isOutage).toBe(true);
  expect(a.count.requests).toBe(before);
});

test('a prompt that cannot fit into the context is not sent there, but to the next target', async () => {
  const [a, b] = [await gateway(), await gateway()];
  const catalogues = cataloguesOf({ one: [model('short', { contextTokens: 2000 })] });
  const targets = [
    { gateway: 'one', model: '*' },
    { gateway: 'two', model: 'long' },
  ];
  const { router } = routing(
    { gateways: { one: at(a), two: at(b) }, classes: { commodity: { targets } } },
    { catalogues },
  );
  const long = { messages: [{ role: 'user', content: 'word '.repeat(4000) }] };
  expect(answered(await router.run(call({ model: 'short', llm: long }))).gateway).toBe('two');
  expect(a.count.requests).toBe(0);
  const short = { messages: [{ role: 'user', content: 'word '.repeat(1500) }] };
  expect(answered(await router.run(call({ model: 'short', llm: short }))).gateway).toBe('one');
});

test('an alias is drawn by weight, the same for an end user, and its row keeps what was asked and what served', async () => {
  const a = await gateway();
  const catalogues = cataloguesOf({ one: [model('vendor/old'), model('vendor/new')] });
  const targets = [
    { gateway: 'one', model: 'vendor/old', weight: 80 },
    { gateway: 'one', model: 'vendor/new', weight: 20 },
  ];
  const config = {
    gateways: { one: at(a) },
    classes: { commodity: { targets: [{ gateway: 'one', model: '*' }] } },
    aliases: { fast: { targets } },
  };
  const { router, store } = routing(config, { catalogues });
  const users = Array.from({ length: 60 }, (_, index) => `user-${index}`);
  const served = async () => {
    const from = a.seen.length;
    for (const endUser of users) answered(await router.run(call({ model: 'fast', endUser })));
    return a.seen.slice(from).map(({ body }) => body.model);
  };
  const first = await served();
  expect(new Set(first)).toEqual(new Set(['vendor/old', 'vendor/new']));
  expect(await served()).toEqual(first);
  const row = (await store.settled())[0];
  expect(row).toMatchObject({ asked: 'fast', served: first[0] });
  expect(row?.why).toMatch(/^drawn by weight: (80|20) of 100$/);
});

test('an alias asks its targets in order, and only those that the class has and allows', async () => {
  const [a, b] = [await gateway({ behaviour: { status: 503 } }), await gateway()];
  const targets = ['first', 'second'].map((name, index) => ({ gateway: ['one', 'two'][index] as string, model: name }));
  const classes = {
    commodity: { targets: [...targets].reverse() },
    half: { targets: targets.slice(1) },
    none: { targets: [{ gateway: 'two', model: 'x' }] },
  };
  const { router, store } = routing({ gateways: { one: at(a), two: at(b) }, classes, aliases: { fast: { targets } } });
  expect(answered(await router.run(call({ model: 'fast' }))).gateway).toBe('two');
  expect((await store.settled()).map(({ gateway: name, why }) => [name, why])).toEqual([
    ['one', 'first of the alias fast'],
    ['two', expect.stringMatching(/^after one\/first/)],
  ]);
  expect(answered(await router.run(call({ model: 'fast', promptClass: 'half' }))).gateway).toBe('two');
  expect(failed(await router.run(call({ model: 'fast', promptClass: 'none' }))).code).toBe('policy_refused');
});

test('the weight of a pattern is that of the models which it stands for', async () => {
  const [a, b] = [await gateway(), await gateway()];
  const catalogues = cataloguesOf({ one: [model('vendor/m')], two: [model('vendor/m')] });
  const targets = [
    { gateway: 'one', model: 'vendor/*', weight: 1 },
    { gateway: 'two', model: '*', weight: 3 },
  ];
  const gateways = { one: at(a), two: at(b) };
  const { router } = routing({ gateways, classes: { commodity: { targets, order: 'weighted' } } }, { catalogues });
  const first = new Set<string>();
  for (let index = 0; index < 24; index++)
    first.add(answered(await router.run(call({ model: 'vendor/m', session: `session-${index}` }))).gateway);
  expect(first).toEqual(new Set(['one', 'two']));
});
