// OpenAI Responses over a WebSocket: text only. The conversation is continued by the id of the previous response,
// so a request waits until the response in progress has ended.

import { objectOrEmpty, textOrEmpty } from '../api/loose-json.ts';
import type {
  ClientDialect,
  DialectClient,
  DialectMessage,
  FunctionCallItem,
  Outgoing,
  ReplyStatus,
  SessionSettings,
  ViewEvent,
} from './dialect.ts';
import { exampleTool } from './example-tool.ts';

export const openaiResponses = {
  name: 'openai-responses',
  inputRateHz: 24_000,
  preferredPath: '/v1/responses',
  models: { voice: [], text: ['gpt-6-luna', 'gpt-6-sol', 'gpt-5.6-luna', 'gpt-5.5', 'gpt-5.4-mini'] },
  voices: [],
  address: (_settings, key) => ({
    query: {},
    protocols: key === '' ? [] : ['realtime', `openai-insecure-api-key.${key}`],
  }),
  createClient: (settings: SessionSettings) => new OpenaiResponsesClient(settings),
} satisfies ClientDialect;

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

  read(message: DialectMessage) {
    const events = this.#eventsOf(message);
    return { events, send: this.#request() };
  }

  say(text: string): Outgoing {
    this.#waiting.push({ type: 'message', role: 'user', content: [{ type: 'input_text', text }] });
    return this.#request();
  }

  answer(call: FunctionCallItem, output: DialectMessage): Outgoing {
    this.#toolsPending = Math.max(0, this.#toolsPending - 1);
    this.#waiting.unshift({ type: 'function_call_output', call_id: call.callId, output: JSON.stringify(output) });
    return this.#request();
  }

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
    const itemId = textOrEmpty(message.item_id);
    switch (message.type) {
      case 'response.created':
        return [{ kind: 'reply-started' }];
      case 'response.output_text.delta':
        return [{ kind: 'caption', side: 'provider', itemId, delta: textOrEmpty(message.delta), final: false }];
      case 'response.output_text.done':
        return [{ kind: 'caption', side: 'provider', itemId, text: textOrEmpty(message.text), final: true }];
      case 'response.output_item.done': {
        const call = functionCallIn(message);
        if (call === undefined) return [];
        this.#toolsPending += 1;
        return [{ kind: 'tool-call', call }];
      }
      case 'error':
        return this.#fail(message);
      default:
        return endings.includes(textOrEmpty(message.type)) ? [this.#end(message)] : [];
    }
  }

  /** An error ends the reply that was asked for. */
  #fail(message: DialectMessage): ViewEvent[] {
    const error = Object.keys(objectOrEmpty(message.error)).length > 0 ? objectOrEmpty(message.error) : message;
    const wasActive = this.#isActive;
    this.#isActive = false;
    return [
      { kind: 'error', code: textOrEmpty(error.code), message: textOrEmpty(error.message) },
      ...(wasActive ? [{ kind: 'reply-done', status: 'failed', toolsPending: false } as const] : []),
    ];
  }

  #end(message: DialectMessage): ViewEvent {
    const response = objectOrEmpty(message.response);
    this.#isActive = false;
    if (message.type !== 'response.failed') this.#previousId = textOrEmpty(response.id) || this.#previousId;
    const status = textOrEmpty(message.type).slice('response.'.length) as ReplyStatus;
    const why =
      textOrEmpty(objectOrEmpty(response.error).message) ||
      textOrEmpty(objectOrEmpty(response.incomplete_details).reason);
    return { kind: 'reply-done', status, toolsPending: this.#toolsPending > 0 || this.#waiting.length > 0, why };
  }
}

/** The function call in a `response.output_item.done`, which OpenAI Realtime spells the same; undefined for other items. */
export function functionCallIn(message: DialectMessage): FunctionCallItem | undefined {
  const item = objectOrEmpty(message.item);
  if (item.type !== 'function_call') return undefined;
  return { callId: textOrEmpty(item.call_id), name: textOrEmpty(item.name), arguments: textOrEmpty(item.arguments) };
}
