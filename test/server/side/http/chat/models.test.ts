// The list of models, by unmodified SDKs: each reads it in its own shape, and so the errors.

import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startForms } from '../../../../support/forms-side.ts';

const classes = {
  plain: {
    targets: [
      { gateway: 'anthropic', model: 'claude-sonnet-4-6' },
      { gateway: 'chat', model: 'acme/some-model' },
    ],
  },
};
const names = ['claude-sonnet-4-6', 'acme/some-model', 'plain', 'plain/claude-sonnet-4-6', 'plain/acme/some-model'];

let side: Awaited<ReturnType<typeof startForms>>;
beforeAll(async () => {
  side = await startForms({ classes });
});
afterAll(() => side?.close());

const anthropic = (apiKey = 'app-secret') => new Anthropic({ baseURL: side.http, apiKey, maxRetries: 0 });
const openai = () => new OpenAI({ baseURL: `${side.http}/v1`, apiKey: 'app-secret', maxRetries: 0 });
const ask = (query: string) =>
  side.ask(`/v1/models?${query}`, { key: 'app-secret', headers: { 'anthropic-version': '2023-06-01' } });

test('the SDK of Anthropic lists the models page by page, as its types have them', async () => {
  const first = await anthropic().models.list({ limit: 2 });
  expect(first).toMatchObject({ has_more: true, first_id: names[0], last_id: names[1] });
  expect(first.data[0]).toEqual({
    ...{ type: 'model', id: names[0], display_name: names[0], created_at: '1970-01-01T00:00:00Z', lifecycle: 'active' },
    ...{ deprecated_at: null, retires_at: null, line: null, capabilities: null, max_input_tokens: null },
    max_tokens: null,
  });
  const ids: string[] = [];
  for await (const { id } of anthropic().models.list({ limit: 2 })) ids.push(id);
  expect(ids).toEqual(names);
  const back: string[] = [];
  for await (const { id } of anthropic().models.list({ limit: 2, before_id: names[3] as string })) back.push(id);
  expect(back).toEqual([names[1], names[2], names[0]]);
  expect((await anthropic().models.list()).has_more).toBe(false);
});

test('the SDK of Anthropic finds one of them, also with slashes in its name, and is told of others in its shape', async () => {
  expect(await anthropic().models.retrieve('claude-sonnet-4-6')).toMatchObject({ type: 'model', id: names[0] });
  const reply = await side.ask('/v1/models/acme/some-model', {
    ...{ key: 'app-secret', headers: { 'anthropic-version': '2023-06-01' } },
  });
  expect(await reply.json()).toMatchObject({ type: 'model', id: 'acme/some-model' });
  const unknown = anthropic().models.retrieve('claude-none');
  await expect(unknown).rejects.toBeInstanceOf(Anthropic.NotFoundError);
  await expect(unknown).rejects.toMatchObject({ error: { type: 'error', error: { type: 'not_found_error' } } });
  const stranger = anthropic('wrong').models.list();
  await expect(stranger).rejects.toBeInstanceOf(Anthropic.AuthenticationError);
  await expect(stranger).rejects.toMatchObject({ error: { type: 'error', error: { type: 'authentication_error' } } });
});

test('the SDK of OpenAI lists and finds them in its own shape', async () => {
  const { data } = await openai().models.list();
  expect(data.map(({ id }) => id)).toEqual(names);
  const model = { id: names[1], object: 'model', created: 0, owned_by: 'chat', classes: ['plain'] };
  expect(data[1]).toEqual(model);
  expect(await openai().models.retrieve('acme/some-model')).toEqual(model);
  await expect(openai().models.retrieve('none')).rejects.toMatchObject({ status: 404, code: 'model_not_found' });
});

test.each([
  ['limit=0', 'limit'],
  ['limit=1001', 'limit'],
  ['after_id=none', 'after_id'],
  ['before_id=none', 'before_id'],
])('%s is named in the shape of Anthropic', async (query, param) => {
  const reply = await ask(query);
  expect([reply.status, await reply.json()]).toMatchObject([
    400,
    { type: 'error', error: { type: 'invalid_request_error', param } },
  ]);
});
