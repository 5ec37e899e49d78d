// A realtime session is refused when a budget that counts it has no room: by the whole gateway, and as a call is.

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Key } from '../../../../server/config/key-schema.ts';
import { ClosedBudgets } from '../../../../server/gateway/side/budgets.ts';
import type { BudgetUse } from '../../../../server/ipc/stored-rows.ts';
import { openClient, refusedUpgrade } from '../../../support/gateway.ts';
import { type LlmGateway, llmGateway } from '../../../support/llm-gateway.ts';
import type { FakeProvider } from '../../../support/provider.ts';
import { type Served, serve } from '../../../support/served.ts';
import { startTurnProvider, turn } from '../../../support/turn-provider.ts';
import { until } from '../../../support/until.ts';

const MODEL = 'priced-1';
const REALTIME = `/v1/realtime?model=${MODEL}`;
const GEMINI = '/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent';
const keys = ['monthly', 'once', 'shared', 'calling', 'free'];
const headersOf = (key: string) => ({ authorization: `Bearer secret-of-${key}` });

let provider: FakeProvider;
let llm: LlmGateway;
let served: Served;

beforeAll(async () => {
  [provider, llm] = await Promise.all([startTurnProvider(), llmGateway()]);
  served = await serve({
    provider: provider.url,
    rehearsal: false,
    processes: 2,
    keys: keys.map((id) => ({ id, secret: `secret-of-${id}` })),
    gateways: {
      scripted: { profile: 'openai-compatible', baseUrl: llm.baseUrl, apiKey: 'x', allowPrivate: true },
    },
    classes: { plain: { targets: [{ gateway: 'scripted', model: MODEL }] } },
    tasks: [],
    // A turn takes 6 tokens in and 4 out: 1 USD.
    prices: { [MODEL]: { input: 100_000, output: 100_000 } },
    budgets: [
      { key: 'monthly', window: 'month', maxUsd: 1.5 },
      { key: 'once', window: 'total', maxUsd: 1 },
      { key: 'shared', class: 'realtime', window: 'month', maxUsd: 1 },
      { class: 'plain', window: 'month', maxUsd: 1000 },
      { key: 'calling', window: 'month', maxUsd: 100 },
    ],
  });
});
afterAll(async () => {
  await served?.stop();
  await Promise.all([provider?.close(), llm?.close()]);
});

const refused = (key: string, path = REALTIME) => refusedUpgrade(served.url + path, { headers: headersOf(key) });
const asked = (key: string, path = REALTIME) =>
  fetch(served.url.replace('ws', 'http') + path, { headers: headersOf(key) });
const call = (key: string, maxTokens: number) =>
  fetch(`${served.url.replace('ws', 'http')}/v1/chat/completions`, {
    method: 'POST',
    headers: { ...headersOf(key), 'content-type': 'application/json' },
    body: JSON.stringify({ model: MODEL, messages: [{ role: 'user', content: 'Hi' }], max_tokens: maxTokens }),
  });

async function spend(key: string, turns: number): Promise<void> {
  const client = await openClient(served.url + REALTIME, { headers: headersOf(key) });
  for (let number = 0; number < turns; number++) await turn(client, `words ${number}`);
  client.close();
}

/** Waits until the answer to a plain request has this code. */
const answersWith = (key: string, code: string) =>
  until(async () => ((await (await asked(key)).json()) as { error: { code: string } }).error.code === code);

test('a session is refused with 429 and the end of the window once its key has spent its budget', async () => {
  await spend('monthly', 1);
  // There is half a USD left: a session of any length may begin.
  await spend('monthly', 1);
  await answersWith('monthly', 'budget_exceeded');
  const dialled = provider.requests.length;
  const { status, headers, body } = await refused('monthly');
  const { error } = JSON.parse(body);
  expect([status, error.code, error.type]).toEqual([429, 'budget_exceeded', 'rate_limit_error']);
  expect(error.message).toMatch(/budget of 1\.5 USD for class \* \(window month\) has 0 USD left: 2 are spent and 0/);
  const now = new Date();
  expect(error.resets_at).toBe(new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1)).toISOString());
  expect(Number(headers['retry-after'])).toBeGreaterThan(0);
  expect(provider.requests.length).toBe(dialled);
  // A plain request, which asks why the upgrade failed, is told the same.
  const plain = await asked('monthly');
  expect([plain.status, ((await plain.json()) as { error: object }).error]).toEqual([429, error]);
});

