// Calls whose class is chosen by how hard they are, by rules and by the verdict of a small model, over scripted LLM gateways.

import { expect, test } from 'vitest';
import type { z } from 'zod';
import type { LlmCall } from '../../../../../adapters/llm/contract.ts';
import type { difficultySchema } from '../../../../../server/config/side/difficulty-schema.ts';
import type { Call } from '../../../../../server/side/llm/call.ts';
import { difficultyStep } from '../../../../../server/side/llm/steps/difficulty.ts';
import type { LlmBehaviour, LlmGatewayOptions } from '../../../../support/llm-gateway.ts';
import { answered, at, call, collector, failed, gateway } from '../../../../support/routing.ts';
import { startSideHttp } from '../../../../support/side-http.ts';
import { stepped } from '../../../../support/stepped.ts';

type Difficulty = z.input<typeof difficultySchema>;

const prices = {
  own: { input: 1, output: 1 },
  small: { input: 1, output: 10 },
  large: { input: 10, output: 100 },
  judge: { input: 1, output: 1 },
};
const tools = [{ type: 'function', function: { name: 'look', parameters: { type: 'object', properties: {} } } }];

interface Hard {
  readonly difficulty: Difficulty;
  /** Answer of the small model. */
  readonly judged?: LlmBehaviour;
  readonly script?: LlmGatewayOptions['script'];
  readonly budgets?: { readonly class: string; readonly window: 'day'; readonly maxUsd: number }[];
  readonly isDirect?: boolean;
}

async function hard({ difficulty, judged = { text: '{"verdict":"easy"}' }, script, budgets = [], isDirect }: Hard) {
  const [serving, judge] = [await gateway(script && { script }), await gateway({ behaviour: judged })];
  const written = {
    gateways: { one: at(serving, isDirect ? { path: 'direct' } : {}), two: at(judge) },
    classes: {
      assistant: { targets: [{ gateway: 'one', model: 'own' }], difficulty },
      cheap: { targets: [{ gateway: 'one', model: 'small' }] },
      strong: { targets: [{ gateway: 'one', model: 'large' }] },
      sorter: { targets: [{ gateway: 'two', model: 'judge' }] },
    },
    ...{ prices, budgets },
  };
  const routed = stepped([difficultyStep], written);
  const served = async (more: Partial<Omit<Call, 'llm'>> & { readonly llm?: Partial<LlmCall> } = {}) => {
    const { served: model, difficulty: words } = answered(
      await routed.router.run(call({ promptClass: 'assistant', ...more })),
    );
    return [model, words];
  };
  return { ...routed, written, serving, judge, served };
}

const byModel: Difficulty = {
  model: { class: 'sorter', verdicts: { easy: 'cheap', hard: 'strong' }, rubric: 'Contracts are hard.' },
  default: 'cheap',
  strongest: 'strong',
};
const saying = (content: unknown) => ({ llm: { messages: [{ role: 'user', content }] } });

test('the first rule that fits chooses the class, and a call that none fits stays in its own where no default is named', async () => {
  const { served, store } = await hard({
    difficulty: {
      rules: [
        { when: { tools: true }, class: 'strong' },
        { when: { minChars: 40, maxChars: 50 }, class: 'strong' },
        { when: { kind: 'task' }, class: 'cheap' },
        { when: { script: ['Han', 'Hiragana'], tools: false }, class: 'cheap' },
      ],
    },
  });
  expect(await served({ llm: { extra: { tools } } })).toEqual(['large', 'assistant -> strong: rule 1 (tools)']);
  expect(await served({ llm: { extra: { tools: [] } } })).toEqual(['own', 'assistant -> assistant: default']);
  expect(await served(saying('x'.repeat(39)))).toEqual(['own', 'assistant -> assistant: default']);
  const parts = [{ type: 'text', text: 'x'.repeat(20) }, { type: 'image_url' }, { type: 'text', text: 'x'.repeat(18) }];
  expect(await served(saying(parts))).toEqual(['large', 'assistant -> strong: rule 2 (minChars, maxChars)']);
  expect(await served({ kind: 'task' })).toEqual(['small', 'assistant -> cheap: rule 3 (kind)']);
  expect(await served(saying('请用 TypeScript 写一个排序函数'))).toEqual([
    'small',
    'assistant -> cheap: rule 4 (tools, script)',
  ]);
  expect(await served(saying('How is the word 猫 read, and which other readings does it have?'))).toEqual([
    'own',
    'assistant -> assistant: default',
  ]);
  const rows = await store.settled();
  expect(rows.map(({ promptClass }) => promptClass).slice(0, 3)).toEqual(['strong', 'assistant', 'assistant']);
  expect(rows[0]).toMatchObject({ difficulty: 'assistant -> strong: rule 1 (tools)', isFlagged: false });
});

