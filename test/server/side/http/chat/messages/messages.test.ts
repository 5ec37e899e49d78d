// The unmodified SDK of Anthropic against a gateway: targets that speak its form, and those that do not, whole, streamed and with tools.

import Anthropic from '@anthropic-ai/sdk';
import { betaZodTool } from '@anthropic-ai/sdk/helpers/beta/zod';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type Script, startForms } from '../../../../../support/forms-side.ts';
import { chunk, chunkUsage, completion, message, nativeEvents } from '../../../../../support/messages-form.ts';

const classes = {
  native: { targets: [{ gateway: 'anthropic', model: 'claude-sonnet-4-6' }] },
  chat: { targets: [{ gateway: 'chat', model: 'some-model' }] },
  gemini: { targets: [{ gateway: 'gemini', model: 'gemini-3-flash' }] },
  mixed: {
    targets: [
      { gateway: 'anthropic', model: 'claude-opus-4-6' },
      { gateway: 'chat', model: 'other-model' },
    ],
  },
};

let side: Awaited<ReturnType<typeof startForms>>;
beforeAll(async () => {
  side = await startForms({ classes });
});
afterAll(() => side?.close());

const client = (options: ConstructorParameters<typeof Anthropic>[0] = {}) =>
  new Anthropic({ baseURL: side.http, apiKey: 'app-secret', maxRetries: 0, ...options });

const hello = (model: string) => ({ model, max_tokens: 100, messages: [{ role: 'user' as const, content: 'Hello' }] });

describe('a target that speaks the form', () => {
  test('is sent the request with the policy, and its answer passes byte for byte', async () => {
    side.script(() => ({ body: message }));
    const reply = await fetch(`${side.http}/v1/messages`, {
      method: 'POST',
      headers: {
        ...{ 'content-type': 'application/json', 'x-api-key': 'app-secret', 'anthropic-version': '2023-06-01' },
        'anthropic-beta': 'interleaved-thinking-2025-05-14,fast-mode-2026-02-01',
      },
      body: JSON.stringify({ ...hello('claude-sonnet-4-6'), system: [{ type: 'text', text: 'Be kind.' }] }),
    });
    expect(await reply.text()).toBe(JSON.stringify(message));
    expect(reply.headers.get('x-trunkline-gateway')).toBe('anthropic');
    expect(reply.headers.get('x-trunkline-dropped')).toBe('fast-mode-2026-02-01');
    expect(side.seen).toMatchObject([
      {
        path: '/v1/messages',
        headers: { 'x-api-key': 'upstream', 'anthropic-beta': 'interleaved-thinking-2025-05-14' },
        body: { ...hello('claude-sonnet-4-6'), system: [{ type: 'text', text: 'Be kind.' }] },
      },
    ]);
    const row = (await side.store.settled()).at(-1);
    expect(row).toMatchObject({ outcome: 'ok', usage: { inputTokens: 16, cachedTokens: 4, outputTokens: 5 } });
  });

  test('streams byte for byte', async () => {
    side.script(() => ({ body: nativeEvents }));
    const reply = await side.ask('/v1/messages', {
      method: 'POST',
      key: 'app-secret',
      json: { ...hello('native'), stream: true },
    });
    expect(await reply.text()).toBe(nativeEvents);
    expect((await side.store.settled()).at(-1)).toMatchObject({ usage: { inputTokens: 16, outputTokens: 5 } });
  });

  test('has a fallback of another form, which the client does not notice', async () => {
    side.script(({ path }) =>
      path === '/v1/messages'
        ? { status: 529, body: { type: 'error', error: { type: 'overloaded_error', message: 'busy' } } }
        : { body: completion({ content: 'From another' }) },
    );
    const answer = await client().messages.create(hello('mixed'));
    expect(answer.content).toEqual([{ type: 'text', text: 'From another' }]);
    expect(side.seen.map(({ path }) => path)).toEqual(['/v1/messages', '/v1/chat/completions']);
  });
});

