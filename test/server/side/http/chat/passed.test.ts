// Embeddings, moderations and counts of tokens, by unmodified SDKs: passed to targets that have them, and priced.

import { createOpenAI } from '@ai-sdk/openai';
import Anthropic from '@anthropic-ai/sdk';
import { embedMany } from 'ai';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startForms } from '../../../../support/forms-side.ts';

const classes = {
  vectors: {
    targets: [
      { gateway: 'openai', model: 'text-embedding-3-small' },
      { gateway: 'chat', model: 'text-embedding-3-small' },
      { gateway: 'chat', model: 'other-embedding' },
      { gateway: 'gemini', model: 'gemini-embedding-001' },
      { gateway: 'openai', model: 'omni-moderation-latest' },
      { gateway: 'anthropic', model: 'claude-sonnet-4-6' },
    ],
    maxUsdPerCall: 1,
    unknownPrice: 'allow',
  },
};

let side: Awaited<ReturnType<typeof startForms>>;
beforeAll(async () => {
  side = await startForms({ classes });
});
afterAll(() => side?.close());

const client = () => new OpenAI({ baseURL: `${side.http}/v1`, apiKey: 'app-secret', maxRetries: 0 });

const vector = (values: readonly number[], index = 0) => ({ object: 'embedding', index, embedding: values });
const embeddings = (...vectors: readonly (readonly number[])[]) => ({
  object: 'list',
  data: vectors.map((values, at) => vector(values, at)),
  model: 'text-embedding-3-small',
  usage: { prompt_tokens: 1000, total_tokens: 1000 },
});

describe('embeddings', () => {
  test('come as the SDK asks for them, byte for byte, and are in the ledger at the price of their tokens', async () => {
    const packed = Buffer.from(new Float32Array([0.5, -1]).buffer).toString('base64');
    const answer = { ...embeddings([]), data: [{ object: 'embedding', index: 0, embedding: packed }] };
    side.script(() => ({ body: answer }));
    const asked = { model: 'text-embedding-3-small', input: 'Hello '.repeat(1000), dimensions: 2 };
    const { data, response } = await client().embeddings.create(asked).withResponse();
    expect(data.data[0]?.embedding).toEqual([0.5, -1]);
    expect(response.headers.get('x-trunkline-gateway')).toBe('openai');
    expect(side.seen).toMatchObject([{ path: '/v1/embeddings', body: { ...asked, encoding_format: 'base64' } }]);
    const row = (await side.store.settled()).at(-1);
    expect(row).toMatchObject({ outcome: 'ok', usage: { inputTokens: 1000 }, costMicroUsd: 20, isFlagged: false });
  });

  test('of many texts come through the AI SDK', async () => {
    side.script(({ body }) => ({ body: embeddings(...body.input.map((_: string, at: number) => [at])) }));
    const openai = createOpenAI({ baseURL: `${side.http}/v1`, apiKey: 'app-secret' });
    const model = openai.embedding('text-embedding-3-small');
    const made = await embedMany({ model, values: ['one', 'two', 'three'] });
    expect(made.embeddings).toEqual([[0], [1], [2]]);
    expect(made.usage.tokens).toBe(1000);
  });

  test('come from another gateway with the same model, and never from another model', async () => {
    let asked = 0;
    side.script(() => (++asked === 1 ? { status: 503, body: {} } : { body: embeddings([1]) }));
    await client().embeddings.create({ model: 'text-embedding-3-small', input: 'Hello', encoding_format: 'float' });
    expect(asked).toBe(2);
    side.script(() => ({ status: 503, body: {} }));
    const failing = client().embeddings.create({ model: 'text-embedding-3-small', input: 'Hello' });
    await expect(failing).rejects.toBeInstanceOf(OpenAI.InternalServerError);
    expect(side.seen.map(({ body }) => body.model)).toEqual(['text-embedding-3-small', 'text-embedding-3-small']);
  });

  test('of Gemini are in the form of OpenAI, as floats and packed', async () => {
    side.script(() => ({ body: { embeddings: [{ values: [0.25, 2] }, { values: [1, 0] }] } }));
    for (const encoding of [undefined, 'float'] as const) {
      const asked = {
        model: 'gemini-embedding-001',
        input: ['a', 'b'],
        dimensions: 2,
        ...(encoding && { encoding_format: encoding }),
      };
      const made = await client().embeddings.create(asked);
      expect(made.data.map(({ embedding }) => embedding)).toEqual([
        [0.25, 2],
        [1, 0],
      ]);
    }
    expect(side.seen[0]).toMatchObject({
      path: '/v1/models/gemini-embedding-001:batchEmbedContents',
      body: { requests: [{ model: 'models/gemini-embedding-001', outputDimensionality: 2 }, {}] },
    });
  });

  test('of a target without any are an error that names it', async () => {
    const asked = client().embeddings.create({ model: 'claude-sonnet-4-6', input: 'Hello' });
    await expect(asked).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining('anthropic/claude-sonnet-4-6'),
    });
  });

  test('bad input is named by its field', async () => {
    for (const [body, param] of [
      [{ model: 'text-embedding-3-small' }, 'input'],
      [{ model: 'text-embedding-3-small', input: [] }, 'input'],
      [{ input: 'a' }, 'model'],
      [{ model: 'text-embedding-3-small', input: 'a', encoding_format: 'hex' }, 'encoding_format'],
    ] as const) {
      const reply = await side.ask('/v1/embeddings', { method: 'POST', key: 'app-secret', json: body });
      expect([reply.status, await reply.json()]).toMatchObject([
        400,
        { error: { param, type: 'invalid_request_error' } },
      ]);
    }
  });
});

test('a moderation passes, and is free', async () => {
  const answer = { id: 'modr-1', model: 'omni-moderation-latest', results: [{ flagged: false }] };
  side.script(() => ({ body: answer }));
  const made = await client().moderations.create({ model: 'omni-moderation-latest', input: 'Hello' });
  expect(made).toEqual(answer);
  expect((await side.store.settled()).at(-1)).toMatchObject({ costMicroUsd: 0, isFlagged: false });
});

test('tokens are counted by a target that counts them, for free, and others are named', async () => {
  const anthropic = new Anthropic({ baseURL: side.http, apiKey: 'app-secret', maxRetries: 0 });
  const messages = [{ role: 'user' as const, content: 'Hello' }];
  side.script(() => ({ body: { input_tokens: 8 } }));
  expect(await anthropic.messages.countTokens({ model: 'claude-sonnet-4-6', messages })).toEqual({ input_tokens: 8 });
  expect(side.seen).toMatchObject([
    { path: '/v1/messages/count_tokens', headers: { 'anthropic-version': '2023-06-01' } },
  ]);
  expect((await side.store.settled()).at(-1)).toMatchObject({ costMicroUsd: 0 });
  await expect(anthropic.messages.countTokens({ model: 'other-embedding', messages })).rejects.toMatchObject({
    ...{ status: 400, type: 'invalid_request_error' },
    message: expect.stringContaining('chat/other-embedding'),
  });
});
