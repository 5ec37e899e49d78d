// The rehearsal as a target of the router, and what becomes of targets when the configuration is another.

import { describe, expect, test } from 'vitest';
import { createPrices } from '../../../../server/side/billing/prices.ts';
import { answered, at, call, failed, gateway, routing, sideConfig } from '../../../support/routing.ts';
import { until } from '../../../support/until.ts';

describe('the rehearsal', () => {
  const rehearsal = { promptClass: 'rehearsal', isRehearsal: true } as const;

  test('answers rehearsals where no gateway is configured, free of charge and marked', async () => {
    const a = await gateway();
    const url = a.baseUrl.replace(/^http/, 'ws').replace('/v1', '');
    const budgets = [{ window: 'day' as const, maxUsd: 0 }];
    const { router, store } = routing({ budgets }, { hasRehearsalGateway: true, rehearsalUrl: () => url });
    expect(answered(await router.run(call({ ...rehearsal, dataClass: 'regulated' })))).toMatchObject({
      gateway: 'rehearsal',
      isRehearsal: true,
    });
    expect(a.seen[0]?.path).toBe('/v1/chat/completions');
    expect(await store.settled()).toMatchObject([
      { isRehearsal: true, costMicroUsd: 0, costSource: 'reported', path: 'routed', usage: { inputTokens: 10 } },
    ]);
    expect(answered(await router.run(call({ promptClass: 'rehearsal', model: 'gpt-5' }))).isRehearsal).toBe(true);
  });

  test('answers no task of a real session', async () => {
    const { router } = routing({}, { hasRehearsalGateway: true, rehearsalUrl: () => 'http://127.0.0.1:9' });
    const outcome = await router.run(call({ promptClass: 'rehearsal', kind: 'task' }));
    expect(failed(outcome)).toMatchObject({ code: 'no_gateway' });
  });

  test('gives a transient failure while it does not run', async () => {
    const { router } = routing({}, { hasRehearsalGateway: true });
    expect(failed(await router.run(call(rehearsal)))).toMatchObject({ code: 'no_gateway', isTransient: true });
  });
});

describe('another configuration', () => {
  const classOf = (model: string) => ({ commodity: { targets: [{ gateway: 'one', model }] } });
  const used = (written: Parameters<typeof sideConfig>[0]) => {
    const config = sideConfig(written);
    return [config, createPrices(config.prices)] as const;
  };

  test('leaves the circuit of a gateway as it is, until its own settings are others', async () => {
    const a = await gateway({ behaviour: { status: 503 } });
    const gateways = { one: at(a) };
    const breaker = { leastCalls: 2, share: 0.5, windowMs: 60_000, pauseMs: 60_000 };
    const { router } = routing({ gateways, classes: classOf('m') }, { breaker });
    for (let round = 0; round < 3; round++) await router.run(call());
    expect(a.count.requests).toBe(2);
    a.change({ behaviour: {} });
    router.use(
      ...used({
        gateways,
        classes: { ...classOf('m'), more: classOf('m').commodity },
        prices: { m: { input: 1, output: 1 } },
      }),
    );
    for (const promptClass of ['commodity', 'more']) failed(await router.run(call({ promptClass })));
    expect(a.count.requests).toBe(2);
    router.use(...used({ gateways: { one: at(a, { apiKey: 'another' }) }, classes: classOf('m') }));
    answered(await router.run(call()));
    expect(a.seen.at(-1)?.headers.authorization).toBe('Bearer another');
  });

  test('leaves the places of a gateway taken by the calls that have them', async () => {
    const answer = Promise.withResolvers<void>();
    const a = await gateway({ script: ({ number }) => (number === 1 ? { after: answer.promise } : undefined) });
    const gateways = (apiKey: string) => ({ one: at(a, { apiKey, concurrency: 1, queue: 1 }) });
    const { router } = routing({ gateways: gateways('first'), classes: classOf('m') });
    const running = router.run(call());
    await until(() => a.count.open === 1);
    router.use(...used({ gateways: gateways('second'), classes: classOf('n') }));
    const waiting = router.run(call());
    expect(failed(await router.run(call())).code).toBe('rate_limited');
    answer.resolve();
    expect([answered(await running).gateway, answered(await waiting).gateway]).toEqual(['one', 'one']);
    const asked = a.seen.map(({ headers, body }) => [headers.authorization, body.model]);
    expect(asked).toEqual([
      ['Bearer first', 'm'],
      ['Bearer second', 'n'],
    ]);
    expect(a.count.mostOpen).toBe(1);
  });

  test('ends the connections that nothing uses any more, once their calls have ended', async () => {
    const answer = Promise.withResolvers<void>();
    const a = await gateway({ behaviour: { after: answer.promise } });
    const b = await gateway();
    const { router } = routing({ gateways: { one: at(a) }, classes: classOf('m') });
    const running = router.run(call());
    await until(() => a.count.open === 1);
    router.use(
      ...used({ gateways: { two: at(b) }, classes: { commodity: { targets: [{ gateway: 'two', model: 'm' }] } } }),
    );
    expect(answered(await router.run(call())).gateway).toBe('two');
    answer.resolve();
    expect(answered(await running).gateway).toBe('one');
    expect(a.count.cancelled).toBe(0);
  });
});
