// Cheap first, strong on failure: which answers go to the next target, and what is given and noted then.

import { describe, expect, test } from 'vitest';
import { ask } from '../../../../../server/side/tasks/ask.ts';
import { answered, call, collector, failed, pair, routing } from '../../../../support/routing.ts';

const prices = { first: { input: 1, output: 10 }, second: { input: 10, output: 100 } };
const schema = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
};
const format = { response_format: { type: 'json_schema', json_schema: { name: 'place', schema } } };
const inForm = (llm: object = {}) => call({ llm: { extra: format, ...llm } });
const escalate = { on: ['misfit' as const, 'refusal' as const, 'length' as const] };

async function escalating(one: object, two: object, more: object = {}) {
  const { a, b, targets, gateways } = await pair({ behaviour: one }, { behaviour: two });
  const routed = routing({ gateways, classes: { commodity: { targets, escalate, ...more } }, prices });
  const rows = async () =>
    (await routed.store.settled()).map(({ outcome, why, costMicroUsd }) => [outcome, why, costMicroUsd]);
  return { a, b, ...routed, rows };
}

describe('an answer of a class that escalates', () => {
  test('goes to the next target if it does not fit its schema, and both are priced and noted', async () => {
    const { router, rows } = await escalating({ text: '{"town":"Oslo"}' }, { text: '{"city":"Oslo"}' });
    expect(answered(await router.run(inForm()))).toMatchObject({
      gateway: 'two',
      text: '{"city":"Oslo"}',
      verdict: undefined,
    });
    expect(await rows()).toEqual([
      ['misfit', 'first of 2 targets', 60],
      ['ok', 'after one/first answered: misfit', 600],
    ]);
  });

  test('that was asked for as Responses or Messages is judged alike, and a refusal in words is one', async () => {
    const native = {
      form: 'responses' as const,
      body: { model: 'm', input: 'Where?', text: { format: { type: 'json_schema', name: 'place', schema } } },
    };
    const { router } = await escalating({ text: 'Oslo' }, { text: '{"city":"Oslo"}' });
    expect(answered(await router.run(inForm({ native }))).gateway).toBe('two');
    const message = { role: 'assistant', content: null, refusal: 'I cannot help with that.' };
    const body = JSON.stringify({ choices: [{ message, finish_reason: 'stop' }] });
    const refusing = await escalating({ body }, {});
    expect(answered(await refusing.router.run(call())).gateway).toBe('two');
    expect((await refusing.rows())[0]?.[0]).toBe('refusal');
  });

  test('stays where it fits, where no form was asked for, and where tools are called', async () => {
    const { b, router } = await escalating({ text: '{"city":"Oslo"}' }, {});
    answered(await router.run(inForm()));
    const plain = await escalating({ text: 'Oslo' }, {});
    answered(await plain.router.run(call()));
    const tools = await escalating({ text: '', finish: 'tool_calls' }, {});
    answered(await tools.router.run(inForm()));
    expect([b, plain.b, tools.b].map(({ count }) => count.requests)).toEqual([0, 0, 0]);
  });

  test('that is refused or cut at its limit goes on as well, if the class says so', async () => {
    for (const [finish, outcome] of [
      ['content_filter', 'refusal'],
      ['length', 'length'],
    ] as const) {
      const { router, rows } = await escalating({ finish }, {});
      expect(answered(await router.run(call())).gateway).toBe('two');
      expect((await rows()).map(([of]) => of)).toEqual([outcome, 'ok']);
      const { router: other } = await escalating({ finish }, {}, { escalate: { on: ['misfit'] } });
      expect(answered(await other.run(call())).gateway).toBe('one');
    }
  });

  test('is the best that there was if no target has a good one, and says so', async () => {
    const { router, rows } = await escalating({ text: '{"city":"Os', finish: 'length' }, { text: 'Oslo' });
    expect(answered(await router.run(inForm()))).toMatchObject({ gateway: 'one', verdict: 'length' });
    expect((await rows()).map(([outcome]) => outcome)).toEqual(['length', 'misfit']);
    const broken = await escalating({ text: 'Oslo' }, { status: 503 });
    expect(answered(await broken.router.run(inForm()))).toMatchObject({
      gateway: 'one',
      text: 'Oslo',
      verdict: 'misfit',
    });
  });

  test('is given as it is where the budget has no room for the next target', async () => {
    const { a, b, targets, gateways } = await pair({ behaviour: { text: 'Oslo' } });
    const budgets = [{ window: 'day' as const, maxUsd: 0.005 }];
    const { router } = routing({ gateways, classes: { commodity: { targets, escalate } }, prices, budgets });
    expect(answered(await router.run(inForm()))).toMatchObject({ gateway: 'one', verdict: 'misfit' });
    expect([a.count.requests, b.count.requests]).toEqual([1, 0]);
  });

  test('that is streamed stays where it is, and a failure is a failure', async () => {
    const { b, router } = await escalating({ text: 'Oslo' }, {});
    answered(await router.run(inForm({ isStreamed: true }), collector()));
    expect(b.count.requests).toBe(0);
    const broken = await escalating({ status: 503 }, { status: 503 });
    expect(failed(await broken.router.run(inForm())).code).toBe('upstream_failed');
  });

  test('with a schema that cannot be checked has to be JSON alone', async () => {
    const odd = { response_format: { type: 'json_schema', json_schema: { name: 'x', schema: { type: 'strange' } } } };
    const { router } = await escalating({ text: '[1]' }, {});
    expect(answered(await router.run(inForm({ extra: odd }))).gateway).toBe('one');
    const { router: other } = await escalating({ text: 'no' }, { text: '[1]' });
    expect(answered(await other.run(inForm({ extra: odd }))).gateway).toBe('two');
  });
});

test('a task whose class escalates asks the next target instead of repairing the answer of the first', async () => {
  const kind = {
    ...{ name: 'place', system: 'Say where.', schema, strip: (value: unknown) => value },
    check: (value: unknown) =>
      typeof (value as { city?: unknown }).city === 'string' ? undefined : 'a city is missing',
  };
  const { llm: _, ...given } = call({ kind: 'task' });
  const options = { kind, input: { turns: [], isWhole: true } as never, call: { ...given, maxTokens: 100 } };
  const { a, b, router, rows } = await escalating({ text: 'Oslo' }, { text: 'It is {"city":"Oslo"}.' });
  expect(await ask(router, options)).toMatchObject({ kind: 'valid', value: { city: 'Oslo' }, quality: 'valid' });
  expect((await rows()).map(([outcome]) => outcome)).toEqual(['misfit', 'ok']);
  b.change({ behaviour: { text: 'Bergen' } });
  expect(await ask(router, options)).toMatchObject({ kind: 'invalid', quality: 'failed' });
  expect([a.count.requests, b.count.requests]).toEqual([2, 2]);
});
