// Hedging: a second target beside a slow first one.

import { describe, expect, test } from 'vitest';
import { answered, at, call, collector, gateway, pair, routing } from '../../../support/routing.ts';
import { until } from '../../../support/until.ts';

const prices = { first: { input: 1, output: 10 }, second: { input: 2, output: 20 } };

describe('hedging', () => {
  test('asks the next target when the first is slow; the first answer counts, and both are in the ledger', async () => {
    const { a, targets, gateways } = await pair({ behaviour: { hang: 'lost' } });
    const { router, store } = routing({ gateways, classes: { commodity: { targets, hedgeMs: 30 } }, prices });
    expect(answered(await router.run(call())).gateway).toBe('two');
    await until(() => a.count.cancelled === 1);
    const rows = await store.settled();
    expect(rows.map(({ outcome, isFlagged }) => [outcome, isFlagged])).toEqual([
      ['hedged', true],
      ['ok', false],
    ]);
    expect(rows[0]?.costMicroUsd).toBeGreaterThan(1000);
  });

  test('asks no other target when the first is quick, or when a stream is wanted', async () => {
    const { b, targets, gateways } = await pair();
    const { router } = routing({ gateways, classes: { commodity: { targets, hedgeMs: 2000 } } });
    answered(await router.run(call()));
    const { router: eager } = routing({ gateways, classes: { commodity: { targets, hedgeMs: 1 } } });
    answered(await eager.run(call({ llm: { isStreamed: true } }), collector()));
    expect(b.count.requests).toBe(0);
  });

  test('goes on with the remaining targets when both fail', async () => {
    const slow = { behaviour: { delayMs: 60, status: 503 } };
    const { targets, gateways } = await pair(slow, slow);
    const c = await gateway();
    const { router } = routing({
      gateways: { ...gateways, three: at(c) },
      classes: { commodity: { targets: [...targets, { gateway: 'three', model: 'third' }], hedgeMs: 20 } },
    });
    expect(answered(await router.run(call())).gateway).toBe('three');
  });
});
