// Calls over real HTTP: order, fallback, budgets, ledger rows; each complaint about other gateways is a test of its own.

import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { LlmSeen } from '../../support/llm-gateway.ts';
import { answered, at, call, collector, gateway, routing, unanswered } from '../../support/routing.ts';
import { until } from '../../support/until.ts';

const prices = { first: { input: 1, output: 10 }, second: { input: 2, output: 20 } };

/** Two targets, `first` at `one` and `second` at `two`. */
async function pair(one: Parameters<typeof gateway>[0] = {}, two: Parameters<typeof gateway>[0] = {}) {
  const [a, b] = [await gateway(one), await gateway(two)];
  const targets = [
    { gateway: 'one', model: 'first' },
    { gateway: 'two', model: 'second' },
  ];
  return { a, b, targets, gateways: { one: at(a), two: at(b) } };
}

describe('an answer', () => {
  test('comes from the first target, with a ledger row of what it used and cost', async () => {
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
    });
    expect([a.count.requests, b.count.requests]).toEqual([1, 0]);
    expect(a.seen[0]?.headers.authorization).toBe('Bearer test-key');
  });

  test('has the cost that the gateway reports, in a header or in the body', async () => {
    const { a, targets, gateways } = await pair({ behaviour: { costUsd: 0.001234, costIn: 'body' } });
    const { router, store } = routing({
      gateways: { ...gateways, one: at(a, { profile: 'litellm' }) },
      classes: { commodity: { targets } },
      prices,
    });
    await router.run(call());
    a.change({ behaviour: { costUsd: 0.002, costIn: 'header' } });
    await router.run(call());
    expect((await store.settled()).map(({ costMicroUsd, costSource }) => [costMicroUsd, costSource])).toEqual([
      [1234, 'reported'],
      [2000, 'reported'],
    ]);
  });

  test('of the model that the client named is asked for first; a name that no target has is refused', async () => {
    const { a, b, targets, gateways } = await pair();
    const { router } = routing({ gateways, classes: { commodity: { targets } } });
    expect(answered(await router.run(call({ model: 'second' }))).gateway).toBe('two');
    expect(answered(await router.run(call({ model: 'two/second' }))).gateway).toBe('two');
    for (const model of ['*', 'commodity', undefined])
      expect(answered(await router.run(call({ model }))).gateway).toBe('one');
    expect(unanswered(await router.run(call({ model: 'third' })))).toMatchObject({
      code: 'policy_refused',
      status: 403,
    });
    expect([a.count.requests, b.count.requests]).toEqual([3, 2]);
  });

  test('of an unknown class is none', async () => {
    const { router } = routing({});
    expect(unanswered(await router.run(call()))).toMatchObject({ code: 'unknown_class', status: 400 });
  });
});

