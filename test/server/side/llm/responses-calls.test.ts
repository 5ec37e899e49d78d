// Calls in the form of Responses on endpoints of every form, read by OpenAI's SDK over real sockets: answers, their rows of the ledger, and
// what becomes of faults.

import type { ResponseStreamEvent } from 'openai/resources/responses/responses';
import { describe, expect, test } from 'vitest';
import { CALL_STREAMS, FORMS, TEXT_STREAMS, TEXT_WHOLES } from '../../../support/llm-answers.ts';
import { clientOf, eventsOf } from '../../../support/responses-client.ts';

const weather = {
  type: 'function',
  name: 'weather',
  parameters: {
    type: 'object',
    properties: { city: { type: 'string' } },
    required: ['city'],
    additionalProperties: false,
  },
  strict: true,
} as const;

const asking = { model: 'model-1', input: 'Hello', tools: [weather] };

describe.each(FORMS)('behind %s', (form) => {
  test('a whole answer is a response, with its usage', async () => {
    const { openai, outcomes, router, store } = await clientOf([form, { body: TEXT_WHOLES[form] }]);
    const response = await openai.responses.create({ model: 'model-1', input: 'Hello' });
    expect(response).toMatchObject({
      object: 'response',
      status: 'completed',
      model: 'served-1',
      output_text: 'Hello you',
      output: [{ type: 'message', role: 'assistant', status: 'completed' }],
      usage: { input_tokens: 20, input_tokens_details: { cached_tokens: 8 }, output_tokens: 12, total_tokens: 32 },
    });
    expect(outcomes[0]).toMatchObject({ kind: 'answered', text: 'Hello you', finish: 'stop' });
    await router.close();
    // 12 tokens at 1, 8 from the cache at 0.5, 12 at 10 micro-USD.
    expect([...store.rows.values()]).toMatchObject([
      {
        outcome: 'ok',
        served: 'served-1',
        usage: { inputTokens: 20, cachedTokens: 8, outputTokens: 12 },
        costMicroUsd: 136,
      },
    ]);
  });

  test('a streamed answer is told in events without a gap, of which the SDK makes the response', async () => {
    const { openai, router, store } = await clientOf([form, { body: TEXT_STREAMS[form] }]);
    const events: ResponseStreamEvent[] = [];
    const stream = openai.responses
      .stream({ model: 'model-1', input: 'Hello' })
      .on('event', (event) => events.push(event));
    const response = await stream.finalResponse();
    expect(response).toMatchObject({ status: 'completed', model: 'served-1', output_text: 'Hello you' });
    expect(response.usage).toMatchObject({
      input_tokens: 20,
      output_tokens: 12,
      input_tokens_details: { cached_tokens: 8 },
    });
    expect(events.map(({ type }) => type)).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
      'response.output_text.delta',
      'response.output_text.delta',
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.completed',
    ]);
    expect(events.map(({ sequence_number: number }) => number)).toEqual(events.map((_, at) => at));
    await router.close();
    expect([...store.rows.values()]).toMatchObject([
      { outcome: 'ok', served: 'served-1', costMicroUsd: 136, costSource: 'estimated' },
    ]);
  });

  test('a call of a tool comes with reasoning, which goes back to the same target with the next call', async () => {
    const { openai, endpoints } = await clientOf([form, { body: CALL_STREAMS[form] }]);
    const first = await openai.responses
      .stream({ ...asking, reasoning: { effort: 'low', summary: 'auto' } })
      .finalResponse();
    expect(first.output.map(({ type }) => type)).toEqual(['reasoning', 'function_call']);
    expect(first.output[1]).toMatchObject({ call_id: 'call_1', name: 'weather', arguments: '{"city":"Bonn"}' });
    expect(first.output[0]).toMatchObject({ encrypted_content: expect.any(String) });
    const output = { type: 'function_call_output', call_id: 'call_1', output: '21 degrees' } as const;
    const input = [{ role: 'user', content: 'Hello' } as const, ...first.output, output];
    // biome-ignore lint/suspicious/noExplicitAny: an output of the API is an input, whatever the types say
    await openai.responses.stream({ ...asking, input: input as any }).finalResponse();
    const sent = JSON.stringify(endpoints[0]?.seen[1]?.body);
    const given = { 'openai-compatible': 'Where is it?', anthropic: 'c2ln', gemini: 'c2ln', openai: 'gAAAA' }[form];
    expect(sent).toContain(given);
    expect(sent).toContain('21 degrees');
    expect(sent).not.toContain('trunkline.');
  });

  test('a stream that breaks off ends in a failed response, and is charged for what came', async () => {
    const body = TEXT_STREAMS[form].slice(0, TEXT_STREAMS[form].indexOf(' you'));
    const { openai, outcomes, store } = await clientOf([
      form,
      { body: body.slice(0, body.lastIndexOf('\n\n') + 2), isBroken: true },
    ]);
    const events = await eventsOf(await openai.responses.create({ model: 'model-1', input: 'Hello', stream: true }));
    expect(events.at(-1)).toMatchObject({
      type: 'response.failed',
      sequence_number: events.length - 1,
      response: { status: 'failed', error: { code: 'upstream_failed' } },
    });
    expect(outcomes[0]).toMatchObject({ kind: 'failed', code: 'upstream_failed' });
    expect([...store.rows.values()]).toMatchObject([{ outcome: 'broken_off' }]);
    expect([...store.rows.values()][0]?.costMicroUsd).toBeGreaterThan(0);
  });

  test('a refusal before the first word goes to the next target', async () => {
    const limited = {
      status: 429,
      body: JSON.stringify({ error: { message: 'slow down', type: 'rate_limit_error' } }),
    };
    const { openai, store } = await clientOf(
      [form, limited],
      ['openai-compatible', { body: TEXT_STREAMS['openai-compatible'] }],
    );
    const response = await openai.responses.stream({ model: 'model-1', input: 'Hello' }).finalResponse();
    expect(response.output_text).toBe('Hello you');
    expect([...store.rows.values()].map(({ outcome }) => outcome)).toContain('limited');
  });

  test('an answer that is no answer goes to the next target', async () => {
    const { openai } = await clientOf([form, { body: '{"nothing":1}' }], ['openai', { body: TEXT_STREAMS.openai }]);
    const response = await openai.responses.stream({ model: 'model-1', input: 'Hello' }).finalResponse();
    expect(response).toMatchObject({ id: 'resp_upstream', output_text: 'Hello you' });
  });

  test('a whole answer to a call that wants a stream is told in events', async () => {
    const { openai } = await clientOf([form, { body: TEXT_WHOLES[form] }]);
    const response = await openai.responses.stream({ model: 'model-1', input: 'Hello' }).finalResponse();
    expect(response).toMatchObject({ status: 'completed', output_text: 'Hello you' });
  });
});

