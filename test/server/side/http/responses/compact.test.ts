// Tests compactions with OpenAI's SDK over a whole gateway: whom they ask, what they cost, and what comes of them.

import { Agent, MemorySession, OpenAIProvider, OpenAIResponsesCompactionSession, Runner } from '@openai/agents';
import OpenAI from 'openai';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LlmGateway, llmGateway } from '../../../../support/llm-gateway.ts';
import { type ModelEndpoint, modelEndpoint } from '../../../../support/model-endpoint.ts';
import { killAll } from '../../../../support/processes.ts';
import { type Served, serve } from '../../../../support/served.ts';
import { until } from '../../../../support/until.ts';

let endpoint: ModelEndpoint;
let cutting: LlmGateway;
let served: Served;
beforeAll(async () => {
  endpoint = await modelEndpoint();
  cutting = await llmGateway({ behaviour: { text: 'Half a', finish: 'length' } });
  served = await serve({
    gateways: {
      ...endpoint.gateways,
      cutting: { profile: 'openai-compatible', baseUrl: cutting.baseUrl, apiKey: 'x', allowPrivate: true },
    },
    classes: {
      native: { targets: [{ gateway: 'responses', model: 'own' }] },
      other: { targets: [{ gateway: 'completions', model: 'foreign' }] },
      'gpt-other': { targets: [{ gateway: 'completions', model: 'gpt-foreign' }], unknownPrice: 'allow' },
      cut: { targets: [{ gateway: 'cutting', model: 'cut' }], unknownPrice: 'allow' },
    },
    keys: ['one', 'two'].map((id) => ({
      id,
      secret: `secret-of-${id}`,
      classes: ['native', 'other', 'gpt-other', 'cut'],
    })),
    ...{ access: 'keys', tasks: [], prices: { own: { input: 1, output: 10 }, foreign: { input: 1, output: 10 } } },
  });
});
afterAll(async () => {
  if (served?.child.exitCode === null && served.child.signalCode === null) killAll(served.child);
  await served?.exited;
  await Promise.all([endpoint?.close(), cutting?.close()]);
});

const client = (id = 'one') =>
  new OpenAI({ apiKey: `secret-of-${id}`, baseURL: `${served.url.replace('ws', 'http')}/v1`, maxRetries: 0 });
/** Rows of calls that have ended. */
const rows = async (): Promise<readonly { readonly gateway?: string }[]> => {
  const answer = await fetch(`${served.admin}/ledger/rows`);
  return ((await answer.json()) as { rows: { outcome: string; gateway?: string }[] }).rows.filter(
    ({ outcome }) => outcome !== 'pending',
  );
};

test('a target that has compactions is told the whole conversation, and its work is in the ledger', async () => {
  const first = await client().responses.create({ model: 'native', input: 'First question' });
  await until(async () => (await rows()).length === 1);
  const made = await client().responses.compact({
    ...{ model: 'native', previous_response_id: first.id, input: 'Second question', instructions: 'Be brief.' },
  });
  expect(made).toMatchObject({ output: [{ type: 'compaction', encrypted_content: 'sealed by the endpoint' }] });
  const asked = endpoint.seen.at(-1)?.body ?? {};
  expect(Object.keys(asked).sort()).toEqual(['input', 'instructions', 'model']);
  expect(asked).toMatchObject({ model: 'own', input: [{ content: [{ text: 'First question' }] }, {}, {}] });
  await until(async () => (await rows()).length === 2);
  expect((await rows())[0]).toMatchObject({ key: 'one', outcome: 'ok', usage: { inputTokens: 10, outputTokens: 5 } });
});

test('for another target its model sums up, in the ledger as any call, and the next call has the summary', async () => {
  const calls = endpoint.seen.length;
  const before = (await rows()).length;
  const { output, usage } = await client().responses.compact({
    ...{ model: 'other', instructions: 'Be brief.' },
    input: [
      { role: 'user', content: 'The word is slate.' },
      { role: 'assistant', content: 'A very long answer.' },
    ],
  });
  expect(endpoint.seen.slice(calls).map(({ body }) => body.messages)).toMatchObject([
    [
      { role: 'system', content: 'Be brief.' },
      { content: 'The word is slate.' },
      { content: 'A very long answer.' },
      { role: 'user', content: expect.stringContaining('Sum up') },
    ],
  ]);
  expect(usage.total_tokens).toBeGreaterThan(0);
  await until(async () => (await rows()).length === before + 1);
  expect((await rows())[0]).toMatchObject({ key: 'one', outcome: 'ok', gateway: 'completions' });
  expect(output).toMatchObject([{ type: 'compaction' }]);
  await client().responses.create({
    model: 'other',
    input: [...(output as OpenAI.Responses.ResponseInputItem[]), { role: 'user', content: 'Which word?' }],
  });
  expect(endpoint.seen.at(-1)?.body.messages).toMatchObject([
    { content: 'The word is slate.' },
    { content: expect.stringMatching(/summary.*You wrote: Sum up/s) },
    { content: 'Which word?' },
  ]);
});

test('a session of the Agents SDK compacts itself, and its agent goes on from the summary', async () => {
  const openAIClient = client();
  const runner = new Runner({ modelProvider: new OpenAIProvider({ openAIClient }), tracingDisabled: true });
  const agent = new Agent({ name: 'Assistant', model: 'gpt-other' });
  const underlyingSession = new MemorySession();
  const session = new OpenAIResponsesCompactionSession({
    ...{ client: openAIClient, model: 'gpt-other', underlyingSession, compactionMode: 'input' },
  });
  await runner.run(agent, 'The word is slate.', { session });
  await session.runCompaction({ force: true });
  expect(await session.getItems()).toMatchObject([{ type: 'compaction' }]);
  await runner.run(agent, 'Which word?', { session });
  expect(endpoint.seen.at(-1)?.body.messages).toMatchObject([
    { role: 'user', content: 'The word is slate.' },
    { role: 'user', content: expect.stringMatching(/summary.*Sum up/s) },
    { role: 'user', content: 'Which word?' },
  ]);
});

test('a summary that is not whole is an error, and is paid for', async () => {
  const cut = client().responses.compact({ model: 'cut', input: 'Hello' });
  await expect(cut).rejects.toMatchObject({ status: 502, code: 'upstream_failed' });
  await until(async () => (await rows()).some(({ gateway }) => gateway === 'cutting'));
});

test('what may not be asked of a model may not be compacted for it, and what is wrong is named', async () => {
  const { id } = await client().responses.create({ model: 'other', input: 'Mine' });
  const refused = async (body: object, key = 'one') =>
    client(key)
      .responses.compact(body as OpenAI.Responses.ResponseCompactParams)
      .catch(({ status, param }: { status: number; param: string }) => ({ status, param }));
  expect(await refused({ model: 'other', previous_response_id: id }, 'two')).toEqual({
    ...{ status: 400, param: 'previous_response_id' },
  });
  expect(await refused({ model: 'unknown', input: 'Hello' })).toMatchObject({ status: 404 });
  expect(await refused({ model: 'other', input: [{ type: 'message', role: 'nobody', content: 'x' }] })).toEqual({
    ...{ status: 400, param: 'input[0].role' },
  });
});
