// Calls over real HTTP: the order of targets and fallback. Each complaint about other gateways is a test.

import { describe, expect, test } from 'vitest';
import type { LlmSeen } from '../../../support/llm-gateway.ts';
import { answered, at, call, failed, gateway, pair, routing } from '../../../support/routing.ts';
import { until } from '../../../support/until.ts';

const prices = { first: { input: 1, output: 10 }, second: { input: 2, output: 20 } };

describe('a call', () => {
  test('is answered by the first target, with a ledger row of what it used and cost', async () => {
    const { a, b, targets, gateways } = await pair({ behaviour: { provider: 'acme', served: 'first-2026-01-01' } });
    const { router, store } = routing({ gateways, classes: { commodity: { targets } }, prices });
    const outcome = answered(await router.run(call({ team: 'red' })));
    expect(outcome).toMatchObject({ text: 'A scripted answer.', gateway: 'one', served: 'first-2026-01-01' });
    const [row, ...others] = await store.settled();
    expect(others).toEqual([]);
    expect(row).toMatchObject({
      id: outcome.attempt,
      kind: 'chat',
      path: 'routed',
      key: 'demo',
      team: 'red',
      asked: 'first',
      tried: [],
      served: 'first-2026-01-01',
      provider: 'acme',
      usage: { inputTokens: 10, outputTokens: 5 },
      estimatedMicroUsd: 60,
      costMicroUsd: 60,
      costSource: 'estimated',
      isFlagged: false,
      outcome: 'ok',
      isRehearsal: false,
      ...{ why: 'first of 2 targets', target: 'one/first' },
      ...{ retention: undefined, residency: undefined },
      refused: undefined,
    });
    expect([a.count.requests, b.count.requests]).toEqual([1, 0]);
    expect(a.seen[0]?.headers.authorization).toBe('Bearer test-key');
  });

  test('is charged what the gateway reports, in a header or in the body', async () => {
    const { a, targets, gateways } = await pair({ behaviour: { costUsd: 0.000234, costIn: 'body' } });
    const { router, store } = routing({
      gateways: { ...gateways, one: at(a, { profile: 'litellm' }) },
      classes: { commodity: { targets } },
      prices,
    });
    await router.run(call());
    a.change({ behaviour: { costUsd: 0.0002, costIn: 'header' } });
    await router.run(call());
    expect((await store.settled()).map(({ costMicroUsd, costSource }) => [costMicroUsd, costSource])).toEqual([
      [234, 'reported'],
      [200, 'reported'],
    ]);
  });

  test('goes first to the target of the model that the client named; a name that no target has is refused', async () => {
    const { a, b, targets, gateways } = await pair();
    const { router } = routing({ gateways, classes: { commodity: { targets } } });
    expect(answered(await router.run(call({ model: 'second' }))).gateway).toBe('two');
    expect(answered(await router.run(call({ model: 'two/second' }))).gateway).toBe('two');
    for (const model of ['*', 'commodity', undefined])
      expect(answered(await router.run(call({ model }))).gateway).toBe('one');
    expect(failed(await router.run(call({ model: 'third' })))).toMatchObject({
      code: 'policy_refused',
      status: 403,
    });
    expect([a.count.requests, b.count.requests]).toEqual([3, 2]);
  });

  test('of an unknown class is refused', async () => {
    const { router } = routing({});
    expect(failed(await router.run(call()))).toMatchObject({ code: 'unknown_class', status: 400 });
  });
});

test('the row of an attempt says whether the client named the model, and the terms that the target was held to', async () => {
  const { a, targets, gateways } = await pair();
  const terms = { retention: 'zdr', residency: 'eu' } as const;
  const { router, store } = routing({
    gateways: { one: at(a, terms), two: gateways.two },
    classes: { commodity: { targets: targets.slice(0, 1), ...terms }, open: { targets } },
  });
  answered(await router.run(call({ model: 'first' })));
  answered(await router.run(call({ model: 'second', promptClass: 'open' })));
  expect(await store.settled()).toMatchObject([
    { why: 'named by the client', ...terms },
    { why: 'named by the client', retention: undefined, residency: undefined },
  ]);
});

