// Answers that are scored before they are given, by a class of its own.

import { expect, test } from 'vitest';
import type { SideConfig } from '../../../../../server/config/side-schema.ts';
import { answered, at, call, gateway, pair, routing } from '../../../../support/routing.ts';

const prices = { first: { input: 1, output: 10 }, second: { input: 10, output: 100 }, judge: { input: 1, output: 1 } };
const escalate = {
  on: ['low-score' as const],
  scorer: { class: 'scoring', below: 0.6, rubric: 'Names of cities count.' },
};

async function scored(score: string, more: object = {}, budgets: Partial<SideConfig>['budgets'] = []) {
  const { a, b, targets, gateways } = await pair({ behaviour: { text: 'No idea.' } }, { behaviour: { text: 'Oslo.' } });
  const judge = await gateway({
    script: ({ body }) =>
      JSON.stringify(body).includes('No idea.') ? { text: score, ...more } : { text: '{"score":0.9}' },
  });
  const scoring = { targets: [{ gateway: 'scorer', model: 'judge' }] };
  const routed = routing({
    gateways: { ...gateways, scorer: at(judge) },
    classes: { commodity: { targets, escalate }, scoring },
    ...{ prices, budgets: [...budgets] },
  });
  return { a, b, judge, ...routed };
}

test('an answer of a low score goes to the next target, and what scored it is a call of its own class in the ledger', async () => {
  const { judge, router, store } = await scored('{"score":0.2}');
  expect(answered(await router.run(call()))).toMatchObject({ gateway: 'two', text: 'Oslo.', verdict: undefined });
  const rows = await store.settled();
  expect(rows.map(({ promptClass, gateway: name, outcome }) => [promptClass, name, outcome])).toEqual([
    ['commodity', 'one', 'low-score'],
    ['scoring', 'scorer', 'ok'],
    ['commodity', 'two', 'ok'],
    ['scoring', 'scorer', 'ok'],
  ]);
  expect(rows.every(({ costMicroUsd = 0 }) => costMicroUsd > 0)).toBe(true);
  const [{ body }] = judge.seen as [(typeof judge.seen)[number]];
  expect(body.messages[0].content).toContain('Names of cities count.');
  expect(body.messages[1].content).toContain('What was said?');
});

test('a score that does not come, or makes no sense, sends no answer on', async () => {
  for (const [text, more] of [
    ['very good', {}],
    ['{"score":7}', {}],
    ['{"score":"0.1"}', {}],
    ['{}', { status: 503 }],
  ] as const) {
    const { b, router } = await scored(text, more);
    expect(answered(await router.run(call()))).toMatchObject({ gateway: 'one', verdict: undefined });
    expect(b.count.requests).toBe(0);
  }
});

test('scoring is under the budget of its class, and regulated text is scored by nobody who may not have it', async () => {
  const spent = await scored('{"score":0.2}', {}, [{ class: 'scoring', window: 'day', maxUsd: 0 }]);
  expect(answered(await spent.router.run(call())).gateway).toBe('one');
  expect(spent.judge.count.requests).toBe(0);
  const { a, targets } = await pair({ behaviour: { text: 'No idea.' } });
  const judge = await gateway();
  const { router } = routing({
    gateways: { one: at(a, { path: 'direct' }), scorer: at(judge) },
    classes: {
      commodity: { targets: targets.slice(0, 1), escalate },
      scoring: { targets: [{ gateway: 'scorer', model: 'judge' }] },
    },
  });
  expect(answered(await router.run(call({ dataClass: 'regulated' }))).text).toBe('No idea.');
  expect(judge.count.requests).toBe(0);
});

test('a client that leaves while its answer is scored ends the scoring, and the answer is settled as it is', async () => {
  const leaving = new AbortController();
  const { judge, router, store } = await scored('{}', { hang: 'lost' });
  const running = router.run(call({ signal: leaving.signal }));
  await expect.poll(() => judge.count.requests, { timeout: 20_000 }).toBe(1);
  leaving.abort();
  expect(answered(await running)).toMatchObject({ gateway: 'one', verdict: undefined });
  expect((await store.settled()).map(({ outcome }) => outcome)).toEqual(['ok', 'cancelled']);
});
