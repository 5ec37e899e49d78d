// Limits of an attempt in money and time: budgets, prices, slots, deadlines.

import { describe, expect, test } from 'vitest';
import { maxPromptTokens } from '../../../../../server/side/billing/prompt-tokens.ts';
import { openStore } from '../../../../../server/side/store/open.ts';
import type { LlmSeen } from '../../../../support/llm-gateway.ts';
import { answered, at, call, failed, gateway, pair, routing } from '../../../../support/routing.ts';
import { temporaryFolder } from '../../../../support/temporary-folder.ts';
import { until } from '../../../../support/until.ts';

const prices = { first: { input: 1, output: 10 }, second: { input: 2, output: 20 } };

describe('limits', () => {
  test('the slots and the queue of a gateway are bounded', async () => {
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
    const outcome = failed(await router.run(call({ deadline: performance.now() + 50 })));
    expect(outcome).toMatchObject({ code: 'upstream_timeout', status: 504, isTransient: true });
    expect(b.count.requests).toBe(0);
  });

  test('a deadline also ends the wait for a slot, and nothing is charged', async () => {
    const { a, targets } = await pair({ behaviour: { hang: 'idle' } });
    const one = at(a, { concurrency: 1 });
    const { router, store } = routing({
      gateways: { one },
      classes: { commodity: { targets: targets.slice(0, 1), timeoutMs: 400 } },
      prices,
    });
    const first = router.run(call());
    await until(() => a.count.open === 1);
    const outcome = failed(await router.run(call({ deadline: performance.now() + 30 })));
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
    expect(failed(await outcome).code).toBe('cancelled');
    await until(() => a.count.cancelled === 1);
    expect(await store.settled()).toMatchObject([{ outcome: 'cancelled', isFlagged: true }]);
  });
});

