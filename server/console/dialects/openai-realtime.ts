// OpenAI Realtime (GA): voice with server or manual turns, and text. At most one response is active at a time,
// so a new one waits for the `response.done` of the one that is being cancelled.

import { type Dialect, type Dialog, type Message, objectOf, type Settings, textOf, type ViewEvent } from './dialect.ts';
import { exampleTool } from './example-tool.ts';

const rateHz = 24_000;
const format = { type: 'audio/pcm', rate: rateHz };
const settingsEventId = 'console_settings';

export const openaiRealtime: Dialect = {
  name: 'openai-realtime',
  inputRateHz: rateHz,
  preferredPath: '/v1/realtime',
  models: {
    voice: ['gpt-realtime-2.1', 'gpt-realtime-2.1-mini', 'gpt-realtime-2', 'gpt-realtime-1.5'],
    text: ['gpt-realtime-2.1', 'gpt-realtime-2.1-mini', 'gpt-realtime-2', 'gpt-realtime-1.5'],
  },
  voices: ['marin', 'cedar', 'alloy', 'ash', 'ballad', 'coral', 'echo', 'sage', 'shimmer', 'verse'],
  address: (settings, key) => ({
    query: { model: settings.model },
    protocols: key === '' ? ['realtime'] : ['realtime', `openai-insecure-api-key.${key}`],
  }),
  dialog: openaiRealtimeDialog,
};

function sessionUpdate(settings: Settings): Message {
  const voice = settings.modality === 'voice';
  const turn_detection = settings.turnTaking === 'manual' ? null : { type: 'server_vad' };
  const input = { format, transcription: { model: 'gpt-4o-mini-transcribe' }, turn_detection };
  const output = settings.voice === '' ? { format } : { format, voice: settings.voice };
  return {
    type: 'session.update',
    event_id: settingsEventId,
    session: {
      type: 'realtime',
      ...(settings.instructions === '' ? {} : { instructions: settings.instructions }),
      output_modalities: [voice ? 'audio' : 'text'],
      ...(voice ? { audio: { input, output } } : {}),
      ...(settings.tools ? { tools: [{ type: 'function', ...exampleTool }], tool_choice: 'auto' } : {}),
    },
  };
}

export function openaiRealtimeDialog(settings: Settings): Dialog {
  let ready = false;
  let active = false;
  let createWhenDone = false;
  let toolsPending = 0;
  /** What the provider waits for before it calls speech ended. */
  let silenceMs = 0;

  const create = (): Message[] => {
    createWhenDone = active;
    return active ? [] : [{ type: 'response.create' }];
  };
  const becomeReady = (): ViewEvent[] => {
    const first = !ready;
    ready = true;
    return first ? [{ kind: 'ready' }] : [];
  };

  function readState(message: Message): ViewEvent[] {
    switch (message.type) {
      case 'session.created':
        return [{ kind: 'hello', model: textOf(objectOf(message.session).model) || undefined }];
      case 'session.updated':
        silenceMs = silenceOf(objectOf(message.session)) ?? silenceMs;
        return becomeReady();
      case 'error': {
        const error = objectOf(message.error);
        const event = { kind: 'error', code: textOf(error.code), message: textOf(error.message) } as const;
        // Refused settings leave the session open with the provider's defaults.
        return error.event_id === settingsEventId ? [event, ...becomeReady()] : [event];
      }
      case 'input_audio_buffer.speech_stopped': {
        const { audio_end_ms: endMs } = message;
        return [{ kind: 'speech-stopped', voicedUntilMs: typeof endMs === 'number' ? endMs - silenceMs : undefined }];
      }
      case 'response.created':
        active = true;
        return [{ kind: 'reply-started', replyId: textOf(objectOf(message.response).id) }];
      case 'response.output_item.done': {
        const item = objectOf(message.item);
        if (item.type !== 'function_call') return [];
        toolsPending += 1;
        const call = { callId: textOf(item.call_id), name: textOf(item.name), arguments: textOf(item.arguments) };
        return [{ kind: 'tool-call', call }];
      }
      case 'response.done':
        active = false;
        return [replyDone(objectOf(message.response), createWhenDone || toolsPending > 0)];
      default:
        return readMedia(message);
    }
  }

  return {
    open: () => [sessionUpdate(settings)],
    read(message) {
      const events = readState(message);
      const due = message.type === 'response.done' && createWhenDone;
      return { events, send: due ? create() : [] };
    },
    audio: (base64) => [{ type: 'input_audio_buffer.append', audio: base64 }],
    speechStart: () => [],
    speechEnd: () => [{ type: 'input_audio_buffer.commit' }, ...create()],
    speechDrop: () => [{ type: 'input_audio_buffer.clear' }],
    audioPause: () => [],
    say(text) {
      const item = { type: 'message', role: 'user', content: [{ type: 'input_text', text }] };
      return [{ type: 'conversation.item.create', item }, ...create()];
    },
    cancel: () => (active ? [{ type: 'response.cancel' }] : []),
    truncate: ({ itemId, contentIndex, playedMs }) => [
      {
        type: 'conversation.item.truncate',
        item_id: itemId,
        content_index: contentIndex,
        audio_end_ms: playedMs,
      },
    ],
    answer(call, output) {
      toolsPending = Math.max(0, toolsPending - 1);
      const item = { type: 'function_call_output', call_id: call.callId, output: JSON.stringify(output) };
      return [{ type: 'conversation.item.create', item }, ...create()];
    },
  };
}

