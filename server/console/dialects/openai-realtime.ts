// OpenAI Realtime (GA): voice with server or manual turns, and text. At most one response is active at a time,
// so a new one waits for the `response.done` of the one that is being cancelled.

import type { Truncation } from '../../../client/playback/playback-tracker.ts';
import { valueAt } from '../../../codecs/json/object.ts';
import { numberOrUndefined, objectOrEmpty, textOrEmpty } from '../api/loose-json.ts';
import type {
  ClientDialect,
  DialectClient,
  DialectMessage,
  FunctionCallItem,
  Outgoing,
  SessionSettings,
  ViewEvent,
} from './dialect.ts';
import { exampleTool } from './example-tool.ts';
import { functionCallIn } from './openai-responses.ts';

const rateHz = 24_000;
const format = { type: 'audio/pcm', rate: rateHz };
const silencePath = ['session', 'audio', 'input', 'turn_detection', 'silence_duration_ms'];
const settingsEventId = 'console_settings';
const models = ['gpt-realtime-2.1', 'gpt-realtime-2.1-mini', 'gpt-realtime-2', 'gpt-realtime-1.5'];

export const openaiRealtime = {
  name: 'openai-realtime',
  inputRateHz: rateHz,
  preferredPath: '/v1/realtime',
  models: { voice: models, text: models },
  voices: ['marin', 'cedar', 'alloy', 'ash', 'ballad', 'coral', 'echo', 'sage', 'shimmer', 'verse'],
  address: (settings, key) => ({
    query: { model: settings.model },
    protocols: key === '' ? ['realtime'] : ['realtime', `openai-insecure-api-key.${key}`],
  }),
  createClient: (settings: SessionSettings) => new OpenaiRealtimeClient(settings),
} satisfies ClientDialect;

class OpenaiRealtimeClient implements DialectClient {
  readonly #settings: SessionSettings;
  #isReady = false;
  #isActive = false;
  /** A response is to be created as soon as the active one has ended. */
  #createWhenDone = false;
  #toolsPending = 0;
  /** Silence that the provider waits for before it calls speech ended. */
  #silenceMs = 0;

  constructor(settings: SessionSettings) {
    this.#settings = settings;
  }