describe('when a target fails', () => {
  test('the next one is asked, and the rows say what was tried', async () => {
    const { targets, gateways } = await pair({ behaviour: { status: 503 } });
    const { router, store } = routing({ gateways, classes: { commodity: { targets } }, prices });
    expect(answered(await router.run(call())).gateway).toBe('two');
    expect(
      (await store.settled()).map(({ asked, tried, served, outcome, costMicroUsd }) => [
        asked,
        tried,
        served,
        outcome,
        costMicroUsd,
      ]),
    ).toEqual([
      ['first', ['one/first'], undefined, 'unavailable', 0],
      ['first', ['one/first'], 'second', 'ok', 120],
    ]);
  });

  test('fallback: false asks nobody else', async () => {
    const { b, targets, gateways } = await pair({ behaviour: { status: 503 } });
    const { router } = routing({ gateways, classes: { commodity: { targets, fallback: false } } });
    expect(unanswered(await router.run(call()))).toMatchObject({
      code: 'upstream_failed',
      status: 502,
      isTransient: true,
    });
    expect(b.count.requests).toBe(0);
  });

  test('by calling the request wrong, nobody else is asked', async () => {
    for (const status of [400, 422]) {
      const { b, targets, gateways } = await pair({ behaviour: { status } });
      const { router } = routing({ gateways, classes: { commodity: { targets } } });
      expect(unanswered(await router.run(call()))).toMatchObject({ code: 'invalid_request', isTransient: false });
      expect(b.count.requests).toBe(0);
    }
  });

  test('with an answer that cannot be read, it is charged, and the next one is asked', async () => {
    const { targets, gateways } = await pair({ shares: { garbled: 1 } });
    const { router, store } = routing({ gateways, classes: { commodity: { targets } }, prices });
    expect(answered(await router.run(call())).gateway).toBe('two');
    const [row] = await store.settled();
    expect(row).toMatchObject({ outcome: 'garbled', isFlagged: true });
    expect(row?.costMicroUsd).toBeGreaterThan(1000);
  });

  test('by hanging, its time runs out; what it may have done is charged', async () => {
    const { a, targets, gateways } = await pair({ behaviour: { hang: 'lost' } });
    const classes = { commodity: { targets: [{ ...targets[0], timeoutMs: 50 }, targets[1]] } };
    const { router, store } = routing({ gateways, classes, prices } as Parameters<typeof routing>[0]);
    expect(answered(await router.run(call())).gateway).toBe('two');
    await until(() => a.count.cancelled === 1);
    const [row] = await store.settled();
    expect(row).toMatchObject({ outcome: 'timeout', isFlagged: true, costSource: 'estimated' });
    expect(row?.costMicroUsd).toBe(row?.estimatedMicroUsd);
  });

  test('five times in a row, it is left alone at once and tried again later', async () => {
    const { a, targets, gateways } = await pair({ behaviour: { status: 500 } });
    const classes = { commodity: { targets } };
    const { router, store } = routing({ gateways, classes }, { breaker: { failures: 5, pauseMs: 300 } });
    for (let count = 0; count < 8; count++) answered(await router.run(call()));
    expect(a.count.requests).toBe(5);
    expect((await store.settled()).length).toBe(5 + 8);
    a.change({ behaviour: {} });
    await until(async () => answered(await router.run(call())).gateway === 'one');
    expect(answered(await router.run(call())).gateway).toBe('one');
  });

  test('with 429, it is not asked again before Retry-After', async () => {
    const { a, targets, gateways } = await pair({ behaviour: { status: 429, headers: { 'retry-after': '60' } } });
    const { router } = routing({
      gateways,
      classes: { commodity: { targets }, only: { targets: targets.slice(0, 1) } },
    });
    for (let count = 0; count < 3; count++) expect(answered(await router.run(call())).gateway).toBe('two');
    expect(a.count.requests).toBe(1);
    const limited = unanswered(await router.run(call({ promptClass: 'only' })));
    expect(limited).toMatchObject({ code: 'rate_limited', status: 429, isTransient: true });
    expect(limited.retryAfterMs).toBeGreaterThan(50_000);
    expect(a.count.requests).toBe(1);
  });

  test('by not being there, nothing is charged', async () => {
    const { a, targets, gateways } = await pair();
    await a.close();
    const { router, store } = routing({ gateways, classes: { commodity: { targets } }, prices });
    expect(answered(await router.run(call())).gateway).toBe('two');
    expect((await store.settled())[0]).toMatchObject({ outcome: 'unavailable', costMicroUsd: 0, isFlagged: false });
  });

  test('with an answer beyond maxReplyBytes, it is none', async () => {
    const { targets, gateways } = await pair({ behaviour: { text: 'x'.repeat(3000) } });
    const { router } = routing({ gateways, classes: { commodity: { targets } }, side: { maxReplyBytes: 2048 } });
    expect(answered(await router.run(call())).gateway).toBe('two');
  });

  test('with a redirect, nobody follows it', async () => {
    const other = await gateway();
    const location = `${other.baseUrl}/chat/completions`;
    const { targets, gateways } = await pair({ behaviour: { status: 307, headers: { location } } });
    const { router } = routing({ gateways, classes: { commodity: { targets } } });
    expect(answered(await router.run(call())).gateway).toBe('two');
    expect(other.count.requests).toBe(0);
  });

  test('at a private address that is not allowed, it is never dialled', async () => {
    const { a, targets, gateways } = await pair();
    const one = at(a, { allowPrivate: false, baseUrl: a.baseUrl.replace('127.0.0.1', 'localhost') });
    const { router } = routing({ gateways: { ...gateways, one }, classes: { commodity: { targets } } });
    expect(answered(await router.run(call())).gateway).toBe('two');
    expect(a.count.connections).toBe(0);
  });
});