test('a client that names a model, and a form that only that model answers, are not judged', async () => {
  const { router, served, serving } = await hard({
    difficulty: { rules: [{ when: { kind: 'chat' }, class: 'strong' }] },
  });
  expect(await served({ model: 'own' })).toEqual(['own', undefined]);
  expect(await served({ model: '*' })).toEqual(['large', 'assistant -> strong: rule 1 (kind)']);
  expect(await served({ model: 'assistant' })).toEqual(['large', 'assistant -> strong: rule 1 (kind)']);
  const native = { form: 'embeddings' as const, body: { model: 'own', input: 'a' } };
  await router.run(call({ promptClass: 'assistant', llm: { native } }));
  expect(serving.seen.at(-1)).toMatchObject({ path: '/v1/embeddings', body: { model: 'own' } });
});

test('the verdict of a small model chooses the class, by a call of a class of its own that is in the ledger', async () => {
  const { judge, served, store } = await hard({ difficulty: byModel, judged: { text: '{"verdict":"hard"}' } });
  expect(await served(saying('Is this clause void?'))).toEqual(['large', 'assistant -> strong: hard, says sorter']);
  const [{ body }] = judge.seen as [(typeof judge.seen)[number]];
  expect(body.messages[0].content).toContain('easy or hard');
  expect(body.messages[0].content).toContain('Contracts are hard.');
  expect(body.messages[1].content).toContain('Is this clause void?');
  const rows = await store.settled();
  expect(rows.map(({ promptClass, outcome, difficulty }) => [promptClass, outcome, difficulty])).toEqual([
    ['sorter', 'ok', undefined],
    ['strong', 'ok', 'assistant -> strong: hard, says sorter'],
  ]);
});

test('rows say what was saved against the strongest class, less what the small model cost', async () => {
  const { served, store } = await hard({ difficulty: byModel });
  await served();
  const rows = await store.settled();
  // 10 tokens in and 5 out: 15 micro-USD at the judge, 60 at the small one, 600 at the large one.
  expect(
    rows.map(({ promptClass, costMicroUsd, savedMicroUsd }) => [promptClass, costMicroUsd, savedMicroUsd]),
  ).toEqual([
    ['sorter', 15, -15],
    ['cheap', 60, 540],
  ]);
});

test('what saves nothing says nothing: a call of the strongest class, and one where none is named', async () => {
  const { served, store } = await hard({
    difficulty: { ...byModel, strongest: 'strong' },
    judged: { text: '{"verdict":"hard"}' },
  });
  await served();
  expect((await store.settled()).map(({ savedMicroUsd }) => savedMicroUsd)).toEqual([-15, undefined]);
  const { strongest: _, ...unnamed } = byModel;
  const other = await hard({ difficulty: unnamed });
  await other.served();
  expect((await other.store.settled()).map(({ savedMicroUsd }) => savedMicroUsd)).toEqual([-15, undefined]);
});

test('a classifier that fails, or says what nobody named, leaves the default, and the row is flagged', async () => {
  for (const judged of [
    { status: 500 },
    { text: 'hard' },
    { text: '{"verdict":"toString"}' },
    { text: '{"verdict":1}' },
  ]) {
    const { served, store } = await hard({ difficulty: byModel, judged });
    expect(await served()).toEqual(['small', 'assistant -> cheap: default, the classifier failed']);
    expect((await store.settled()).at(-1)).toMatchObject({
      ...{ promptClass: 'cheap', isFlagged: true, flags: ['unclassified'] },
      difficulty: 'assistant -> cheap: default, the classifier failed',
    });
  }
});