function silenceOf(session: Message): number | undefined {
  const detection = objectOf(objectOf(objectOf(session.audio).input).turn_detection);
  return typeof detection.silence_duration_ms === 'number' ? detection.silence_duration_ms : undefined;
}

function readMedia(message: Message): ViewEvent[] {
  const itemId = textOf(message.item_id);
  switch (message.type) {
    case 'input_audio_buffer.speech_started':
      return [{ kind: 'speech-started', itemId }];
    case 'input_audio_buffer.committed':
      return [{ kind: 'committed', itemId }];
    case 'conversation.item.input_audio_transcription.delta':
      return [{ kind: 'caption', side: 'you', itemId, delta: textOf(message.delta), final: false }];
    case 'conversation.item.input_audio_transcription.completed':
      return [{ kind: 'caption', side: 'you', itemId, text: textOf(message.transcript), final: true }];
    case 'conversation.item.input_audio_transcription.failed':
      return [{ kind: 'caption', side: 'you', itemId, text: '(no transcript)', final: true }];
    case 'response.output_audio.delta': {
      const contentIndex = typeof message.content_index === 'number' ? message.content_index : 0;
      return [{ kind: 'audio', itemId, contentIndex, base64: textOf(message.delta), rateHz }];
    }
    case 'response.output_audio.done':
      return [{ kind: 'audio-end', itemId }];
    case 'response.output_audio_transcript.delta':
    case 'response.output_text.delta':
      return [{ kind: 'caption', side: 'provider', itemId, delta: textOf(message.delta), final: false }];
    case 'response.output_audio_transcript.done':
      return [{ kind: 'caption', side: 'provider', itemId, text: textOf(message.transcript), final: true }];
    case 'response.output_text.done':
      return [{ kind: 'caption', side: 'provider', itemId, text: textOf(message.text), final: true }];
    default:
      return [];
  }
}

function replyDone(response: Message, toolsPending: boolean): ViewEvent {
  const details = objectOf(response.status_details);
  const why = textOf(objectOf(details.error).message) || textOf(details.reason);
  const status = response.status;
  const known = status === 'cancelled' || status === 'failed' || status === 'incomplete' ? status : 'completed';
  return { kind: 'reply-done', status: known, toolsPending, why };
}