describe('limits', () => {
  test('places and queue of a gateway are bounded', async () => {
    const { a, targets } = await pair({ behaviour: { delayMs: 50 } });
    const one = at(a, { concurrency: 2, queue: 3 });
    const { router } = routing({ gateways: { one }, classes: { commodity: { targets: targets.slice(0, 1) } } });
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => router.run(call())));
    const codes = outcomes.map((outcome) => (outcome.kind === 'answered' ? 'answered' : outcome.code));
    expect(codes.filter((code) => code === 'answered')).toHaveLength(5);
    expect(codes.filter((code) => code === 'rate_limited')).toHaveLength(3);
    expect(a.count.mostOpen).toBe(2);
  });

  test('a deadline ends the call over all targets', async () => {
    const { b, targets, gateways } = await pair({ behaviour: { hang: 'idle' } });
    const { router } = routing({ gateways, classes: { commodity: { targets } } });
    const outcome = unanswered(await router.run(call({ deadline: performance.now() + 50 })));
    expect(outcome).toMatchObject({ code: 'upstream_timeout', status: 504, isTransient: true });
    expect(b.count.requests).toBe(0);
  });

  test('a deadline ends the wait for a place too, and nothing is charged', async () => {
    const { a, targets } = await pair({ behaviour: { hang: 'idle' } });
    const one = at(a, { concurrency: 1 });
    const { router, store } = routing({
      gateways: { one },
      classes: { commodity: { targets: targets.slice(0, 1), timeoutMs: 400 } },
      prices,
    });
    const first = router.run(call());
    await until(() => a.count.open === 1);
    const outcome = unanswered(await router.run(call({ deadline: performance.now() + 30 })));
    expect(outcome.code).toBe('upstream_timeout');
    await first;
    expect((await store.settled()).map(({ costMicroUsd }) => costMicroUsd)).toEqual([expect.any(Number), 0]);
    expect(a.count.requests).toBe(1);
  });

  test('a client that leaves ends the attempt, which is charged and flagged', async () => {
    const { a, targets, gateways } = await pair({ behaviour: { hang: 'lost' } });
    const { router, store } = routing({ gateways, classes: { commodity: { targets } }, prices });
    const client = new AbortController();
    const outcome = router.run(call({ signal: client.signal }));
    await until(() => a.count.effects === 1);
    client.abort();
    expect(unanswered(await outcome).code).toBe('cancelled');
    await until(() => a.count.cancelled === 1);
    expect(await store.settled()).toMatchObject([{ outcome: 'cancelled', isFlagged: true }]);
  });
});