describe('a target of chat completions', () => {
  test('answers whole', async () => {
    side.script(() => ({ body: completion({ content: 'Hi there' }) }));
    const { data, response } = await client().messages.create(hello('some-model')).withResponse();
    expect(data).toMatchObject({
      ...{ type: 'message', role: 'assistant', model: 'some-model', stop_reason: 'end_turn' },
      content: [{ type: 'text', text: 'Hi there' }],
      usage: { input_tokens: 8, cache_read_input_tokens: 4, output_tokens: 5 },
    });
    expect(data.id).toMatch(/^msg_/);
    expect(response.headers.get('request-id')).toBe(response.headers.get('x-request-id'));
  });

  test('is asked in its own form: text, images, documents, tools and what they gave', async () => {
    side.script(() => ({ body: completion({ content: 'ok' }) }));
    await client().messages.create({
      ...{ model: 'some-model', max_tokens: 50, system: 'Be kind.', stop_sequences: ['END'], temperature: 0.5 },
      metadata: { user_id: 'u1' },
      tools: [{ name: 'look', description: 'Looks.', input_schema: { type: 'object', properties: {} } }],
      tool_choice: { type: 'any', disable_parallel_tool_use: true },
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'What is this?', cache_control: { type: 'ephemeral' } },
            { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } },
            {
              type: 'document',
              title: 'a.pdf',
              source: { type: 'base64', media_type: 'application/pdf', data: 'BBBB' },
            },
          ],
        },
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: 'Hm.', signature: 'of-anthropic' },
            { type: 'text', text: 'I look.' },
            { type: 'tool_use', id: 't1', name: 'look', input: { at: 1 } },
          ],
        },
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: 't1', content: [{ type: 'text', text: 'nothing' }], is_error: true },
            { type: 'text', text: 'And now?' },
          ],
        },
      ],
    });
    expect(side.seen[0]?.body).toMatchObject({
      ...{ model: 'some-model', max_tokens: 50, stop: ['END'], temperature: 0.5, user: 'u1' },
      ...{ tool_choice: 'required', parallel_tool_calls: false },
      tools: [{ type: 'function', function: { name: 'look', description: 'Looks.' } }],
      messages: [
        { role: 'system', content: 'Be kind.' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'What is this?' },
            { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
            { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,BBBB' } },
          ],
        },
        { role: 'assistant', content: 'I look.', tool_calls: [{ id: 't1', function: { name: 'look' } }] },
        { role: 'tool', tool_call_id: 't1', content: '(The tool failed.) nothing' },
        { role: 'user', content: 'And now?' },
      ],
    });
  });

  test('streams, and the SDK puts the message together', async () => {
    side.script(() => ({
      body: [
        chunk({ role: 'assistant', content: 'Hi ' }),
        chunk({ content: 'there' }),
        chunk({}, 'length'),
        chunkUsage,
      ],
    }));
    const stream = client().messages.stream(hello('some-model'));
    const events: string[] = [];
    stream.on('streamEvent', ({ type }) => events.push(type));
    const last = await stream.finalMessage();
    expect(last).toMatchObject({ content: [{ type: 'text', text: 'Hi there' }], stop_reason: 'max_tokens' });
    expect(last.usage).toMatchObject({ input_tokens: 12, output_tokens: 5 });
    expect(events).toEqual([
      ...['message_start', 'content_block_start', 'content_block_delta', 'content_block_delta', 'content_block_stop'],
      ...['message_delta', 'message_stop'],
    ]);
  });

  test('streams calls of tools one after the other', async () => {
    const call = (index: number, fields: object) => chunk({ tool_calls: [{ index, ...fields }] });
    side.script(() => ({
      body: [
        call(0, { id: 'a', type: 'function', function: { name: 'look', arguments: '' } }),
        call(0, { function: { arguments: '{"at":' } }),
        call(0, { function: { arguments: '1}' } }),
        call(1, { id: 'b', type: 'function', function: { name: 'stop', arguments: '' } }),
        chunk({}, 'tool_calls'),
        chunkUsage,
      ],
    }));
    const last = await client().messages.stream(hello('some-model')).finalMessage();
    expect(last.stop_reason).toBe('tool_use');
    expect(last.content).toMatchObject([
      { type: 'tool_use', id: 'a', name: 'look', input: { at: 1 } },
      { type: 'tool_use', id: 'b', name: 'stop', input: {} },
    ]);
  });

  test('thoughts are shown to a client that asked for them, and go back to the target that had them', async () => {
    const thinking = { type: 'enabled' as const, budget_tokens: 2000 };
    side.script(() => ({ body: completion({ content: 'Yes', reasoning_content: 'Hm.' }) }));
    const request = { ...hello('some-model'), max_tokens: 4000, thinking };
    const first = await client().messages.create(request);
    expect(first.content).toMatchObject([
      { type: 'thinking', thinking: 'Hm.' },
      { type: 'text', text: 'Yes' },
    ]);
    expect(side.seen[0]?.body.reasoning_effort).toBe('low');
    const silent = await client().messages.create(hello('some-model'));
    expect(silent.content).toEqual([{ type: 'text', text: 'Yes' }]);
  });

  test('what has no form there is refused by name, and no target is asked', async () => {
    side.script(() => ({ body: completion({ content: 'no' }) }));
    const asked = client().messages.create({
      ...hello('some-model'),
      tools: [{ type: 'web_search_20250305', name: 'web_search' }],
    });
    await expect(asked).rejects.toMatchObject({
      status: 400,
      error: {
        type: 'error',
        error: { type: 'invalid_request_error', message: expect.stringContaining('web_search') },
      },
    });
    expect(side.seen).toEqual([]);
  });
});

test('a target of Gemini answers whole and streamed, with tools', async () => {
  const parts = [{ functionCall: { name: 'look', args: { at: 1 } } }];
  const reply = {
    candidates: [{ content: { parts, role: 'model' }, finishReason: 'STOP' }],
    usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 2, totalTokenCount: 5 },
  };
  const tools = [{ name: 'look', input_schema: { type: 'object' as const, properties: {} } }];
  for (const isStreamed of [false, true]) {
    side.script(() => ({ body: isStreamed ? [reply] : reply }));
    const last = isStreamed
      ? await client()
          .messages.stream({ ...hello('gemini'), tools })
          .finalMessage()
      : await client().messages.create({ ...hello('gemini'), tools });
    expect(last).toMatchObject({
      stop_reason: 'tool_use',
      content: [{ type: 'tool_use', name: 'look', input: { at: 1 } }],
    });
    expect(last.usage).toMatchObject({ input_tokens: 3, output_tokens: 2 });
  }
});

test('the tool runner of the SDK runs tools until the answer is there', async () => {
  const script: Script = ({ body }) => {
    const result = body.messages.find(({ role }: { role: string }) => role === 'tool');
    const call = { id: 'w', type: 'function', function: { name: 'weather', arguments: '{"place":"Ulm"}' } };
    return {
      body: result
        ? completion({ content: `It is ${result.content}.` })
        : completion({ tool_calls: [call] }, 'tool_calls'),
    };
  };
  side.script(script);
  const weather = betaZodTool({
    name: 'weather',
    description: 'Tells the weather.',
    inputSchema: z.object({ place: z.string() }),
    run: ({ place }) => `sunny in ${place}`,
  });
  const runner = client().beta.messages.toolRunner({ ...hello('some-model'), tools: [weather] });
  expect((await runner).content).toEqual([{ type: 'text', text: 'It is sunny in Ulm.' }]);
});