describe('budgets', () => {
  const oneTarget = { targets: [{ gateway: 'one', model: 'first' }] };

  /** Makes a budget for 50 calls whose usage is not reported, so that nothing of a reservation is given back. */
  async function forFifty() {
    const a = await gateway({ behaviour: { usage: false, delayMs: 5 } });
    const probe = routing({ gateways: { one: at(a) }, classes: { commodity: oneTarget }, prices });
    await probe.router.run(call());
    const { body } = a.seen[0] as LlmSeen;
    const worst = maxPromptTokens(JSON.stringify(body), call().llm, body.model).tokens + 100 * 10;
    const maxUsd = (worst * 50 + worst / 2) / 1e6;
    const written = {
      gateways: { one: at(a, { queue: 1000 }) },
      classes: { commodity: oneTarget },
      budgets: [{ key: 'demo', class: 'commodity', window: 'total' as const, maxUsd }],
      prices,
    };
    return { a, written, worst };
  }

  test('200 calls at once against a budget for 50: exactly 50 reach the gateway', async () => {
    const { a, written, worst } = await forFifty();
    const { router, store } = routing(written);
    const outcomes = await Promise.all(Array.from({ length: 200 }, () => router.run(call())));
    expect(outcomes.filter(({ kind }) => kind === 'answered')).toHaveLength(50);
    expect(a.count.requests).toBe(1 + 50);
    await store.settled();
    expect([...store.budgets.values()]).toEqual([{ reservedMicroUsd: 0, spentMicroUsd: worst * 50 }]);
  });

  test('200 calls at once against a budget for 50, on SQLite: exactly 50 reach the gateway and the ledger', async () => {
    const { a, written, worst } = await forFifty();
    const store = await openStore({ url: 'sqlite', dataDirectory: temporaryFolder('attempt') });
    const { router } = routing(written, { store });
    const outcomes = await Promise.all(Array.from({ length: 200 }, () => router.run(call())));
    expect(outcomes.filter(({ kind }) => kind === 'answered')).toHaveLength(50);
    expect(a.count.requests).toBe(1 + 50);
    await router.close();
    expect(await store.budgetUse('demo|commodity|total|0')).toEqual({ reservedMicroUsd: 0, spentMicroUsd: worst * 50 });
    const rows = await store.ledger({ limit: 1000 });
    expect(rows.map(({ outcome, isFlagged }) => [outcome, isFlagged])).toEqual(Array(50).fill(['ok', true]));
    await store.close();
  });

  test('the failure of an exhausted budget names it and says when it resets', async () => {
    const a = await gateway();
    const budgets = [{ class: 'commodity', window: 'day' as const, maxUsd: 0.000001 }];
    const { router } = routing({ gateways: { one: at(a) }, classes: { commodity: oneTarget }, budgets, prices });
    const outcome = failed(await router.run(call()));
    expect(outcome).toMatchObject({ code: 'budget_exceeded', status: 402, isTransient: false });
    expect(outcome.resetsAt).toBe(Math.ceil((Date.now() + 1) / 86_400_000) * 86_400_000);
    expect(outcome.message).toContain('class commodity (window day)');
    expect(a.count.requests).toBe(0);
  });

  test('budgets of another key or class do not count', async () => {
    const a = await gateway();
    const budgets = [
      { key: 'other', window: 'day' as const, maxUsd: 0 },
      { class: 'precious', window: 'day' as const, maxUsd: 0 },
    ];
    const { router } = routing({ gateways: { one: at(a) }, classes: { commodity: oneTarget }, budgets, prices });
    answered(await router.run(call()));
  });

  test('usage of a kind without a price is charged at the reservation, and flagged', async () => {
    const audio = { prompt_tokens: 10, completion_tokens: 5, prompt_tokens_details: { audio_tokens: 8 } };
    const a = await gateway({ behaviour: { usage: audio } });
    const budgets = [{ key: 'demo', window: 'total' as const, maxUsd: 1 }];
    const { router, store } = routing({ gateways: { one: at(a) }, classes: { commodity: oneTarget }, budgets, prices });
    answered(await router.run(call()));
    const [row] = await store.settled();
    expect(row).toMatchObject({ outcome: 'ok', costSource: 'estimated', isFlagged: true });
    expect(row?.costMicroUsd).toBeGreaterThanOrEqual(1000);
  });

  test('nothing is sent at an unknown price, unless the class allows it', async () => {
    const a = await gateway();
    const budgets = [{ window: 'day' as const, maxUsd: 1 }];
    const classes = { commodity: oneTarget, lax: { ...oneTarget, unknownPrice: 'allow' as const } };
    const { router, store } = routing({ gateways: { one: at(a) }, classes, budgets });
    expect(failed(await router.run(call()))).toMatchObject({ code: 'price_unknown', isTransient: false });
    answered(await router.run(call({ promptClass: 'lax' })));
    expect(a.count.requests).toBe(1);
    expect(await store.settled()).toMatchObject([{ costMicroUsd: undefined, costSource: 'unknown' }]);
  });

  test('a call that may cost more than maxUsdPerCall is not made; a cheaper target may make it', async () => {
    const { a, b, targets, gateways } = await pair();
    const classes = { commodity: { targets: targets.slice().reverse(), maxUsdPerCall: 0.0015 } };
    const { router } = routing({ gateways, classes, prices });
    expect(answered(await router.run(call())).gateway).toBe('one');
    expect(failed(await router.run(call({ llm: { maxTokens: 1000 } })))).toMatchObject({ code: 'too_expensive' });
    expect([a.count.requests, b.count.requests]).toEqual([1, 0]);
  });

  test('no call is made when the store takes no reservation', async () => {
    const { a, b, targets, gateways } = await pair();
    const { router, store } = routing({ gateways, classes: { commodity: { targets } } });
    store.fails.reserve = true;
    expect(failed(await router.run(call()))).toMatchObject({
      code: 'store_full',
      status: 503,
      isTransient: true,
    });
    expect([a.count.requests, b.count.requests]).toEqual([0, 0]);
  });

  test('the answer is given when the store takes no settlement, and is settled when the store is back', async () => {
    const { targets, gateways } = await pair();
    const { router, store } = routing({ gateways, classes: { commodity: { targets } }, prices });
    store.fails.settle = true;
    answered(await router.run(call({ kind: 'task' })));
    expect([...store.rows.values()]).toMatchObject([{ outcome: 'pending' }]);
    store.fails.settle = false;
    expect(await store.settled()).toMatchObject([{ outcome: 'ok' }]);
  });
});

describe('what is told of an attempt', () => {
  test.each([{ status: 503 }, {}])('loses no settlement when whoever is told of it throws: %o', async (behaviour) => {
    const { targets, gateways } = await pair({ behaviour });
    const onAttempt = () => {
      throw new Error('scripted');
    };
    const { router, store } = routing(
      { gateways, classes: { commodity: { targets: targets.slice(0, 1) } }, prices },
      { onAttempt },
    );
    const { kind } = await router.run(call());
    expect(await store.settled()).toMatchObject([{ outcome: kind === 'failed' ? 'unavailable' : 'ok' }]);
  });
});
