// OpenAI Responses over a WebSocket: text only. The conversation is continued by the id of the response before,
// so a request waits until the response in progress has ended.

import { type Dialect, type Dialog, type Message, objectOf, type Settings, textOf, type ViewEvent } from './dialect.ts';
import { exampleTool } from './example-tool.ts';

export const openaiResponses: Dialect = {
  name: 'openai-responses',
  inputRateHz: 24_000,
  preferredPath: '/v1/responses',
  models: { voice: [], text: ['gpt-6-luna', 'gpt-6-sol', 'gpt-5.6-luna', 'gpt-5.5', 'gpt-5.4-mini'] },
  voices: [],
  address: (_settings, key) => ({
    query: {},
    protocols: key === '' ? [] : ['realtime', `openai-insecure-api-key.${key}`],
  }),
  dialog: openaiResponsesDialog,
};

const endings = ['response.completed', 'response.incomplete', 'response.failed', 'response.cancelled'];

export function openaiResponsesDialog(settings: Settings): Dialog {
  let previous: string | undefined;
  let active = false;
  let toolsPending = 0;
  let waiting: Message[] = [];

  function request(): Message[] {
    if (active || toolsPending > 0 || waiting.length === 0) return [];
    const input = waiting;
    waiting = [];
    active = true;
    return [
      {
        type: 'response.create',
        model: settings.model,
        ...(settings.instructions === '' ? {} : { instructions: settings.instructions }),
        ...(previous === undefined ? {} : { previous_response_id: previous }),
        input,
        ...(settings.tools ? { tools: [{ type: 'function', ...exampleTool }], tool_choice: 'auto' } : {}),
      },
    ];
  }

  function readOne(message: Message): ViewEvent[] {
    const itemId = textOf(message.item_id);
    switch (message.type) {
      case 'response.created':
        return [{ kind: 'reply-started', replyId: textOf(objectOf(message.response).id) }];
      case 'response.output_text.delta':
        return [{ kind: 'caption', side: 'provider', itemId, delta: textOf(message.delta), final: false }];
      case 'response.output_text.done':
        return [{ kind: 'caption', side: 'provider', itemId, text: textOf(message.text), final: true }];
      case 'response.output_item.done': {
        const item = objectOf(message.item);
        if (item.type !== 'function_call') return [];
        toolsPending += 1;
        const call = { callId: textOf(item.call_id), name: textOf(item.name), arguments: textOf(item.arguments) };
        return [{ kind: 'tool-call', call }];
      }
      case 'error': {
        const error = Object.keys(objectOf(message.error)).length > 0 ? objectOf(message.error) : message;
        const failed = active;
        active = false;
        return [
          { kind: 'error', code: textOf(error.code), message: textOf(error.message) },
          ...(failed ? [{ kind: 'reply-done', status: 'failed', toolsPending: false } as const] : []),
        ];
      }
      default:
        return endings.includes(textOf(message.type)) ? [ended(message)] : [];
    }
  }

  function ended(message: Message): ViewEvent {
    const response = objectOf(message.response);
    active = false;
    if (message.type !== 'response.failed') previous = textOf(response.id) || previous;
    const status = textOf(message.type).slice('response.'.length) as
      | 'completed'
      | 'incomplete'
      | 'failed'
      | 'cancelled';
    const why = textOf(objectOf(response.error).message) || textOf(objectOf(response.incomplete_details).reason);
    return { kind: 'reply-done', status, toolsPending: toolsPending > 0 || waiting.length > 0, why };
  }

  return {
    open: () => [],
    read(message) {
      const events = readOne(message);
      return { events, send: request() };
    },
    audio: () => [],
    speechStart: () => [],
    speechEnd: () => [],
    speechDrop: () => [],
    audioPause: () => [],
    say(text) {
      waiting.push({ type: 'message', role: 'user', content: [{ type: 'input_text', text }] });
      return request();
    },
    cancel: () => [],
    truncate: () => [],
    answer(call, output) {
      toolsPending = Math.max(0, toolsPending - 1);
      waiting.unshift({ type: 'function_call_output', call_id: call.callId, output: JSON.stringify(output) });
      return request();
    },
  };
}
