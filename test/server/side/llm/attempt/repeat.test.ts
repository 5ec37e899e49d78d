// The one repeat on the same target: only for a fault before its answer, where such a fault is not billed.

import { expect, test } from 'vitest';
import { answered, at, call, collector, failed, pair, routing } from '../../../../support/routing.ts';

const prices = { first: { input: 1, output: 10 }, second: { input: 2, output: 20 } };

test('a fault that is not billed is repeated once on the same target, with a row of its own', async () => {
  for (const isStreamed of [false, true]) {
    const { a, targets, gateways } = await pair({ script: ({ number }) => (number === 1 ? { status: 502 } : {}) });
    const one = at(a, { billsFaults: false });
    const { router, store } = routing({ gateways: { ...gateways, one }, classes: { commodity: { targets } }, prices });
    expect(answered(await router.run(call({ llm: { isStreamed } }), collector())).gateway).toBe('one');
    expect((await store.settled()).map(({ outcome, why, costMicroUsd }) => [outcome, why, costMicroUsd])).toEqual([
      ['unavailable', 'first of 2 targets', 0],
      ['ok', 'again: a fault there is not billed', 60],
    ]);
  }
});

test('a second fault goes to the next target, and a target that cannot be reached is dialled twice', async () => {
  const { a, targets, gateways } = await pair({ behaviour: { status: 503 } });
  const one = at(a, { billsFaults: false });
  const { router, store } = routing({ gateways: { ...gateways, one }, classes: { commodity: { targets } }, prices });
  expect(answered(await router.run(call())).gateway).toBe('two');
  expect(a.count.requests).toBe(2);
  expect((await store.settled()).at(-1)?.why).toBe('after one/first failed: upstream_failed');
  await a.close();
  answered(await router.run(call()));
  expect((await store.settled()).slice(3).map(({ outcome }) => outcome)).toEqual(['unavailable', 'unavailable', 'ok']);
});

test('nothing is repeated where a fault may be billed, where it names a time to wait, and of what is no fault', async () => {
  for (const [billsFaults, behaviour] of [
    [undefined, { status: 503 }],
    [true, { status: 503 }],
    [false, { status: 503, headers: { 'retry-after': '1' } }],
    [false, { status: 429 }],
    [false, { status: 400 }],
    [false, { body: 'no JSON' }],
    [false, { breakAfter: 1, everyMs: 20 }],
  ] as const) {
    const { a, targets } = await pair({ behaviour });
    const classes = { commodity: { targets: targets.slice(0, 1) } };
    const { router } = routing({ gateways: { one: at(a, { billsFaults }) }, classes });
    failed(await router.run(call({ llm: { isStreamed: 'breakAfter' in behaviour } }), collector()));
    expect([behaviour, a.count.requests]).toEqual([behaviour, 1]);
  }
});

test('a target that is silent for too long is not asked again: it may be at work', async () => {
  const { a, targets } = await pair({ behaviour: { hang: 'idle' } });
  const classes = { commodity: { targets: targets.slice(0, 1), timeoutMs: 50 } };
  const { router } = routing({ gateways: { one: at(a, { billsFaults: false }) }, classes });
  expect(failed(await router.run(call())).code).toBe('upstream_timeout');
  expect(a.count.requests).toBe(1);
});