describe('budgets', () => {
  const oneTarget = { targets: [{ gateway: 'one', model: 'first' }] };

  test('200 calls at once against a budget for 50: exactly 50 reach the gateway', async () => {
    const a = await gateway({ behaviour: { delayMs: 5 } });
    const probe = routing({ gateways: { one: at(a) }, classes: { commodity: oneTarget }, prices });
    await probe.router.run(call());
    const [{ estimatedMicroUsd: _ } = { estimatedMicroUsd: 0 }] = await probe.store.settled();
    const bodyBytes = Buffer.byteLength(JSON.stringify(a.seen[0]?.body));
    const worst = Math.ceil(bodyBytes / 2) + 100 * 10;
    // No usage, so that nothing is given back.
    a.change({ behaviour: { usage: false, delayMs: 5 } });
    const { router, store } = routing({
      gateways: { one: at(a, { queue: 1000 }) },
      classes: { commodity: oneTarget },
      budgets: [{ key: 'demo', class: 'commodity', window: 'total', maxUsd: (worst * 50 + worst / 2) / 1e6 }],
      prices,
    });
    const outcomes = await Promise.all(Array.from({ length: 200 }, () => router.run(call())));
    expect(outcomes.filter(({ kind }) => kind === 'answered')).toHaveLength(50);
    expect(a.count.requests).toBe(1 + 50);
    await store.settled();
    expect([...store.budgets.values()]).toEqual([{ reservedMicroUsd: 0, spentMicroUsd: worst * 50 }]);
  });

  test('a full one says which it was and when it resets', async () => {
    const a = await gateway();
    const budgets = [{ class: 'commodity', window: 'day' as const, maxUsd: 0.000001 }];
    const { router } = routing({ gateways: { one: at(a) }, classes: { commodity: oneTarget }, budgets, prices });
    const outcome = unanswered(await router.run(call()));
    expect(outcome).toMatchObject({ code: 'budget_exceeded', status: 402, isTransient: false });
    expect(outcome.resetsAt).toBe(Math.ceil((Date.now() + 1) / 86_400_000) * 86_400_000);
    expect(outcome.message).toContain('class commodity (window day)');
    expect(a.count.requests).toBe(0);
  });

  test('of another key or class do not count', async () => {
    const a = await gateway();
    const budgets = [
      { key: 'other', window: 'day' as const, maxUsd: 0 },
      { class: 'precious', window: 'day' as const, maxUsd: 0 },
    ];
    const { router } = routing({ gateways: { one: at(a) }, classes: { commodity: oneTarget }, budgets, prices });
    answered(await router.run(call()));
  });

  test('without a known price nothing is sent, unless the class says so', async () => {
    const a = await gateway();
    const budgets = [{ window: 'day' as const, maxUsd: 1 }];
    const classes = { commodity: oneTarget, lax: { ...oneTarget, unknownPrice: 'allow' as const } };
    const { router, store } = routing({ gateways: { one: at(a) }, classes, budgets });
    expect(unanswered(await router.run(call()))).toMatchObject({ code: 'price_unknown', isTransient: false });
    answered(await router.run(call({ promptClass: 'lax' })));
    expect(a.count.requests).toBe(1);
    expect(await store.settled()).toMatchObject([{ costMicroUsd: undefined, costSource: 'unknown' }]);
  });

  test('a call that may cost more than maxUsdPerCall is not made; a cheaper target may make it', async () => {
    const { a, b, targets, gateways } = await pair();
    const classes = { commodity: { targets: targets.slice().reverse(), maxUsdPerCall: 0.0015 } };
    const { router } = routing({ gateways, classes, prices });
    expect(answered(await router.run(call())).gateway).toBe('one');
    expect(unanswered(await router.run(call({ llm: { maxTokens: 1000 } })))).toMatchObject({ code: 'too_expensive' });
    expect([a.count.requests, b.count.requests]).toEqual([1, 0]);
  });

  test('a store that takes no reservation: no call is made', async () => {
    const { a, b, targets, gateways } = await pair();
    const { router, store } = routing({ gateways, classes: { commodity: { targets } } });
    store.fails.reserve = true;
    expect(unanswered(await router.run(call()))).toMatchObject({
      code: 'store_unavailable',
      status: 503,
      isTransient: true,
    });
    expect([a.count.requests, b.count.requests]).toEqual([0, 0]);
  });

  test('a store that takes no settlement: the answer is given, and it is settled when the store is back', async () => {
    const { targets, gateways } = await pair();
    const { router, store } = routing({ gateways, classes: { commodity: { targets } }, prices });
    store.fails.settle = true;
    answered(await router.run(call({ kind: 'task' })));
    expect([...store.rows.values()]).toMatchObject([{ outcome: 'pending' }]);
    store.fails.settle = false;
    expect(await store.settled()).toMatchObject([{ outcome: 'ok' }]);
  });
});

