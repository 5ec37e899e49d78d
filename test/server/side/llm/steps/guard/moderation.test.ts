// Tests over real sockets that a model for moderation is asked as any call is, and what comes of its verdicts.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { guardStep } from '../../../../../../server/side/llm/steps/guard/guard.ts';
import { type Asked, type Script, type Scripted, startForms } from '../../../../../support/forms-side.ts';
import { completion } from '../../../../../support/messages-form.ts';

const target = { targets: [{ gateway: 'chat', model: 'some-model' }] };
const moderation = (more: object = {}) => ({ moderation: { class: 'moderation', ...more } });

const classes = {
  moderated: { ...target, guard: { input: [moderation()], output: [moderation({ thresholds: { violence: 0.5 } })] } },
  'moderated-direct': { targets: [{ gateway: 'openai', model: 'gpt-5-mini' }], guard: { input: [moderation()] } },
  'moderated-pass': { ...target, guard: { input: [moderation({ whenUnavailable: 'pass' })] } },
  'moderated-flag': { ...target, guard: { input: [{ ...moderation({ deadlineMs: 50 }), action: 'flag' }] } },
  moderation: { targets: [{ gateway: 'routed', model: 'omni-moderation-latest' }] },
};

let side: Awaited<ReturnType<typeof startForms>>;
beforeAll(async () => {
  // The address of the endpoint is known only now, so one more gateway is made of it.
  const file = ({ openai }: Readonly<Record<string, object>>) => ({
    gateways: { routed: { ...openai, path: 'routed' } },
    classes,
  });
  side = await startForms(file, [guardStep(() => {})]);
});
afterAll(() => side?.close());

const chat = (model: string, content: string, headers: Record<string, string> = {}) => {
  const json = { model, messages: [{ role: 'user', content }] };
  return side.ask('/v1/chat/completions', { method: 'POST', key: 'app-secret', json, headers });
};
const guardOf = (reply: Response) => reply.headers.get('x-trunkline-guard')?.replace(/ms=\d+/g, 'ms=n');
const errorOf = async (reply: Response) => ((await reply.json()) as { error: object }).error;

/** `verdict`: the results for the texts of one request. */
const moderating =
  (verdict: (input: readonly string[]) => Scripted, content = 'Fine.'): Script =>
  ({ path, body }: Asked) =>
    path === '/v1/moderations' ? verdict(body.input) : { body: completion({ content }) };
const results = (input: readonly string[], violence: number) => ({
  body: {
    id: 'modr-1',
    model: 'omni-moderation-latest',
    results: input.map(() => ({
      flagged: violence > 0.9,
      categories: { violence: violence > 0.9, hate: false },
      category_scores: { violence, hate: 0 },
    })),
  },
});

test('A model for moderation is asked for both sides, with the texts, in a class of its own', async () => {
  side.script(moderating((input) => results(input, 0.1)));
  const reply = await chat('moderated', 'Hello');
  expect([reply.status, guardOf(reply)]).toEqual([200, 'input=pass;ms=n, output=pass;ms=n']);
  expect(side.seen.map(({ path, body }) => [path, body.input])).toEqual([
    ['/v1/moderations', ['Hello']],
    ['/v1/chat/completions', undefined],
    ['/v1/moderations', ['Fine.']],
  ]);
  const rows = await side.store.settled();
  expect(rows.slice(-3).map(({ promptClass, guarded }) => [promptClass, guarded === undefined])).toEqual([
    ['moderation', true],
    ['moderated', false],
    ['moderation', true],
  ]);
});

test('It blocks what it flags, by the names of its categories', async () => {
  side.script(moderating((input) => results(input, 0.95)));
  expect(await errorOf(await chat('moderated', 'Hello'))).toMatchObject({
    code: 'guard_blocked',
    message: expect.stringContaining('it found violence (input=block:violence'),
  });
  expect(side.seen.map(({ path }) => path)).toEqual(['/v1/moderations']);
});

test('It finds by thresholds what it would not flag itself', async () => {
  side.script(moderating((input) => results(input, 0.6)));
  expect(await errorOf(await chat('moderated', 'Hello'))).toMatchObject({
    message: expect.stringContaining('blocked the answer: it found violence'),
  });
});

test('It is asked in pieces for a long text, and no piece is left out', async () => {
  side.script(moderating((input) => results(input, 0.1)));
  await chat('moderated', `${'x'.repeat(45_000)}!`);
  const input = side.seen[0]?.body.input as readonly string[];
  expect(input.map(({ length }) => length)).toEqual([20_000, 20_000, 6001]);
  expect(input.at(-1)?.endsWith('x!')).toBe(true);
});

test.each([
  ['that fails', () => ({ status: 500, body: {} })],
  ['that answers with nothing', () => ({ body: { results: [] } })],
] as const)('One %s blocks, unless the class lets it pass', async (_, verdict) => {
  side.script(moderating(verdict));
  const blocked = await chat('moderated', 'Hello');
  expect([blocked.status, await errorOf(blocked)]).toMatchObject([503, { code: 'guard_unavailable' }]);
  expect(blocked.headers.get('x-should-retry')).toBe('true');
  const passed = await chat('moderated-pass', 'Hello');
  expect([passed.status, guardOf(passed)]).toEqual([200, 'input=flag:unavailable;ms=n']);
});

test('A check that flags never blocks, though the model does not answer in its time', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  side.script(moderating((input) => ({ ...results(input, 0.1), after: promise })));
  const reply = await chat('moderated-flag', 'Hello');
  resolve();
  expect([reply.status, guardOf(reply)]).toEqual([200, 'input=flag:unavailable;ms=n']);
});

test('It gets no regulated text where its targets are routed, so that it blocks', async () => {
  side.script(moderating((input) => results(input, 0.1)));
  const reply = await chat('moderated-direct', 'Hello', { 'x-trunkline-data-class': 'regulated' });
  expect([reply.status, await errorOf(reply), side.seen]).toMatchObject([503, { code: 'guard_unavailable' }, []]);
});