test('an endpoint of the form is sent the request, which it keeps nothing of, and its bytes pass as they are', async () => {
  const { openai, endpoints } = await clientOf(['openai', { body: TEXT_STREAMS.openai }]);
  const request = openai.responses.create({
    model: 'model-1',
    input: 'Hello',
    stream: true,
    metadata: { a: 'b' },
    tools: [{ type: 'web_search' }],
  });
  const raw = await request.asResponse();
  expect(await raw.text()).toBe(TEXT_STREAMS.openai);
  expect(endpoints[0]?.seen).toMatchObject([{ path: '/v1/responses' }]);
  expect(endpoints[0]?.seen[0]?.body).toEqual({
    model: 'model-1',
    input: [{ type: 'message', role: 'user', content: 'Hello' }],
    stream: true,
    metadata: { a: 'b' },
    tools: [{ type: 'web_search' }],
    max_output_tokens: 5000,
    store: false,
  });
});

test('a tool that nobody has a form for is a 400 that names it, and nothing is sent', async () => {
  const { openai, endpoints } = await clientOf(['anthropic', { body: TEXT_WHOLES.anthropic }]);
  const asked = openai.responses.create({ model: 'model-1', input: 'Hello', tools: [{ type: 'web_search' }] });
  await expect(asked).rejects.toMatchObject({
    status: 400,
    param: 'tools[0]',
    message: expect.stringContaining('web_search'),
  });
  expect(endpoints[0]?.seen).toEqual([]);
});

test('reasoning of one target is not sent to another', async () => {
  const { openai } = await clientOf(['anthropic', { body: CALL_STREAMS.anthropic }]);
  const first = await openai.responses.stream(asking).finalResponse();
  for (const form of FORMS) {
    const other = await clientOf([form, { status: 503, body: '{}' }], [form, { body: TEXT_WHOLES[form] }]);
    const output = { type: 'function_call_output', call_id: 'call_1', output: '21 degrees' } as const;
    // biome-ignore lint/suspicious/noExplicitAny: an output of the API is an input, whatever the types say
    await other.openai.responses.create({ model: 'model-1', input: [...first.output, output] as any });
    const sent = JSON.stringify(other.endpoints[1]?.seen[0]?.body);
    expect(sent).not.toContain('c2ln');
    expect(sent).not.toContain('trunkline.');
  }
});

test('the SDK parses an answer in a shape', async () => {
  const text = JSON.stringify({ city: 'Bonn' });
  const body = TEXT_WHOLES['openai-compatible'].replace('Hello you', text.replaceAll('"', '\\"'));
  const { openai, endpoints } = await clientOf(['openai-compatible', { body }]);
  const format = { type: 'json_schema', name: 'place', schema: { type: 'object' }, strict: true } as const;
  const response = await openai.responses.parse({ model: 'model-1', input: 'Hello', text: { format } });
  expect(JSON.parse(response.output_text)).toEqual({ city: 'Bonn' });
  expect(endpoints[0]?.seen[0]?.body.response_format).toEqual({
    type: 'json_schema',
    json_schema: { name: 'place', schema: { type: 'object' }, strict: true },
  });
});
