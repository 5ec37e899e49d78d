// Runs as chunks of UI messages, each checked by the schema of the package `ai`.

import { readUIMessageStream, type UIMessage, type UIMessageChunk, uiMessageChunkSchema } from 'ai';
import { describe, expect, test } from 'vitest';
import { ChatChunks } from '../../../../adapters/ui/ai-sdk/chunks.ts';
import type { ChatNote } from '../../../../adapters/ui/ai-sdk/request.ts';
import type { JsonObject } from '../../../../codecs/json/object.ts';
import { answerOf, callEvents, ended, reasoningEvents, textEvents } from '../../../support/response-events.ts';

async function chunksOf(events: readonly JsonObject[], note: ChatNote = {}, isReplay = false) {
  const translator = new ChatChunks(note, { isReplay });
  const chunks = events.flatMap((event) => translator.push(event));
  const schema = uiMessageChunkSchema();
  for (const chunk of chunks) expect(await schema.validate?.(chunk)).toMatchObject({ success: true });
  return chunks;
}

/** The message that the AI SDK makes of the chunks. `message`: that which the page has. */
async function messageOf(chunks: readonly JsonObject[], message?: UIMessage): Promise<UIMessage | undefined> {
  const stream = new ReadableStream<UIMessageChunk>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk as UIMessageChunk);
      controller.close();
    },
  });
  let last: UIMessage | undefined;
  for await (const state of readUIMessageStream({ stream, ...(message && { message }) })) last = state;
  return last;
}

const head = [
  { type: 'start', messageId: 'resp_1', messageMetadata: { responseId: 'resp_1', model: 'some/model' } },
  { type: 'start-step' },
];
const usage = { inputTokens: 9, outputTokens: 5, totalTokens: 14, cachedInputTokens: 4, reasoningTokens: 2 };
const tail = (finishReason: string) => [
  { type: 'finish-step' },
  { type: 'finish', finishReason, messageMetadata: { usage } },
];

test('a text', async () => {
  expect(await chunksOf(answerOf(textEvents(['Hel', 'lo'])))).toEqual([
    ...head,
    { type: 'text-start', id: 'msg_0:0' },
    { type: 'text-delta', id: 'msg_0:0', delta: 'Hel' },
    { type: 'text-delta', id: 'msg_0:0', delta: 'lo' },
    { type: 'text-end', id: 'msg_0:0' },
    ...tail('stop'),
  ]);
});

test('reasoning, whose last part has what the model needs to go on', async () => {
  const start = (id: string) => ({ type: 'reasoning-start', id, providerMetadata: { openai: { itemId: 'rs_0' } } });
  const delta = (id: string, text: string) => ({ type: 'reasoning-delta', id, delta: text });
  const end = (id: string, more = {}) => ({
    type: 'reasoning-end',
    id,
    providerMetadata: { openai: { itemId: 'rs_0', ...more } },
  });
  const [one, two] = ['rs_0:0', 'rs_0:1'] as const;
  expect(await chunksOf(answerOf(reasoningEvents(['One.', 'Two.'], 'sealed')))).toEqual([
    ...head,
    ...[start(one), delta(one, 'One.'), end(one)],
    ...[start(two), delta(two, 'Two.'), end(two, { reasoningEncryptedContent: 'sealed' })],
    ...tail('stop'),
  ]);
  expect(await chunksOf(answerOf(reasoningEvents([], 'sealed')))).toEqual([
    ...head,
    ...[start(one), end(one, { reasoningEncryptedContent: 'sealed' })],
    ...tail('stop'),
  ]);
  expect(await chunksOf(answerOf(reasoningEvents([])))).toEqual([...head, ...tail('stop')]);
});