test('the refusal has the shape of each provider', async () => {
  await until(async () => (await asked('monthly', GEMINI)).status === 429);
  const gemini = JSON.parse((await refused('monthly', GEMINI)).body).error;
  expect(gemini).toMatchObject({ code: 429, status: 'RESOURCE_EXHAUSTED' });
  expect(gemini.details[0]).toMatchObject({ reason: 'budget_exceeded', metadata: { resets_at: expect.any(String) } });
});

test('a budget for ever refuses with 402 insufficient_quota, and without a time', async () => {
  await spend('once', 1);
  await answersWith('once', 'budget_exceeded');
  const { status, headers, body } = await refused('once');
  expect([status, JSON.parse(body).error]).toEqual([
    402,
    expect.objectContaining({ code: 'budget_exceeded', type: 'insufficient_quota' }),
  ]);
  expect(headers['retry-after']).toBeUndefined();
});

test('a budget of one class and one key refuses no other', async () => {
  await spend('shared', 1);
  await answersWith('shared', 'budget_exceeded');
  expect((await refused('shared')).status).toBe(429);
  await spend('free', 1);
});

test('a call that only other calls under way are in the way of gets 429 budget_reserved with both numbers, and then passes', async () => {
  let answer = (): void => {};
  const after = new Promise<void>((resolve) => {
    answer = resolve;
  });
  llm.change({ behaviour: { after, usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } } });
  // The prompt has a worst case too: all of what is left is reserved.
  const holding = Promise.all([call('calling', 900), ...Array.from({ length: 30 }, () => call('calling', 1))]);
  const turnedAway = await until(async () => {
    const reply = await call('calling', 500);
    const { error } = (await reply.json()) as { error: Record<string, string> };
    return error?.code === 'budget_reserved' && { reply, error };
  });
  expect(turnedAway.reply.status).toBe(429);
  expect(turnedAway.reply.headers.get('x-should-retry')).toBe('true');
  expect(Number(turnedAway.reply.headers.get('retry-after'))).toBeLessThanOrEqual(5);
  expect(turnedAway.error.message).toMatch(/0 are spent and [\d.]+ reserved for calls under way/);
  answer();
  await holding;
  await until(async () => (await call('calling', 500)).status === 200);
});

const use = (more: Partial<BudgetUse>): BudgetUse => ({
  key: undefined,
  class: undefined,
  window: 'day',
  limitMicroUsd: 1000,
  spentMicroUsd: 0,
  reservedMicroUsd: 0,
  resetsAt: 100_000,
  ...more,
});
const session = { key: { id: 'web' } as Key, promptClass: 'realtime', isRehearsal: false };

test('a session is refused as reserved while reservations fill the budget, and not by one that nobody confirms', () => {
  const budgets = new ClosedBudgets();
  budgets.use([use({ spentMicroUsd: 400, reservedMicroUsd: 600 })], 1000);
  const refusal = budgets.refusal(session, 2000);
  expect(refusal).toMatchObject({ status: 429, code: 'budget_reserved', retryAfterS: 2 });
  expect(refusal?.message).toContain('0.0004 are spent and 0.0006 reserved');
  expect(budgets.refusal(session, 60_000)).toBeUndefined();
});

test('what is spent is believed until its window ends, however long the side process is away', () => {
  const budgets = new ClosedBudgets();
  budgets.use([use({ spentMicroUsd: 1000 })], 1000);
  expect(budgets.refusal(session, 99_999)).toMatchObject({
    code: 'budget_exceeded',
    resetsAt: 100_000,
    retryAfterS: 1,
  });
  expect(budgets.refusal(session, 100_000)).toBeUndefined();
});

test('a spent budget comes before a reserved one, and the one that has room last before the others', () => {
  const budgets = new ClosedBudgets();
  const spent = { spentMicroUsd: 1000 };
  budgets.use([use({ reservedMicroUsd: 1000 }), use(spent), use({ ...spent, resetsAt: 200_000 })], 1000);
  expect(budgets.refusal(session, 1000)?.resetsAt).toBe(200_000);
  budgets.use([use(spent), use({ ...spent, window: 'total', resetsAt: undefined })], 1000);
  expect(budgets.refusal(session, 1000)?.status).toBe(402);
});

test('budgets of other keys and classes, and a rehearsal, let a session pass', () => {
  const budgets = new ClosedBudgets();
  const spent = { spentMicroUsd: 1000 };
  budgets.use([use({ ...spent, key: 'other' }), use({ ...spent, class: 'commodity' })], 1000);
  expect(budgets.refusal(session, 1000)).toBeUndefined();
  budgets.use([use(spent)], 1000);
  expect(budgets.refusal({ ...session, isRehearsal: true }, 1000)).toBeUndefined();
});
