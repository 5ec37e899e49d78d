// The rule of a class in whole calls: who is asked first, and what the ledger says of it.

import { expect, test } from 'vitest';
import { answered, at, call, collector, gateway, pair, routing } from '../../../../support/routing.ts';

const prices = { first: { input: 2, output: 20 }, second: { input: 1, output: 10 } };

test('price asks the cheapest first, unless the client named another; fallback: false asks it alone', async () => {
  const { a, targets, gateways } = await pair();
  const classes = {
    commodity: { targets, order: 'price' },
    only: { targets, order: 'price', fallback: false },
  } as const;
  const { router, store } = routing({ gateways, classes, prices });
  expect(answered(await router.run(call())).gateway).toBe('two');
  expect(answered(await router.run(call({ promptClass: 'only' }))).gateway).toBe('two');
  expect(a.count.requests).toBe(0);
  expect(answered(await router.run(call({ model: 'first' }))).gateway).toBe('one');
  const whys = (await store.settled()).map(({ why }) => why);
  expect(whys[0]).toMatch(/^cheapest of 2: up to 0\.00\d+ USD$/);
  expect(whys[2]).toBe('named by the client');
});

test('no rule asks a target that policy refuses', async () => {
  const { b, targets, gateways } = await pair();
  const one = { ...gateways.one, path: 'direct' } as const;
  const { router } = routing({
    gateways: { ...gateways, one },
    classes: { commodity: { targets, order: 'price' } },
    prices,
  });
  expect(answered(await router.run(call({ dataClass: 'regulated' }))).gateway).toBe('one');
  expect(b.count.requests).toBe(0);
});

test('latency asks the quickest of late first, as it was met by the calls before', async () => {
  const { targets, gateways } = await pair({ behaviour: { status: 503 } });
  const { router, store } = routing({ gateways, classes: { commodity: { targets, order: 'latency' } }, prices });
  const run = async () => answered(await router.run(call({ llm: { isStreamed: true } }), collector()));
  const whys: (string | undefined)[] = [];
  for (let count = 0; count < 7; count++) {
    await run();
    whys.push((await store.settled()).at(-1)?.why);
  }
  expect(whys[0]).toBe('after one/first failed: upstream_failed');
  expect(whys.at(-1)).toMatch(/^fastest of 2: p95 \d+ ms$/);
});

test('weighted draws a target for each session, and keeps to it', async () => {
  const [a, b] = [await gateway(), await gateway()];
  const targets = [
    { gateway: 'one', model: 'first', weight: 3 },
    { gateway: 'two', model: 'second', weight: 1 },
  ];
  const gateways = { one: at(a), two: at(b) };
  const { router, store } = routing({ gateways, classes: { commodity: { targets, order: 'weighted' } } });
  const ask = async (session: string) => answered(await router.run(call({ session }))).gateway;
  const sessions = Array.from({ length: 24 }, (_, index) => `session-${index}`);
  const first = [];
  for (const session of sessions) first.push(await ask(session));
  expect(new Set(first)).toEqual(new Set(['one', 'two']));
  for (const [index, session] of sessions.slice(0, 6).entries()) expect(await ask(session)).toBe(first[index]);
  expect((await store.settled()).map(({ why }) => why)).toContain('drawn by weight: 3 of 4');
});
