// Answers of LLM endpoints of every form, whole and as streams, with the same content: reasoning, text and a call of a tool.

import { sse } from './llm-endpoint.ts';

/** The profiles whose answers are here. `openai` speaks Responses itself. */
export const FORMS = ['openai-compatible', 'anthropic', 'gemini', 'openai'] as const;
export type Form = (typeof FORMS)[number];

const chunk = (delta: object, more: object = {}) => ({
  id: 'c-1',
  object: 'chat.completion.chunk',
  created: 1,
  model: 'served-1',
  choices: [{ index: 0, delta, finish_reason: null, ...more }],
});

const completionsUsage = {
  prompt_tokens: 20,
  completion_tokens: 12,
  total_tokens: 32,
  prompt_tokens_details: { cached_tokens: 8 },
  completion_tokens_details: { reasoning_tokens: 4 },
};

/** The object of OpenAI's Responses API, as its endpoint gives it. */
const nativeResponse = (more: object) => ({
  id: 'resp_upstream',
  object: 'response',
  created_at: 1,
  status: 'in_progress',
  model: 'served-1',
  output: [],
  usage: null,
  error: null,
  incomplete_details: null,
  store: false,
  ...more,
});

const nativeUsage = {
  input_tokens: 20,
  input_tokens_details: { cached_tokens: 8 },
  output_tokens: 12,
  output_tokens_details: { reasoning_tokens: 4 },
  total_tokens: 32,
};

const part = { type: 'output_text', annotations: [], logprobs: [], text: 'Hello you' };
const message = { id: 'msg_up', type: 'message', status: 'completed', role: 'assistant', content: [part] };
const place = { item_id: 'msg_up', output_index: 0, content_index: 0 };
const begunMessage = { ...message, status: 'in_progress', content: [] };

/** Streams that say `Hello you`, in two pieces. */
export const TEXT_STREAMS: Readonly<Record<Form, string>> = {
  'openai-compatible': sse(
    chunk({ role: 'assistant', content: '' }),
    chunk({ content: 'Hello' }),
    chunk({ content: ' you' }),
    chunk({}, { finish_reason: 'stop' }),
    { ...chunk({}), choices: [], usage: completionsUsage },
    '[DONE]',
  ),
  anthropic: sse(
    {
      type: 'message_start',
      message: {
        id: 'msg_1',
        model: 'served-1',
        usage: { input_tokens: 12, cache_read_input_tokens: 8, output_tokens: 1 },
      },
    },
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hello' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: ' you' } },
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 12 } },
    { type: 'message_stop' },
  ),
  gemini: sse(
    { responseId: 'r-1', modelVersion: 'served-1', candidates: [{ content: { parts: [{ text: 'Hello' }] } }] },
    {
      responseId: 'r-1',
      modelVersion: 'served-1',
      candidates: [{ content: { parts: [{ text: ' you' }] }, finishReason: 'STOP' }],
      usageMetadata: {
        promptTokenCount: 20,
        cachedContentTokenCount: 8,
        candidatesTokenCount: 8,
        thoughtsTokenCount: 4,
        totalTokenCount: 32,
      },
    },
  ),
  openai: sse(
    { type: 'response.created', sequence_number: 0, response: nativeResponse({}) },
    { type: 'response.in_progress', sequence_number: 1, response: nativeResponse({}) },
    { type: 'response.output_item.added', sequence_number: 2, output_index: 0, item: begunMessage },
    { type: 'response.content_part.added', sequence_number: 3, ...place, part: { ...part, text: '' } },
    {
      type: 'response.output_text.delta',
      sequence_number: 4,
      ...place,
      delta: 'Hello',
      logprobs: [],
      obfuscation: 'x1',
    },
    { type: 'response.output_text.delta', sequence_number: 5, ...place, delta: ' you', logprobs: [], obfuscation: 'y' },
    { type: 'response.output_text.done', sequence_number: 6, ...place, text: 'Hello you', logprobs: [] },
    { type: 'response.content_part.done', sequence_number: 7, ...place, part },
    { type: 'response.output_item.done', sequence_number: 8, output_index: 0, item: message },
    {
      type: 'response.completed',
      sequence_number: 9,
      response: nativeResponse({ status: 'completed', output: [message], usage: nativeUsage }),
    },
  ),
};

const args = '{"city":"Bonn"}';
const nativeCall = {
  id: 'fc_up',
  type: 'function_call',
  status: 'completed',
  arguments: args,
  call_id: 'call_1',
  name: 'weather',
};