describe('complaints about other gateways', () => {
  test('1: the budget is checked for the fallback that really runs, not for the model that was asked for', async () => {
    const { b, targets, gateways } = await pair({ behaviour: { status: 503 } });
    const config = { gateways, classes: { commodity: { targets } } };
    // Enough for the first model, not for the second.
    const budgets = [{ window: 'day' as const, maxUsd: 0.0015 }];
    const { router } = routing({ ...config, budgets, prices });
    const outcome = unanswered(await router.run(call()));
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
    expect(bodies).toHaveLength(4);
    for (const provider of bodies)
      expect(provider).toMatchObject({ data_collection: 'deny', zdr: true, only: ['acme'], allow_fallbacks: false });
  });

  test('4: regulated text stays on direct targets, or nowhere', async () => {
    const { a, b, targets, gateways } = await pair();
    const direct = { ...gateways, two: at(b, { profile: 'openai' }) };
    const { router, store } = routing({ gateways: direct, classes: { commodity: { targets } } });
    expect(answered(await router.run(call({ dataClass: 'regulated' }))).gateway).toBe('two');
    expect((await store.settled())[0]).toMatchObject({ path: 'direct', dataClass: 'regulated' });
    b.change({ behaviour: { status: 503 } });
    expect(unanswered(await router.run(call({ dataClass: 'regulated' }))).code).toBe('upstream_failed');
    const { router: routed } = routing({ gateways, classes: { commodity: { targets } } });
    expect(unanswered(await routed.run(call({ dataClass: 'regulated' })))).toMatchObject({ code: 'policy_refused' });
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

describe('streams', () => {
  const stream = (more: Parameters<typeof call>[0] = {}) => call({ ...more, llm: { isStreamed: true, ...more.llm } });

  test('flow to the client as they come, and end with [DONE]', async () => {
    const { targets, gateways } = await pair({ behaviour: { everyMs: 5, pieces: 4 } });
    const { router, store } = routing({ gateways, classes: { commodity: { targets } }, prices });
    const sink = collector();
    const outcome = answered(await router.run(stream(), sink));
    expect(sink.heads).toEqual([{ gateway: 'one', model: 'first', attempt: outcome.attempt }]);
    expect(sink.text().match(/^data: /gm)).toHaveLength(4 + 1 + 1);
    expect(sink.text()).toMatch(/data: \[DONE\]\n\n$/);
    expect(outcome).toMatchObject({ text: 'A scripted answer.', finish: 'stop', completion: {} });
    const [row] = await store.settled();
    expect(row).toMatchObject({ usage: { inputTokens: 10 }, costMicroUsd: 60, outcome: 'ok' });
    expect(row?.firstTokenMs).toBeLessThan(row?.latencyMs ?? 0);
  });

  test('that fail before their first byte go on elsewhere; the client sees one answer', async () => {
    const { targets, gateways } = await pair({ behaviour: { errorAfter: 0 } });
    const { router, store } = routing({ gateways, classes: { commodity: { targets } } });
    const sink = collector();
    expect(answered(await router.run(stream(), sink)).gateway).toBe('two');
    expect(sink.heads).toHaveLength(1);
    expect((await store.settled()).map(({ outcome }) => outcome)).toEqual(['unavailable', 'ok']);
  });

  test('that break off after it go nowhere else, and are charged', async () => {
    for (const behaviour of [
      { breakAfter: 2, everyMs: 30 },
      { errorAfter: 2, everyMs: 30 },
    ]) {
      const { b, targets, gateways } = await pair({ behaviour });
      const { router, store } = routing({ gateways, classes: { commodity: { targets } }, prices });
      const sink = collector();
      expect(unanswered(await router.run(stream(), sink))).toMatchObject({
        code: 'upstream_failed',
        isTransient: true,
      });
      expect(sink.text()).toContain('A scri');
      expect(sink.text()).not.toContain('[DONE]');
      expect(b.count.requests).toBe(0);
      expect(await store.settled()).toMatchObject([{ outcome: 'broken_off', isFlagged: true, served: 'first' }]);
    }
  });

  test('whose client leaves are cancelled at the gateway and charged', async () => {
    const { a, targets, gateways } = await pair({ behaviour: { everyMs: 20, pieces: 18 } });
    const { router, store } = routing({ gateways, classes: { commodity: { targets } }, prices });
    const client = new AbortController();
    const sink = collector();
    const outcome = router.run(stream({ signal: client.signal }), sink);
    await until(() => sink.text().includes('scripted'.slice(0, 1)));
    client.abort();
    expect(unanswered(await outcome).code).toBe('cancelled');
    await until(() => a.count.cancelled === 1);
    expect(await store.settled()).toMatchObject([{ outcome: 'cancelled', isFlagged: true }]);
  });
});

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

  test('asks nobody else when the first is quick, or when a stream is wanted', async () => {
    const { b, targets, gateways } = await pair();
    const { router } = routing({ gateways, classes: { commodity: { targets, hedgeMs: 2000 } } });
    answered(await router.run(call()));
    const { router: eager } = routing({ gateways, classes: { commodity: { targets, hedgeMs: 1 } } });
    answered(await eager.run(call({ llm: { isStreamed: true } }), collector()));
    expect(b.count.requests).toBe(0);
  });

  test('goes on with the rest when both fail', async () => {
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

describe('the stand-in', () => {
  const rehearsal = { promptClass: 'rehearsal', isRehearsal: true } as const;

  test('answers rehearsals where no gateway is configured, free of charge and marked', async () => {
    const a = await gateway();
    const url = a.baseUrl.replace(/^http/, 'ws').replace('/v1', '');
    const budgets = [{ window: 'day' as const, maxUsd: 0 }];
    const { router, store } = routing({ budgets }, { standIn: true, standInUrl: () => url });
    expect(answered(await router.run(call({ ...rehearsal, dataClass: 'regulated' })))).toMatchObject({
      gateway: 'rehearsal',
      isRehearsal: true,
    });
    expect(a.seen[0]?.path).toBe('/v1/chat/completions');
    expect(await store.settled()).toMatchObject([
      { isRehearsal: true, costMicroUsd: 0, costSource: 'reported', path: 'direct', usage: { inputTokens: 10 } },
    ]);
    expect(answered(await router.run(call({ promptClass: 'rehearsal', model: 'gpt-5' }))).isRehearsal).toBe(true);
  });

  test('makes up nothing for real sessions', async () => {
    const { router } = routing({}, { standIn: true, standInUrl: () => 'http://127.0.0.1:9' });
    const outcome = await router.run(call({ promptClass: 'rehearsal', kind: 'task' }));
    expect(unanswered(outcome)).toMatchObject({ code: 'no_gateway' });
  });

  test('that is not there yet is asked again later', async () => {
    const { router } = routing({}, { standIn: true });
    expect(unanswered(await router.run(call(rehearsal)))).toMatchObject({ code: 'no_gateway', isTransient: true });
  });
});

test('closing writes down what is not settled yet', async () => {
  const { targets, gateways } = await pair();
  const { router, store } = routing({ gateways, classes: { commodity: { targets } } });
  await router.run(call());
  await router.close();
  expect([...store.rows.values()]).toMatchObject([{ outcome: 'ok' }]);
  await delay(1);
});
