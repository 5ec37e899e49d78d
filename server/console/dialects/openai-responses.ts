// OpenAI Responses over a WebSocket: text only. The conversation is continued by the id of the previous response,
// so a request waits until the response in progress has ended.

import { asObject, asText } from '../api/loose-json.ts';
import type {
  ClientDialect,
  DialectClient,
  DialectMessage,
  FunctionCall,
  ReplyStatus,
  SessionSettings,
  ViewEvent,
} from './dialect.ts';
import { exampleTool } from './example-tool.ts';

export const openaiResponses: ClientDialect = {
  name: 'openai-responses',
  inputRateHz: 24_000,
  preferredPath: '/v1/responses',
  models: { voice: [], text: ['gpt-6-luna', 'gpt-6-sol', 'gpt-5.6-luna', 'gpt-5.5', 'gpt-5.4-mini'] },
  voices: [],
  address: (_settings, key) => ({
    query: {},
    protocols: key === '' ? [] : ['realtime', `openai-insecure-api-key.${key}`],
  }),
  createClient: (settings) => new OpenaiResponsesClient(settings),
};

const endings = ['response.completed', 'response.incomplete', 'response.failed', 'response.cancelled'];

class OpenaiResponsesClient implements DialectClient {
  readonly #settings: SessionSettings;
  #previousId: string | undefined;
  #isActive = false;
  #toolsPending = 0;
  /** Input items that the next request takes along. */
  #waiting: DialectMessage[] = [];

  constructor(settings: SessionSettings) {
    this.#settings = settings;
  }

  open(): readonly DialectMessage[] {
    return [];
  }

  read(message: DialectMessage) {
    const events = this.#eventsOf(message);
    return { events, send: this.#request() };
  }

  say(text: string): readonly DialectMessage[] {
    this.#waiting.push({ type: 'message', role: 'user', content: [{ type: 'input_text', text }] });
    return this.#request();
  }

  answer(call: FunctionCall, output: DialectMessage): readonly DialectMessage[] {
    this.#toolsPending = Math.max(0, this.#toolsPending - 1);
    this.#waiting.unshift({ type: 'function_call_output', call_id: call.callId, output: JSON.stringify(output) });
    return this.#request();
  }

  audio = nothingToSend;
  speechStart = nothingToSend;
  speechEnd = nothingToSend;
  speechDrop = nothingToSend;
  audioPause = nothingToSend;
  cancel = nothingToSend;
  truncate = nothingToSend;

  #request(): DialectMessage[] {
    if (this.#isActive || this.#toolsPending > 0 || this.#waiting.length === 0) return [];
    const { model, instructions, tools } = this.#settings;
    const input = this.#waiting;
    this.#waiting = [];
    this.#isActive = true;
    return [
      {
        type: 'response.create',
        model,
        ...(instructions === '' ? {} : { instructions }),
        ...(this.#previousId === undefined ? {} : { previous_response_id: this.#previousId }),
        input,
        ...(tools ? { tools: [{ type: 'function', ...exampleTool }], tool_choice: 'auto' } : {}),
      },
    ];
  }

  #eventsOf(message: DialectMessage): ViewEvent[] {
    const itemId = asText(message.item_id);
    switch (message.type) {
      case 'response.created':
        return [{ kind: 'reply-started', replyId: asText(asObject(message.response).id) }];
      case 'response.output_text.delta':
        return [{ kind: 'caption', side: 'provider', itemId, delta: asText(message.delta), final: false }];
      case 'response.output_text.done':
        return [{ kind: 'caption', side: 'provider', itemId, text: asText(message.text), final: true }];
      case 'response.output_item.done': {
        const call = functionCallIn(message);
        if (call === undefined) return [];
        this.#toolsPending += 1;
        return [{ kind: 'tool-call', call }];
      }
      case 'error':
        return this.#fail(message);
      default:
        return endings.includes(asText(message.type)) ? [this.#end(message)] : [];
    }
  }

  /** An error ends the reply that was asked for. */
  #fail(message: DialectMessage): ViewEvent[] {
    const error = Object.keys(asObject(message.error)).length > 0 ? asObject(message.error) : message;
    const wasActive = this.#isActive;
    this.#isActive = false;
    return [
      { kind: 'error', code: asText(error.code), message: asText(error.message) },
      ...(wasActive ? [{ kind: 'reply-done', status: 'failed', toolsPending: false } as const] : []),
    ];
  }

  #end(message: DialectMessage): ViewEvent {
    const response = asObject(message.response);
    this.#isActive = false;
    if (message.type !== 'response.failed') this.#previousId = asText(response.id) || this.#previousId;
    const status = asText(message.type).slice('response.'.length) as ReplyStatus;
    const why = asText(asObject(response.error).message) || asText(asObject(response.incomplete_details).reason);
    return { kind: 'reply-done', status, toolsPending: this.#toolsPending > 0 || this.#waiting.length > 0, why };
  }
}

function nothingToSend(): readonly DialectMessage[] {
  return [];
}

/** The function call in a `response.output_item.done`, which OpenAI Realtime spells the same; undefined for other items. */
export function functionCallIn(message: DialectMessage): FunctionCall | undefined {
  const item = asObject(message.item);
  if (item.type !== 'function_call') return undefined;
  return { callId: asText(item.call_id), name: asText(item.name), arguments: asText(item.arguments) };
}
