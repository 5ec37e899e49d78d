// Answers of a class that are scored after they were given, over HTTP in each form, on a real store.

import { expect, test } from 'vitest';
import { createPrices } from '../../../../../server/side/billing/prices.ts';
import type { Call } from '../../../../../server/side/llm/call.ts';
import { collector, answered as isAnswered, call as plainCall } from '../../../../support/routing.ts';
import { startScoredSide } from '../../../../support/scored-side.ts';
import { until } from '../../../../support/until.ts';

const call = (more: Partial<Call> = {}) => plainCall({ promptClass: 'chat', key: 'app', ...more });
const messages = [{ role: 'user', content: 'Where is it?' }];
type Side = Awaited<ReturnType<typeof startScoredSide>>;
const scores = async (side: Side, count: number) => until(async () => (await side.scored('scored')) === count);

const FORMS: readonly (readonly [string, string, object])[] = [
  ['a whole chat completion', '/v1/chat/completions', { model: 'chat', messages }],
  ['a streamed chat completion', '/v1/chat/completions', { model: 'chat', messages, stream: true }],
  ['a whole response', '/v1/responses', { model: 'chat', input: 'Where is it?' }],
  ['a streamed response', '/v1/responses', { model: 'chat', input: 'Where is it?', stream: true }],
  ['a message', '/v1/messages', { model: 'chat', messages, max_tokens: 100 }],
  ['a streamed message', '/v1/messages', { model: 'chat', messages, max_tokens: 100, stream: true }],
  [
    'a chat of a page',
    '/v1/ui/chat',
    {
      id: 'c1',
      model: 'chat',
      messages: [{ id: 'u1', role: 'user', parts: [{ type: 'text', text: 'Where is it?' }] }],
    },
  ],
];

test.each(FORMS)('%s is scored, in the row of the attempt that answered', async (_, path, json) => {
  const side = await startScoredSide();
  const reply = await side.ask(path, { method: 'POST', key: 'app-secret', json });
  expect([reply.status, await reply.text()]).toEqual([200, expect.stringContaining('Oslo')]);
  await scores(side, 1);
  const [answer, score] = await side.rows();
  expect(answer).toMatchObject({ promptClass: 'chat', outcome: 'ok', score: 0.4, costMicroUsd: 15 });
  expect(score).toMatchObject({
    ...{ promptClass: 'scoring', kind: 'task', task: `${answer?.id}.quality`, key: 'app', outcome: 'ok' },
    costMicroUsd: 15,
  });
  expect(await side.rows()).toHaveLength(2);
  const [{ body }] = side.judge.seen as [Side['judge']['seen'][number]];
  expect(body.messages[0].content).toContain('Names of cities count.');
  expect(body.messages[1].content).toContain('Where is it?');
  expect(body.messages[1].content).toContain('It is in Oslo.');
});

test('scores are in reports by class, target and path, and feedback of the response stays with its answer', async () => {
  const side = await startScoredSide();
  const reply = await side.ask('/v1/responses', {
    ...{ method: 'POST', key: 'app-secret', json: { model: 'chat', input: 'Where is it?' } },
  });
  const { id: response } = (await reply.json()) as { id: string };
  await scores(side, 1);
  const given = await side.ask('/v1/feedback', { method: 'POST', key: 'app-secret', json: { response, score: 1 } });
  const [answer] = await side.rows();
  expect(await given.json()).toMatchObject({ row: answer?.id });
  for (const [by, value] of [
    ['class', 'chat'],
    ['target', 'answers/small'],
    ['kind', 'chat'],
  ]) {
    const report = await side.ask(`/v1/ledger?by=${by}`, { key: 'app-secret' });
    const { rows } = (await report.json()) as { rows: readonly { by: string[]; score?: number; scores: number }[] };
    expect(rows.map((row) => [...row.by, row.score, row.scores])).toContainEqual([value, 0.4, 1]);
  }
});

test('an answer waits for no score: it is given while whoever scores is silent, and its row is settled', async () => {
  const side = await startScoredSide({ judge: { behaviour: { hang: 'lost' } } });
  isAnswered(await side.router.run(call()));
  await until(() => side.judge.count.open === 1);
  await until(async () => {
    const outcomes = (await side.store.ledger({ limit: 9 })).map(({ outcome }) => outcome);
    return outcomes.join() === 'pending,ok';
  });
  side.steps.stop();
  await side.router.idle();
  expect(await side.rows()).toMatchObject([{ outcome: 'ok' }, { outcome: 'cancelled' }]);
  isAnswered(await side.router.run(call()));
  await until(async () => (await side.scored('dropped')) === 1);
  expect(side.judge.count.requests).toBe(1);
});

test('a score goes behind the settlement of its row, though that has not been written', async () => {
  const later = Promise.withResolvers<void>();
  let settlements = 0;
  const side = await startScoredSide({
    store: (store) => ({
      ...store,
      async settle(...rows) {
        settlements += 1;
        if (settlements === 1) await later.promise;
        return store.settle(...rows);
      },
    }),
  });
  isAnswered(await side.router.run(call()));
  await until(() => side.judge.count.answers === 1);
  expect(await side.scored('scored')).toBe(0);
  later.resolve();
  await scores(side, 1);
  expect((await side.rows())[0]).toMatchObject({ promptClass: 'chat', outcome: 'ok', score: 0.4 });
});