describe('a call of a tool', () => {
  const input = [
    { type: 'tool-input-start', toolCallId: 'call_0', toolName: 'weather' },
    { type: 'tool-input-delta', toolCallId: 'call_0', inputTextDelta: '{"city":' },
    { type: 'tool-input-delta', toolCallId: 'call_0', inputTextDelta: '"Rome"}' },
  ];
  const events = answerOf(callEvents('weather', ['{"city":', '"Rome"}']));

  test('is there for the page to run', async () => {
    expect(await chunksOf(events)).toEqual([
      ...[...head, ...input],
      { type: 'tool-input-available', toolCallId: 'call_0', toolName: 'weather', input: { city: 'Rome' } },
      ...tail('tool-calls'),
    ]);
  });

  test('waits for the user where its tool has to ask, and nothing tells the page to run it', async () => {
    const chunks = await chunksOf(events, { approved: ['weather'] });
    expect(chunks).toEqual([
      ...[...head, ...input],
      { type: 'tool-approval-request', approvalId: 'approval-call_0', toolCallId: 'call_0' },
      ...tail('tool-calls'),
    ]);
    expect((await messageOf(chunks))?.parts.at(-1)).toMatchObject({
      ...{ type: 'tool-weather', state: 'approval-requested', input: { city: 'Rome' } },
      approval: { id: 'approval-call_0' },
    });
  });

  test('without arguments, and with arguments that are no JSON', async () => {
    const available = { type: 'tool-input-available', toolCallId: 'call_0', toolName: 'weather' };
    expect(await chunksOf(answerOf(callEvents('weather', [])))).toContainEqual({ ...available, input: {} });
    expect(await chunksOf(answerOf(callEvents('weather', ['{"ci'])))).toContainEqual({
      ...{ ...available, type: 'tool-input-error', input: '{"ci' },
      errorText: 'the model wrote input that is no JSON',
    });
  });

  test('of a tool that takes text', async () => {
    const item = { id: 'ct_0', type: 'custom_tool_call', call_id: 'call_0', name: 'run' };
    const chunks = await chunksOf(
      answerOf([
        { type: 'response.output_item.added', item: { ...item, input: '' } },
        { type: 'response.custom_tool_call_input.delta', item_id: 'ct_0', delta: 'ls' },
        { type: 'response.output_item.done', item: { ...item, input: 'ls' } },
      ]),
    );
    expect(chunks).toEqual([
      ...head,
      { type: 'tool-input-start', toolCallId: 'call_0', toolName: 'run', inputEncoding: 'text' },
      { type: 'tool-input-delta', toolCallId: 'call_0', inputTextDelta: 'ls' },
      { type: 'tool-input-available', toolCallId: 'call_0', toolName: 'run', input: 'ls' },
      ...tail('tool-calls'),
    ]);
  });
});

test('a tool that the host of the model runs is complete, and an image is a file', async () => {
  const call = (item: JsonObject) => [
    { type: 'response.output_item.added', item: { ...item, status: 'in_progress' } },
    { type: 'response.output_item.done', item: { ...item, status: 'completed' } },
  ];
  const search = { id: 'ws_0', type: 'web_search_call', action: { type: 'search', query: 'x' } };
  const image = { id: 'ig_0', type: 'image_generation_call', output_format: 'webp', result: 'AA==' };
  expect(await chunksOf(answerOf([...call(search), ...call(image)]))).toEqual([
    ...head,
    { type: 'tool-input-start', toolCallId: 'ws_0', toolName: 'web_search', providerExecuted: true },
    {
      type: 'tool-input-available',
      toolCallId: 'ws_0',
      providerExecuted: true,
      toolName: 'web_search',
      input: search.action,
    },
    { type: 'tool-output-available', toolCallId: 'ws_0', providerExecuted: true, output: {} },
    { type: 'tool-input-start', toolCallId: 'ig_0', toolName: 'image_generation', providerExecuted: true },
    {
      type: 'tool-input-available',
      toolCallId: 'ig_0',
      providerExecuted: true,
      toolName: 'image_generation',
      input: {},
    },
    { type: 'tool-output-available', toolCallId: 'ig_0', providerExecuted: true, output: { output_format: 'webp' } },
    { type: 'file', mediaType: 'image/webp', url: 'data:image/webp;base64,AA==' },
    ...tail('stop'),
  ]);
});

test('sources', async () => {
  const annotations = [
    { type: 'url_citation', url: 'https://example.com', title: 'Example', start_index: 0, end_index: 1 },
    { type: 'file_citation', file_id: 'file-1', filename: 'a.txt', index: 0 },
  ];
  const chunks = await chunksOf(answerOf(textEvents(['Hi'], 0, annotations)));
  expect(chunks.filter(({ type }) => String(type).startsWith('source'))).toEqual([
    { type: 'source-url', sourceId: 'source-0', url: 'https://example.com', title: 'Example' },
    { type: 'source-document', sourceId: 'source-1', mediaType: 'text/plain', title: 'a.txt', filename: 'a.txt' },
  ]);
});