test('a classifier that is silent has failed when its time is over', async () => {
  const model = { ...byModel.model, deadlineMs: 30 } as Difficulty['model'];
  const { served, store } = await hard({ difficulty: { ...byModel, model }, judged: { hang: 'lost' } });
  expect(await served()).toEqual(['small', 'assistant -> cheap: default, the classifier failed']);
  expect((await store.settled()).map(({ outcome }) => outcome)).toEqual(['timeout', 'ok']);
});

test('the classifier is under the budget of its class, and no regulated text comes to a routed one', async () => {
  const spent = await hard({ difficulty: byModel, budgets: [{ class: 'sorter', window: 'day', maxUsd: 0 }] });
  expect((await spent.served())[0]).toBe('small');
  expect(spent.judge.count.requests).toBe(0);
  const regulated = await hard({ difficulty: byModel, isDirect: true });
  expect(await regulated.served({ dataClass: 'regulated' })).toEqual([
    'small',
    'assistant -> cheap: default, the classifier failed',
  ]);
  expect(regulated.judge.count.requests).toBe(0);
});

test('budgets of the class that was asked for, and of the one that runs the call, both count it', async () => {
  const rules = [{ when: { kind: 'chat' as const }, class: 'strong' }];
  for (const named of ['assistant', 'strong']) {
    const { router, serving } = await hard({
      difficulty: { rules },
      budgets: [{ class: named, window: 'day', maxUsd: 0 }],
    });
    expect(failed(await router.run(call({ promptClass: 'assistant' }))).code).toBe('budget_exceeded');
    expect(serving.count.requests).toBe(0);
  }
});

test('a client that leaves while its call is judged is not served, and nothing is asked after that', async () => {
  const leaving = new AbortController();
  const { judge, router, serving, store } = await hard({ difficulty: byModel, judged: { hang: 'lost' } });
  const running = router.run(call({ promptClass: 'assistant', signal: leaving.signal }));
  await expect.poll(() => judge.count.requests, { timeout: 20_000 }).toBe(1);
  leaving.abort();
  expect(failed(await running).code).toBe('cancelled');
  expect(serving.count.requests).toBe(0);
  expect((await store.settled()).map(({ outcome }) => outcome)).toEqual(['cancelled']);
});

test('a router is not idle while a call is between its verdict and its target', async () => {
  const order: string[] = [];
  const { router } = await hard({ difficulty: byModel });
  const running = router.run(call({ promptClass: 'assistant' })).then(() => order.push('answered'));
  await router.idle().then(() => order.push('idle'));
  await running;
  expect(order).toEqual(['answered', 'idle']);
});

test('streams are judged before they begin, and their head says how', async () => {
  const { router } = await hard({ difficulty: byModel, judged: { text: '{"verdict":"hard"}' } });
  const sink = collector();
  expect(answered(await router.run(call({ promptClass: 'assistant', llm: { isStreamed: true } }), sink)).served).toBe(
    'large',
  );
  expect(sink.heads).toMatchObject([{ model: 'large', difficulty: 'assistant -> strong: hard, says sorter' }]);
  expect(sink.text()).toContain('[DONE]');
});

test('answers over HTTP say it in a header, whole and streamed; the key needs the class that it named, and no other', async () => {
  const { router, written } = await hard({
    difficulty: { rules: [{ when: { tools: true }, class: 'strong' }], default: 'cheap' },
  });
  const secret = 'a-client-secret-of-16';
  const keys = [{ id: 'app', secret, classes: ['assistant'] }];
  const side = await startSideHttp({ file: { ...written, keys }, router });
  const ask = (more: object, headers = {}) =>
    side.ask('/v1/chat/completions', {
      method: 'POST',
      key: secret,
      headers,
      json: { model: 'assistant', messages: [{ role: 'user', content: 'Hi' }], ...more },
    });
  const said = async (response: Response) => {
    await response.text();
    return [response.status, response.headers.get('x-trunkline-difficulty')];
  };
  expect(await said(await ask({}))).toEqual([200, 'assistant -> cheap: default']);
  expect(await said(await ask({ tools }))).toEqual([200, 'assistant -> strong: rule 1 (tools)']);
  expect(await said(await ask({ tools, stream: true }))).toEqual([200, 'assistant -> strong: rule 1 (tools)']);
  expect((await said(await ask({}, { 'x-trunkline-class': 'strong' })))[0]).toBe(403);
});