  open(): Outgoing {
    return [sessionUpdate(this.#settings)];
  }

  read(message: DialectMessage) {
    const events = this.#eventsOf(message);
    const isDue = message.type === 'response.done' && this.#createWhenDone;
    return { events, send: isDue ? this.#create() : [] };
  }

  audio(base64: string): Outgoing {
    return [{ type: 'input_audio_buffer.append', audio: base64 }];
  }

  speechEnd(): Outgoing {
    return [{ type: 'input_audio_buffer.commit' }, ...this.#create()];
  }

  speechDrop(): Outgoing {
    return [{ type: 'input_audio_buffer.clear' }];
  }

  say(text: string): Outgoing {
    const item = { type: 'message', role: 'user', content: [{ type: 'input_text', text }] };
    return [{ type: 'conversation.item.create', item }, ...this.#create()];
  }

  cancel(): Outgoing {
    return this.#isActive ? [{ type: 'response.cancel' }] : [];
  }

  truncate({ itemId, contentIndex, playedMs }: Truncation): Outgoing {
    const position = { item_id: itemId, content_index: contentIndex, audio_end_ms: playedMs };
    return [{ type: 'conversation.item.truncate', ...position }];
  }

  answer(call: FunctionCallItem, output: DialectMessage): Outgoing {
    this.#toolsPending = Math.max(0, this.#toolsPending - 1);
    const item = { type: 'function_call_output', call_id: call.callId, output: JSON.stringify(output) };
    return [{ type: 'conversation.item.create', item }, ...this.#create()];
  }

  #create(): DialectMessage[] {
    this.#createWhenDone = this.#isActive;
    return this.#isActive ? [] : [{ type: 'response.create' }];
  }

  #becomeReady(): ViewEvent[] {
    const isFirst = !this.#isReady;
    this.#isReady = true;
    return isFirst ? [{ kind: 'ready' }] : [];
  }

  #eventsOf(message: DialectMessage): ViewEvent[] {
    switch (message.type) {
      case 'session.created':
        return [{ kind: 'hello', model: textOrEmpty(objectOrEmpty(message.session).model) || undefined }];
      case 'session.updated':
        this.#silenceMs = numberOrUndefined(valueAt(message, silencePath)) ?? this.#silenceMs;
        return this.#becomeReady();
      case 'error': {
        const error = objectOrEmpty(message.error);
        const event = { kind: 'error', code: textOrEmpty(error.code), message: textOrEmpty(error.message) } as const;
        // Refused settings leave the session open with the provider's defaults.
        return error.event_id === settingsEventId ? [event, ...this.#becomeReady()] : [event];
      }
      case 'input_audio_buffer.speech_stopped': {
        const endMs = numberOrUndefined(message.audio_end_ms);
        return [{ kind: 'speech-stopped', voicedUntilMs: endMs === undefined ? undefined : endMs - this.#silenceMs }];
      }
      case 'response.created':
        this.#isActive = true;
        return [{ kind: 'reply-started' }];
      case 'response.output_item.done': {
        const call = functionCallIn(message);
        if (call === undefined) return [];
        this.#toolsPending += 1;
        return [{ kind: 'tool-call', call }];
      }
      case 'response.done':
        this.#isActive = false;
        return [replyDone(objectOrEmpty(message.response), this.#createWhenDone || this.#toolsPending > 0)];
      default:
        return mediaEvents(message);
    }
  }
}

function sessionUpdate(settings: SessionSettings): DialectMessage {
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

function mediaEvents(message: DialectMessage): ViewEvent[] {
  const itemId = textOrEmpty(message.item_id);
  switch (message.type) {
    case 'input_audio_buffer.speech_started':
      return [{ kind: 'speech-started', itemId }];
    case 'input_audio_buffer.committed':
      return [{ kind: 'committed', itemId }];
    case 'conversation.item.input_audio_transcription.delta':
      return [{ kind: 'caption', side: 'you', itemId, delta: textOrEmpty(message.delta), final: false }];
    case 'conversation.item.input_audio_transcription.completed':
      return [{ kind: 'caption', side: 'you', itemId, text: textOrEmpty(message.transcript), final: true }];
    case 'conversation.item.input_audio_transcription.failed':
      return [{ kind: 'caption', side: 'you', itemId, text: '(no transcript)', final: true }];
    case 'response.output_audio.delta': {
      const contentIndex = numberOrUndefined(message.content_index) ?? 0;
      return [{ kind: 'audio', itemId, contentIndex, base64: textOrEmpty(message.delta), rateHz }];
    }
    case 'response.output_audio.done':
      return [{ kind: 'audio-end', itemId }];
    case 'response.output_audio_transcript.delta':
    case 'response.output_text.delta':
      return [{ kind: 'caption', side: 'provider', itemId, delta: textOrEmpty(message.delta), final: false }];
    case 'response.output_audio_transcript.done':
      return [{ kind: 'caption', side: 'provider', itemId, text: textOrEmpty(message.transcript), final: true }];
    case 'response.output_text.done':
      return [{ kind: 'caption', side: 'provider', itemId, text: textOrEmpty(message.text), final: true }];
    default:
      return [];
  }
}

function replyDone(response: DialectMessage, toolsPending: boolean): ViewEvent {
  const details = objectOrEmpty(response.status_details);
  const why = textOrEmpty(objectOrEmpty(details.error).message) || textOrEmpty(details.reason);
  const status = response.status;
  const known = status === 'cancelled' || status === 'failed' || status === 'incomplete' ? status : 'completed';
  return { kind: 'reply-done', status: known, toolsPending, why };
}