describe('when a target fails', () => {
  test('the next one is asked, and the ledger rows say what was tried', async () => {
    const { targets, gateways } = await pair({ behaviour: { status: 503 } });
    const { router, store } = routing({ gateways, classes: { commodity: { targets } }, prices });
    expect(answered(await router.run(call())).gateway).toBe('two');
    expect(
      (await store.settled()).map(({ asked, tried, served, outcome, costMicroUsd, why }) => [
        ...[asked, tried, served, outcome, costMicroUsd, why],
      ]),
    ).toEqual([
      ['first', ['one/first'], undefined, 'unavailable', 0, 'first of 2 targets'],
      ['first', ['one/first'], 'second', 'ok', 120, 'after one/first failed: upstream_failed'],
    ]);
  });

  test('no other target is asked in a class with fallback: false', async () => {
    const { b, targets, gateways } = await pair({ behaviour: { status: 503 } });
    const { router } = routing({ gateways, classes: { commodity: { targets, fallback: false } } });
    expect(failed(await router.run(call()))).toMatchObject({
      code: 'upstream_failed',
      status: 502,
      isTransient: true,
    });
    expect(b.count.requests).toBe(0);
  });

  test('no other target is asked if the first calls the request invalid', async () => {
    for (const status of [400, 422]) {
      const { b, targets, gateways } = await pair({ behaviour: { status } });
      const { router } = routing({ gateways, classes: { commodity: { targets } } });
      expect(failed(await router.run(call()))).toMatchObject({ code: 'invalid_request', isTransient: false });
      expect(b.count.requests).toBe(0);
    }
  });

  test('its unreadable answer is charged, and the next target is asked', async () => {
    const { targets, gateways } = await pair({ shares: { garbled: 1 } });
    const { router, store } = routing({ gateways, classes: { commodity: { targets } }, prices });
    expect(answered(await router.run(call())).gateway).toBe('two');
    const [row] = await store.settled();
    expect(row).toMatchObject({ outcome: 'garbled', isFlagged: true });
    expect(row?.costMicroUsd).toBeGreaterThan(1000);
  });

  test('a hanging one runs into its timeout, and what it may have done is charged', async () => {
    const { a, targets, gateways } = await pair({ behaviour: { hang: 'lost' } });
    const classes = { commodity: { targets: [{ ...targets[0], timeoutMs: 50 }, targets[1]] } };
    const { router, store } = routing({ gateways, classes, prices } as Parameters<typeof routing>[0]);
    expect(answered(await router.run(call())).gateway).toBe('two');
    await until(() => a.count.cancelled === 1);
    const [row] = await store.settled();
    expect(row).toMatchObject({ outcome: 'timeout', isFlagged: true, costSource: 'estimated' });
    expect(row?.costMicroUsd).toBe(row?.estimatedMicroUsd);
  });

  test('five failures in a row open its circuit, and it is tried again later', async () => {
    const { a, targets, gateways } = await pair({ behaviour: { status: 500 } });
    const classes = { commodity: { targets } };
    const { router, store } = routing(
      { gateways, classes },
      { breaker: { leastCalls: 5, share: 0.5, windowMs: 60_000, pauseMs: 300 } },
    );
    for (let count = 0; count < 8; count++) answered(await router.run(call()));
    expect(a.count.requests).toBe(5);
    expect((await store.settled()).length).toBe(5 + 8);
    a.change({ behaviour: {} });
    await until(async () => answered(await router.run(call())).gateway === 'one');
    expect(answered(await router.run(call())).gateway).toBe('one');
  });

  test('calls that wait for a place while its circuit opens find nobody there: they are not to blame', async () => {
    const a = await gateway({ behaviour: { status: 500 } });
    const classes = { commodity: { targets: [{ gateway: 'one', model: 'first' }] } };
    const { router } = routing({ gateways: { one: at(a, { concurrency: 1 }) }, classes });
    const outcomes = await Promise.all(Array.from({ length: 9 }, () => router.run(call()).then(failed)));
    expect(a.count.requests).toBe(5);
    const late = outcomes.slice(5);
    expect(late).toMatchObject(late.map(() => ({ isOutage: true, isTransient: true })));
    expect(late[0]?.message).toBe('one/first: has failed too often lately');
  });

  test('one that answers 429 is not asked again before Retry-After', async () => {
    const { a, targets, gateways } = await pair({ behaviour: { status: 429, headers: { 'retry-after': '60' } } });
    const { router } = routing({
      gateways,
      classes: { commodity: { targets }, only: { targets: targets.slice(0, 1) } },
    });
    for (let count = 0; count < 3; count++) expect(answered(await router.run(call())).gateway).toBe('two');
    expect(a.count.requests).toBe(1);
    const limited = failed(await router.run(call({ promptClass: 'only' })));
    expect(limited).toMatchObject({ code: 'rate_limited', status: 429, isTransient: true });
    expect(limited.retryAfterMs).toBeGreaterThan(50_000);
    expect(a.count.requests).toBe(1);
  });

  test('nothing is charged if it cannot be reached', async () => {
    const { a, targets, gateways } = await pair();
    await a.close();
    const { router, store } = routing({ gateways, classes: { commodity: { targets } }, prices });
    expect(answered(await router.run(call())).gateway).toBe('two');
    expect((await store.settled())[0]).toMatchObject({ outcome: 'unavailable', costMicroUsd: 0, isFlagged: false });
  });

  test('an answer beyond maxReplyBytes counts as none', async () => {
    const { targets, gateways } = await pair({ behaviour: { text: 'x'.repeat(3000) } });
    const { router } = routing({ gateways, classes: { commodity: { targets } }, side: { maxReplyBytes: 2048 } });
    expect(answered(await router.run(call())).gateway).toBe('two');
  });

  test('its redirect is not followed', async () => {
    const other = await gateway();
    const location = `${other.baseUrl}/chat/completions`;
    const { targets, gateways } = await pair({ behaviour: { status: 307, headers: { location } } });
    const { router } = routing({ gateways, classes: { commodity: { targets } } });
    expect(answered(await router.run(call())).gateway).toBe('two');
    expect(other.count.requests).toBe(0);
  });

  test('one at a private address that is not allowed is never dialled', async () => {
    const { a, targets, gateways } = await pair();
    const one = at(a, { allowPrivate: false, baseUrl: a.baseUrl.replace('127.0.0.1', 'localhost') });
    const { router } = routing({ gateways: { ...gateways, one }, classes: { commodity: { targets } } });
    expect(answered(await router.run(call())).gateway).toBe('two');
    expect(a.count.connections).toBe(0);
  });
});

