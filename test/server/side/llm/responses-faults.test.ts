// Faults of calls in the form of Responses, in the middle of an answer and before it, and what policy and budget say of hosted tools.

import { expect, test } from 'vitest';
import { responsesCall } from '../../../../adapters/llm/index.ts';
import { TEXT_STREAMS, TEXT_WHOLES } from '../../../support/llm-answers.ts';
import { endpoint, sse } from '../../../support/llm-endpoint.ts';
import { clientOf, eventsOf, prices } from '../../../support/responses-client.ts';
import { call, routing } from '../../../support/routing.ts';

test('an error in the middle of a stream of the form ends it in a failed response of ours', async () => {
  const begun = TEXT_STREAMS.openai.slice(0, TEXT_STREAMS.openai.indexOf('event: response.output_text.done'));
  const error = sse({ type: 'error', sequence_number: 6, code: 'server_error', message: 'secret words', param: null });
  const { openai } = await clientOf(['openai', { body: begun, later: error }]);
  const events = await eventsOf(await openai.responses.create({ model: 'model-1', input: 'Hello', stream: true }));
  expect(events.at(-1)).toMatchObject({
    type: 'response.failed',
    sequence_number: 6,
    response: { id: 'resp_upstream', status: 'failed' },
  });
  expect(JSON.stringify(events)).not.toContain('secret words');
});

test('a stream that goes on as something else ends in a failed response', async () => {
  const begun = TEXT_STREAMS.openai.slice(0, TEXT_STREAMS.openai.indexOf('event: response.output_text.done'));
  const { openai, store } = await clientOf(['openai', { body: begun, later: 'data: {"half":\n\n' }]);
  const events = await eventsOf(await openai.responses.create({ model: 'model-1', input: 'Hello', stream: true }));
  expect(events.at(-1)).toMatchObject({ type: 'response.failed', response: { error: { code: 'upstream_failed' } } });
  expect([...store.rows.values()]).toMatchObject([{ outcome: 'broken_off', served: 'served-1' }]);
});

test('a stream that falls silent ends in a failed response', async () => {
  const begun = TEXT_STREAMS.anthropic.slice(0, TEXT_STREAMS.anthropic.indexOf('event: content_block_stop'));
  const { openai } = await clientOf(['anthropic', { body: begun, isSilent: true }]);
  const events = await eventsOf(await openai.responses.create({ model: 'model-1', input: 'Hello', stream: true }));
  expect(events.at(-1)).toMatchObject({
    type: 'response.failed',
    response: { status: 'failed', error: { code: 'upstream_timeout' }, output: [{ content: [{ text: 'Hello you' }] }] },
  });
});

test('what a router says that a response cost is in the ledger', async () => {
  const body = TEXT_WHOLES.openai.replace('"total_tokens":32', '"total_tokens":32,"cost":0.0001');
  const { openai, router, store } = await clientOf(['openrouter', { body }]);
  await openai.responses.create({ model: 'model-1', input: 'Hello' });
  await router.close();
  expect([...store.rows.values()]).toMatchObject([{ costMicroUsd: 100, costSource: 'reported' }]);
});

test.each([
  ['regulated text', { dataClass: 'regulated' as const }, {}, 'policy_refused'],
  ['a class that wants nothing kept', {}, { retention: 'zdr' as const }, 'policy_refused'],
  ['a class with a ceiling', {}, { maxUsdPerCall: 1 }, 'price_unknown'],
])('tools that the provider runs are not for %s', async (_, more, terms, code) => {
  const served = await endpoint({ body: TEXT_WHOLES.openai });
  const { router } = routing({
    gateways: {
      one: { profile: 'openai', baseUrl: served.baseUrl, apiKey: 'k', allowPrivate: true, retention: 'zdr' },
    },
    classes: { commodity: { targets: [{ gateway: 'one', model: 'model-1', priceAs: 'served-1' }], ...terms } },
    prices,
  });
  const items = [{ role: 'user', content: 'Hello' }];
  const llm = responsesCall({ body: { tools: [{ type: 'web_search' }] }, items, maxTokens: 100 });
  expect(await router.run({ ...call(more), llm })).toMatchObject({ kind: 'failed', code });
  expect(served.seen).toEqual([]);
});

test('tools name at the account, and elsewhere, what the class lists and nothing else', async () => {
  const served = await endpoint({ body: TEXT_WHOLES.openai });
  const { router } = routing({
    gateways: { one: { profile: 'openai', baseUrl: served.baseUrl, apiKey: 'k', allowPrivate: true } },
    classes: {
      commodity: {
        targets: [{ gateway: 'one', model: 'model-1' }],
        unknownPrice: 'allow',
        allow: { resources: ['vs_own', 'https://wiki.example/*'] },
      },
    },
    prices,
  });
  const asked = (...tools: object[]) => {
    const items = [{ role: 'user', content: 'Hello' }];
    return router.run({ ...call(), llm: responsesCall({ body: { tools }, items, maxTokens: 100 }) });
  };
  const search = (...vector_store_ids: string[]) => ({ type: 'file_search', vector_store_ids });
  expect(await asked(search('vs_own', 'vs_of_others'))).toMatchObject({
    ...{ kind: 'failed', code: 'policy_refused', status: 403 },
    message: expect.stringContaining('"vs_of_others"'),
    upstream: { param: 'tools[0].vector_store_ids[1]' },
  });
  expect(await asked({ type: 'mcp', server_url: 'https://wiki.example.evil.example/' })).toMatchObject({
    upstream: { param: 'tools[0].server_url' },
  });
  expect(served.seen).toEqual([]);
  const listed = [search('vs_own'), { type: 'mcp', server_url: 'https://wiki.example/mcp' }, { type: 'web_search' }];
  expect(await asked(...listed)).toMatchObject({ kind: 'answered' });
  expect(served.seen).toHaveLength(1);
});

test('a response that failed before its first word goes to the next target', async () => {
  const failed = sse(
    { type: 'response.created', sequence_number: 0, response: { id: 'resp_f', status: 'in_progress' } },
    {
      type: 'response.failed',
      sequence_number: 1,
      response: { id: 'resp_f', status: 'failed', error: { code: 'server_error', message: 'x' } },
    },
  );
  const { openai } = await clientOf(['openai', { body: failed }], ['anthropic', { body: TEXT_STREAMS.anthropic }]);
  const response = await openai.responses.stream({ model: 'model-1', input: 'Hello' }).finalResponse();
  expect(response.output_text).toBe('Hello you');
});
