// Tests what calls of a class that escalates saved against its strong target, over scripted LLM gateways.

import { expect, test } from 'vitest';
import type { LlmBehaviour } from '../../../../support/llm-gateway.ts';
import { answered, at, call, collector, gateway, pair, routing } from '../../../../support/routing.ts';

const prices = { first: { input: 1, output: 10 }, second: { input: 10, output: 100 } };
const schema = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
};
const wanted = { extra: { response_format: { type: 'json_schema', json_schema: { name: 'city', schema } } } };
const right = { text: '{"city":"Oslo"}' };
const wrong = { text: 'Oslo.' };

interface Escalating {
  readonly one: LlmBehaviour;
  readonly two?: LlmBehaviour;
  readonly escalate?:
    | { readonly on: ('misfit' | 'low-score')[]; readonly scorer?: { readonly class: string } }
    | undefined;
  readonly priced?: Record<string, { input: number; output: number }>;
}

async function escalating({ one, two = right, escalate = { on: ['misfit'] }, priced = prices }: Escalating) {
  const { targets, gateways } = await pair({ behaviour: one }, { behaviour: two });
  const judge = await gateway({ behaviour: { text: '{"score":0.9}' } });
  const scoring = { targets: [{ gateway: 'scorer', model: 'first' }] };
  return routing({
    gateways: { ...gateways, scorer: at(judge) },
    classes: { commodity: { targets, escalate }, scoring },
    prices: priced,
  });
}

type Routed = Awaited<ReturnType<typeof escalating>>;

// 10 tokens in and 5 out are 60 micro-USD at the first target, and 600 at the second.
const savedOf = async ({ store }: Routed) =>
  (await store.settled()).map(({ costMicroUsd, savedMicroUsd }) => [costMicroUsd, savedMicroUsd]);

test('an answer of the first target saved what its tokens would have cost at the last one, less its cost', async () => {
  const routed = await escalating({ one: right });
  await routed.router.run(call({ llm: wanted }));
  expect(await savedOf(routed)).toEqual([[60, 540]]);
});

test('a call that went on to the last target saved less than nothing: the sum of its rows is what the first attempt cost', async () => {
  const routed = await escalating({ one: wrong });
  await routed.router.run(call({ llm: wanted }));
  expect(await savedOf(routed)).toEqual([
    [60, -60],
    [600, 0],
  ]);
});

test('where no target has a good answer the sum is the same, whichever answer is given', async () => {
  const routed = await escalating({ one: wrong, two: wrong });
  expect(answered(await routed.router.run(call({ llm: wanted }))).verdict).toBe('misfit');
  expect(await savedOf(routed)).toEqual([
    [60, -60],
    [600, 0],
  ]);
});

test('a target that did not answer cost nothing, and saved nothing', async () => {
  const routed = await escalating({ one: { status: 503 } });
  await routed.router.run(call({ llm: wanted }));
  expect((await savedOf(routed)).at(-1)).toEqual([600, 0]);
  expect((await savedOf(routed)).slice(0, -1).every(([cost, saved]) => cost === 0 && saved === 0)).toBe(true);
});

test('what scored an answer comes off what it saved', async () => {
  const routed = await escalating({ one: right, escalate: { on: ['low-score'], scorer: { class: 'scoring' } } });
  await routed.router.run(call({ llm: wanted }));
  const rows = await routed.store.settled();
  expect(rows.map(({ promptClass, savedMicroUsd }) => [promptClass, savedMicroUsd])).toEqual([
    ['commodity', 540],
    ['scoring', -60],
  ]);
});

test('nothing is said of a stream, of a call whose client named the model, of a class that does not escalate, and of prices that are not known', async () => {
  const routed = await escalating({ one: right });
  await routed.router.run(call({ llm: { ...wanted, isStreamed: true } }), collector());
  await routed.router.run(call({ llm: wanted, model: 'first' }));
  expect((await savedOf(routed)).map(([, saved]) => saved)).toEqual([undefined, undefined]);
  const { first } = prices;
  const unpriced = await escalating({ one: right, priced: { first } });
  await unpriced.router.run(call({ llm: wanted }));
  expect((await savedOf(unpriced)).map(([, saved]) => saved)).toEqual([undefined]);
  const { targets, gateways } = await pair({ behaviour: right });
  const plain = routing({ gateways, classes: { commodity: { targets } }, prices });
  await plain.router.run(call());
  expect(await savedOf(plain)).toEqual([[60, undefined]]);
});
