// Anthropic's Messages, under a contract. An answer with a schema is asked for as the input of a tool that must be called.
// https://docs.anthropic.com/en/api/messages, https://docs.anthropic.com/en/api/messages-streaming

import type { Usage } from '../adapter.ts';
import { isObject, type JsonObject, objectAt, parseJson, textAt, valueAt } from '../event.ts';
import { outcomeOf, type Step, translatedStream } from './chat-answer.ts';
import { dialogueOf, renamedExtra, schemaOf } from './chat-request.ts';
import { faultOfReply } from './fault.ts';
import { type LlmCall, LlmFault, type LlmProfile, type LlmReply, type LlmTarget } from './llm.ts';
import { counted } from './openai-usage.ts';
import type { ServerSentEvent } from './server-sent-events.ts';

const TOOL = 'answer';
const provider = 'anthropic';

export const anthropic: LlmProfile = {
  name: 'anthropic',
  path: 'direct',
  baseUrl: 'https://api.anthropic.com/v1',
  provider: () => provider,
  toRequest: (call, { baseUrl, apiKey, model }: LlmTarget) => ({
    url: `${baseUrl.replace(/\/+$/, '')}/messages`,
    headers: { 'content-type': 'application/json', 'x-api-key': apiKey, 'anthropic-version': '2023-06-01' },
    body: JSON.stringify({ model, ...bodyOf(call) }),
  }),
  readReply,
  readStream: (_, call) => translatedStream({ call, provider, read: createReader() }),
  fault: faultOfReply,
};

function bodyOf(call: LlmCall): JsonObject {
  const { system, turns } = dialogueOf(call);
  const schema = schemaOf(call);
  return {
    ...renamedExtra(call.extra, { stop: 'stop_sequences', top_p: 'top_p', top_k: 'top_k' }),
    max_tokens: call.maxTokens,
    ...(system === undefined ? {} : { system }),
    messages: turns.map(({ role, text }) => ({ role, content: text })),
    // OpenAI's goes up to 2.
    ...(call.temperature === undefined ? {} : { temperature: Math.min(1, call.temperature) }),
    ...(schema === undefined ? {} : toolOf(schema)),
    ...(call.isStreamed ? { stream: true } : {}),
  };
}

const toolOf = (schema: JsonObject) => ({
  tools: [{ name: TOOL, description: 'Gives the answer.', input_schema: schema }],
  tool_choice: { type: 'tool', name: TOOL },
});

function readReply({ body }: LlmReply) {
  const message = parseJson(body.toString());
  if (!isObject(message) || !Array.isArray(message.content)) throw new LlmFault('garbled', 'no message in the answer');
  return outcomeOf({
    id: textAt(message, 'id') ?? '',
    text: message.content.map(textOfBlock).join(''),
    served: textAt(message, 'model'),
    finish: finishOf(textAt(message, 'stop_reason')),
    usage: usageOf(objectAt(message, 'usage')),
    provider,
  });
}

function textOfBlock(block: unknown): string {
  if (!isObject(block)) return '';
  if (block.type === 'tool_use') return JSON.stringify(block.input);
  return block.type === 'text' && typeof block.text === 'string' ? block.text : '';
}

const FINISH: Readonly<Record<string, string>> = { max_tokens: 'length', refusal: 'content_filter' };
const finishOf = (reason: string | undefined) => reason && (FINISH[reason] ?? 'stop');

/** `input_tokens` leaves out what went to or came from the cache. */
function usageOf(usage: JsonObject | undefined): Usage | undefined {
  const count = (name: string) => Number(usage?.[name] ?? 0);
  const cached = count('cache_read_input_tokens');
  return counted({
    inputTokens: usage && count('input_tokens') + cached + count('cache_creation_input_tokens'),
    outputTokens: usage?.output_tokens,
    cachedTokens: cached,
  });
}

/** Reads the events of one stream; the counts of its beginning are completed by those of its end. */
function createReader(): (event: ServerSentEvent) => Step | undefined {
  let begun: JsonObject | undefined;
  return ({ data }) => {
    if (data === undefined) return undefined;
    const event = parseJson(data);
    if (!isObject(event)) throw new LlmFault('garbled', 'an event that is no JSON object');
    switch (event.type) {
      case 'message_start':
        begun = objectAt(event, 'message', 'usage');
        return { id: textAt(event, 'message', 'id'), served: textAt(event, 'message', 'model'), usage: usageOf(begun) };
      case 'content_block_delta':
        return { text: textAt(event, 'delta', 'text') ?? textAt(event, 'delta', 'partial_json') };
      case 'message_delta':
        return {
          finish: finishOf(textAt(event, 'delta', 'stop_reason')),
          usage: usageOf({ ...begun, ...objectAt(event, 'usage') }),
        };
      case 'message_stop':
        return { isEnd: true };
      case 'error':
        throw streamFault(event);
      default:
        return undefined;
    }
  };
}

function streamFault(event: JsonObject): LlmFault {
  const type = String(valueAt(event, ['error', 'type']));
  const code = type === 'rate_limit_error' ? 'limited' : type === 'invalid_request_error' ? 'invalid' : 'unavailable';
  return new LlmFault(code, 'an error in the middle of the answer');
}