describe('complaints about other gateways', () => {
  test('1: the budget is checked for the fallback that really runs, not for the model that was asked for', async () => {
    const { b, targets, gateways } = await pair({ behaviour: { status: 503 } });
    const config = { gateways, classes: { commodity: { targets } } };
    // The budget has room for the first model, not for the second.
    const budgets = [{ window: 'day' as const, maxUsd: 0.0015 }];
    const { router } = routing({ ...config, budgets, prices });
    const outcome = failed(await router.run(call()));
    expect(outcome.code).toBe('upstream_failed');
    expect(b.count.requests).toBe(0);
    const { router: richer } = routing({ ...config, budgets: [{ window: 'day', maxUsd: 0.01 }], prices });
    expect(answered(await richer.run(call())).served).toBe('second');
  });

  test('4: no retry and no fallback is softer on privacy than the first attempt', async () => {
    const { a, b, targets, gateways } = await pair({ behaviour: { status: 503 } });
    const router1 = { profile: 'openrouter', residency: 'eu', retention: 'zdr' };
    const { router } = routing({
      gateways: { one: at(a, router1), two: at(b, router1) },
      classes: { commodity: { targets, retention: 'zdr', residency: 'eu', allow: { providers: ['acme'] } } },
    });
    expect(gateways.one.profile).toBe('openai-compatible');
    answered(await router.run(call()));
    answered(await router.run(call()));
    const bodies = [...a.seen, ...b.seen].map(({ body }: LlmSeen) => body.provider);
    expect(bodies).toHaveLength(6);
    for (const provider of bodies)
      expect(provider).toMatchObject({ data_collection: 'deny', zdr: true, only: ['acme'], allow_fallbacks: false });
  });

  test('4: regulated text stays on direct targets, or nowhere', async () => {
    const { a, b, targets, gateways } = await pair();
    const direct = { ...gateways, two: at(b, { profile: 'openai' }) };
    const { router, store } = routing({ gateways: direct, classes: { commodity: { targets } } });
    expect(answered(await router.run(call({ dataClass: 'regulated' }))).gateway).toBe('two');
    expect((await store.settled())[0]).toMatchObject({
      ...{ path: 'direct', dataClass: 'regulated', why: 'the only target' },
      refused: [{ target: 'one/first', reason: 'regulated text stays on direct targets' }],
    });
    b.change({ behaviour: { status: 503 } });
    expect(failed(await router.run(call({ dataClass: 'regulated' }))).code).toBe('upstream_failed');
    const { router: routed } = routing({ gateways, classes: { commodity: { targets } } });
    expect(failed(await routed.run(call({ dataClass: 'regulated' })))).toMatchObject({ code: 'policy_refused' });
    expect(a.count.requests).toBe(0);
  });

  test('5: the ledger says who really answered', async () => {
    const a = await gateway({ behaviour: { served: 'other/model', provider: 'SomeoneElse' } });
    const { router, store } = routing({
      gateways: { one: at(a, { profile: 'openrouter' }) },
      classes: { commodity: { targets: [{ gateway: 'one', model: 'first' }] } },
    });
    await router.run(call());
    expect(await store.settled()).toMatchObject([{ asked: 'first', served: 'other/model', provider: 'SomeoneElse' }]);
  });

  test('6: usage that is not reported is charged at the worst case and flagged', async () => {
    const a = await gateway({ behaviour: { usage: false } });
    const { router, store } = routing({
      gateways: { one: at(a) },
      classes: { commodity: { targets: [{ gateway: 'one', model: 'first' }] } },
      prices,
    });
    await router.run(call());
    const [row] = await store.settled();
    expect(row).toMatchObject({ outcome: 'ok', usage: {}, isFlagged: true, costSource: 'estimated' });
    expect(row?.costMicroUsd).toBeGreaterThan(1000);
  });

  test('6: a price that is not known is unknown, never zero', async () => {
    const a = await gateway();
    const { router, store } = routing({
      gateways: { one: at(a) },
      classes: { commodity: { targets: [{ gateway: 'one', model: 'nobody-knows' }] } },
    });
    await router.run(call());
    expect(await store.settled()).toMatchObject([{ costMicroUsd: undefined, costSource: 'unknown', isFlagged: false }]);
  });
});