describe('the end', () => {
  const cut = (reason: string) => ended('incomplete', { incomplete_details: { reason } });
  const refused = [
    { type: 'response.content_part.added', item_id: 'm', content_index: 0, part: { type: 'refusal', refusal: '' } },
    { type: 'response.refusal.delta', item_id: 'm', content_index: 0, delta: 'No.' },
  ];

  test.each([
    ['stop', answerOf([])],
    ['length', answerOf([], cut('max_output_tokens'))],
    ['content-filter', answerOf([], cut('content_filter'))],
    ['other', answerOf([], cut('max_tool_calls'))],
    ['content-filter', answerOf(refused)],
  ])('says why: %s', async (reason, events) => {
    expect((await chunksOf(events)).slice(-2)).toEqual(tail(reason));
  });

  test('of an answer that fails closes what is open, and says what is wrong', async () => {
    const events = textEvents(['Hel', 'lo']).slice(0, 3);
    const failed = ended('failed', { usage: null, error: { code: 'run_lost', message: 'the process died' } });
    expect((await chunksOf(answerOf(events, failed))).slice(-4)).toEqual([
      { type: 'text-end', id: 'msg_0:0' },
      { type: 'error', errorText: 'the process died' },
      { type: 'finish-step' },
      { type: 'finish', finishReason: 'error' },
    ]);
    const error = { type: 'error', code: 'side_unavailable', message: 'the store is away' };
    expect(await chunksOf(answerOf(events, error))).toContainEqual({ type: 'error', errorText: 'the store is away' });
  });

  test('of one that was stopped is an abort, and nothing comes behind an end', async () => {
    const events = answerOf(textEvents(['Hello']).slice(0, 3), ended('cancelled'));
    expect((await chunksOf([...events, ended('completed')])).slice(-2)).toEqual([
      { type: 'text-end', id: 'msg_0:0' },
      { type: 'abort', reason: 'cancelled' },
    ]);
  });
});

test('an endpoint that leaves out deltas or the events of parts is read all the same', async () => {
  const events = answerOf([
    ...reasoningEvents(['One.'], 'sealed'),
    ...textEvents(['Hello'], 1),
    ...callEvents('weather', ['{}'], 2),
  ]);
  const whole = await messageOf(await chunksOf(events));
  const isLeftOut = [/delta$/, /(delta|part.added|part.done)$/, /(delta|part.added|part.done|item.added|text.done)$/];
  for (const pattern of isLeftOut) {
    const rest = events.filter(({ type }) => !pattern.test(String(type)));
    expect(await messageOf(await chunksOf(rest)), String(pattern)).toEqual(whole);
  }
});

describe('an answer that goes on with a message', () => {
  const parts = [
    { type: 'step-start' },
    { type: 'text', text: 'Let me see.', state: 'done' },
    { type: 'tool-weather', toolCallId: 'call_9', state: 'output-available', input: { city: 'Rome' }, output: 'Sunny' },
  ];
  const before = [
    { type: 'start-step' },
    { type: 'text-start', id: '1' },
    { type: 'text-delta', id: '1', delta: 'Let me see.' },
    { type: 'text-end', id: '1' },
    { type: 'tool-input-start', toolCallId: 'call_9', toolName: 'weather' },
    { type: 'tool-input-delta', toolCallId: 'call_9', inputTextDelta: '{"city":"Rome"}' },
    { type: 'tool-output-available', toolCallId: 'call_9', output: 'Sunny' },
  ];
  const note = { messageId: 'a1', before };
  const message = { id: 'a1', role: 'assistant', parts } as UIMessage;

  test('adds to it, and a replay makes the same message for a page that has nothing', async () => {
    const events = answerOf(textEvents(['It is sunny.']));
    const added = await messageOf(await chunksOf(events, note), structuredClone(message));
    const replayed = await messageOf(await chunksOf(events, note, true));
    expect(added?.id).toBe('a1');
    expect(added?.parts.map(({ type }) => type)).toEqual(['step-start', 'text', 'tool-weather', 'step-start', 'text']);
    expect(JSON.parse(JSON.stringify(replayed))).toMatchObject(JSON.parse(JSON.stringify(added)));
  });

  test('begins with the calls that the user has denied', async () => {
    const chunks = await chunksOf(answerOf([]), { messageId: 'a1', denied: ['call_9'] });
    expect(chunks.slice(1, 3)).toEqual([{ type: 'tool-output-denied', toolCallId: 'call_9' }, { type: 'start-step' }]);
  });
});