test('a share of the answers is drawn, by the id of the attempt alone', async () => {
  const side = await startScoredSide({ chat: { quality: { sample: 0.5, class: 'scoring' } } });
  const ids: string[] = [];
  for (let count = 0; count < 30; count++) ids.push(isAnswered(await side.router.run(call())).attempt);
  const drawn = ids.filter((id) => Number.parseInt(id.slice(-12), 16) < 0.5 * 16 ** 12);
  await scores(side, drawn.length);
  const scored = (await side.rows()).filter(({ score }) => score !== undefined).map(({ id }) => id);
  expect(scored.toSorted()).toEqual(drawn.toSorted());
});

test('what serves another call, tasks, and answers without words are not scored', async () => {
  const side = await startScoredSide();
  isAnswered(await side.router.run(call({ isHelper: true })));
  isAnswered(await side.router.run(call({ kind: 'task', task: 't1' })));
  side.answers.change({ behaviour: { text: '' } });
  isAnswered(await side.router.run(call()));
  side.answers.change({ behaviour: { status: 400 } });
  expect((await side.router.run(call())).kind).toBe('failed');
  side.answers.change({ behaviour: { text: 'It is in Oslo.', pieces: 1 } });
  isAnswered(await side.router.run(call()));
  await scores(side, 1);
  expect(side.judge.count.requests).toBe(1);
});

test('a class may score itself, and its scores are not scored', async () => {
  const side = await startScoredSide({ chat: { quality: { sample: 1 } } });
  const script = ({ body }: { body: { messages: { content: string }[] } }) =>
    body.messages[0]?.content.startsWith('Score') ? { text: '{"score":1}' } : undefined;
  side.answers.change({ script });
  isAnswered(await side.router.run(call()));
  await scores(side, 1);
  expect(await side.rows()).toMatchObject([
    { promptClass: 'chat', score: 1 },
    { promptClass: 'chat', kind: 'task', score: undefined },
  ]);
});

test('a score that is refused leaves the row as it is, with a row that says why, and the next one is not asked for at once', async () => {
  const side = await startScoredSide({ file: { budgets: [{ class: 'scoring', window: 'day', maxUsd: 0 }] } });
  isAnswered(await side.router.run(call()));
  await until(async () => (await side.scored('failed')) === 1);
  for (let count = 0; count < 3; count++) isAnswered(await side.router.run(call()));
  await until(async () => (await side.scored('dropped')) + (await side.scored('failed')) === 4);
  expect(await side.scored('dropped')).toBeGreaterThan(0);
  await side.router.close();
  const rows = await side.store.ledger({ limit: 99 });
  expect(rows.filter(({ score }) => score !== undefined)).toEqual([]);
  expect(rows.find(({ refusals }) => refusals)).toMatchObject({ outcome: 'budget_exceeded', promptClass: 'scoring' });
});

test('regulated words are scored by a direct target, or by nobody', async () => {
  const direct = (path: string) => (side: Side) => ({
    answers: { ...side.config.gateways.answers, path: 'direct' },
    judge: { ...side.config.gateways.judge, path },
  });
  for (const [path, outcome] of [
    ['direct', 'scored'],
    ['routed', 'failed'],
  ] as const) {
    const side = await startScoredSide();
    const gateways = direct(path)(side) as typeof side.config.gateways;
    side.router.use({ ...side.config, gateways }, createPrices(side.config.prices));
    isAnswered(await side.router.run(call({ dataClass: 'regulated' })));
    await until(async () => (await side.scored(outcome)) === 1);
    expect(side.judge.count.requests).toBe(path === 'direct' ? 1 : 0);
  }
});

test('four scores are asked for at once, a hundred wait, and the others are dropped and counted', async () => {
  const side = await startScoredSide({ judge: { behaviour: { hang: 'lost' } } });
  await Promise.all(Array.from({ length: 110 }, () => side.router.run(call()).then(isAnswered)));
  await until(async () => side.judge.count.open === 4 && (await side.scored('dropped')) === 6);
  side.steps.stop();
  await until(async () => (await side.scored('dropped')) === 106);
  expect(side.judge.count.mostOpen).toBe(4);
});

test('a class without quality has no step, and a reload begins and ends it', async () => {
  const side = await startScoredSide({ chat: { quality: undefined } });
  isAnswered(await side.router.run(call()));
  const { classes } = side.config;
  const chat = { ...classes.chat, quality: { sample: 1, class: 'scoring' } } as NonNullable<typeof classes.chat>;
  side.router.use({ ...side.config, classes: { ...classes, chat } }, createPrices(side.config.prices));
  const sink = collector();
  isAnswered(await side.router.run(call({ llm: { ...call().llm, isStreamed: true } }), sink));
  await scores(side, 1);
  expect((await side.rows()).map(({ score }) => score)).toEqual([undefined, 0.4, undefined]);
});