/** Streams that think `Where is it?`, and call the tool `weather`. */
export const CALL_STREAMS: Readonly<Record<Form, string>> = {
  'openai-compatible': sse(
    chunk({ role: 'assistant', content: null, reasoning_content: 'Where ' }),
    chunk({ reasoning_content: 'is it?' }),
    chunk({ tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name: 'weather', arguments: '' } }] }),
    chunk({ tool_calls: [{ index: 0, function: { arguments: '{"city":' } }] }),
    chunk({ tool_calls: [{ index: 0, function: { arguments: '"Bonn"}' } }] }),
    chunk({}, { finish_reason: 'tool_calls' }),
    { ...chunk({}), choices: [], usage: completionsUsage },
    '[DONE]',
  ),
  anthropic: sse(
    {
      type: 'message_start',
      message: { id: 'msg_1', model: 'served-1', usage: { input_tokens: 20, output_tokens: 1 } },
    },
    { type: 'content_block_start', index: 0, content_block: { type: 'thinking', thinking: '', signature: '' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: 'Where ' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: 'is it?' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'signature_delta', signature: 'c2ln' } },
    { type: 'content_block_stop', index: 0 },
    {
      type: 'content_block_start',
      index: 1,
      content_block: { type: 'tool_use', id: 'call_1', name: 'weather', input: {} },
    },
    { type: 'content_block_delta', index: 1, delta: { type: 'input_json_delta', partial_json: '{"city":' } },
    { type: 'content_block_delta', index: 1, delta: { type: 'input_json_delta', partial_json: '"Bonn"}' } },
    { type: 'content_block_stop', index: 1 },
    { type: 'message_delta', delta: { stop_reason: 'tool_use' }, usage: { output_tokens: 12 } },
    { type: 'message_stop' },
  ),
  gemini: sse(
    {
      responseId: 'r-1',
      modelVersion: 'served-1',
      candidates: [{ content: { parts: [{ text: 'Where is it?', thought: true }] } }],
    },
    {
      responseId: 'r-1',
      modelVersion: 'served-1',
      candidates: [
        {
          content: {
            parts: [
              { functionCall: { id: 'call_1', name: 'weather', args: { city: 'Bonn' } }, thoughtSignature: 'c2ln' },
            ],
          },
          finishReason: 'STOP',
        },
      ],
      usageMetadata: { promptTokenCount: 20, candidatesTokenCount: 8, thoughtsTokenCount: 4, totalTokenCount: 32 },
    },
  ),
  openai: sse(
    { type: 'response.created', sequence_number: 0, response: nativeResponse({}) },
    { type: 'response.in_progress', sequence_number: 1, response: nativeResponse({}) },
    {
      type: 'response.output_item.added',
      sequence_number: 2,
      output_index: 0,
      item: { id: 'rs_up', type: 'reasoning', summary: [] },
    },
    {
      type: 'response.output_item.done',
      sequence_number: 3,
      output_index: 0,
      item: { id: 'rs_up', type: 'reasoning', summary: [], encrypted_content: 'gAAAA' },
    },
    {
      type: 'response.output_item.added',
      sequence_number: 4,
      output_index: 1,
      item: { ...nativeCall, status: 'in_progress', arguments: '' },
    },
    {
      type: 'response.function_call_arguments.delta',
      sequence_number: 5,
      item_id: 'fc_up',
      output_index: 1,
      delta: args,
    },
    {
      type: 'response.function_call_arguments.done',
      sequence_number: 6,
      item_id: 'fc_up',
      output_index: 1,
      arguments: args,
      name: 'weather',
    },
    { type: 'response.output_item.done', sequence_number: 7, output_index: 1, item: nativeCall },
    {
      type: 'response.completed',
      sequence_number: 8,
      response: nativeResponse({
        status: 'completed',
        output: [{ id: 'rs_up', type: 'reasoning', summary: [], encrypted_content: 'gAAAA' }, nativeCall],
        usage: nativeUsage,
      }),
    },
  ),
};

/** Whole answers that say `Hello you`. */
export const TEXT_WHOLES: Readonly<Record<Form, string>> = {
  'openai-compatible': JSON.stringify({
    id: 'c-1',
    object: 'chat.completion',
    created: 1,
    model: 'served-1',
    choices: [{ index: 0, message: { role: 'assistant', content: 'Hello you' }, finish_reason: 'stop' }],
    usage: completionsUsage,
  }),
  anthropic: JSON.stringify({
    id: 'msg_1',
    type: 'message',
    model: 'served-1',
    content: [{ type: 'text', text: 'Hello you' }],
    stop_reason: 'end_turn',
    usage: { input_tokens: 12, cache_read_input_tokens: 8, output_tokens: 12 },
  }),
  gemini: JSON.stringify({
    responseId: 'r-1',
    modelVersion: 'served-1',
    candidates: [{ content: { parts: [{ text: 'Hello you' }] }, finishReason: 'STOP' }],
    usageMetadata: { promptTokenCount: 20, cachedContentTokenCount: 8, candidatesTokenCount: 12, totalTokenCount: 32 },
  }),
  openai: JSON.stringify(nativeResponse({ status: 'completed', output: [message], usage: nativeUsage })),
};
