// Pins settings of sessions of Realtime and Translation: the gateway's own `session.update` applies it, and no event of the client
// may change it. https://platform.openai.com/docs/api-reference/realtime-client-events

import { eventType } from '../../../../codecs/json/event-type.ts';
import { type JsonObject, objectAt, readObject, textAt } from '../../../../codecs/json/object.ts';
import { type Frame, jsonFrame } from '../../../../codecs/websocket/frame.ts';
import type { DialectPins, Pins } from '../../contract/pins.ts';
import { type PinnedEvents, pinsBy, readUnchanging } from '../../guards/pin-guard.ts';
import {
  FREE,
  forms,
  itemCheck,
  named,
  PLAIN,
  pinSettings,
  type SettingPlaces,
  type SettingRules,
} from '../../guards/pinned-settings.ts';
import { veil } from './veil.ts';

/** A session as it is now, and in the fields of older clients and of other providers of this protocol. */
const session: SettingPlaces = {
  ...named('type', 'model', 'instructions', 'tools', 'tool_choice', 'parallel_tool_calls', 'prompt', 'replace'),
  ...named('output_modalities', 'max_output_tokens', 'temperature', 'reasoning', 'tracing', 'truncation', 'include'),
  audio: {
    input: {
      format: 'audio.input.format',
      noise_reduction: 'audio.input.noise_reduction',
      transcription: 'audio.input.transcription',
      turn_detection: 'audio.input.turn_detection',
    },
    output: { format: 'audio.output.format', voice: 'audio.output.voice', speed: 'audio.output.speed' },
  },
  modalities: 'output_modalities',
  max_response_output_tokens: 'max_output_tokens',
  voice: 'audio.output.voice',
  speed: 'audio.output.speed',
  input_audio_format: 'audio.input.format',
  output_audio_format: 'audio.output.format',
  input_audio_transcription: 'audio.input.transcription',
  input_audio_noise_reduction: 'audio.input.noise_reduction',
  turn_detection: 'audio.input.turn_detection',
};

const messageTypes = ['message', 'item_reference', 'function_call', 'function_call_output', 'mcp_list_tools'];
const items = itemCheck({
  types: [...messageTypes, 'mcp_call', 'mcp_approval_request', 'mcp_approval_response'],
  guards: ['instructions', 'tools', 'prompt'],
});

/** Older clients have settings at the top. */
const update: SettingPlaces = { ...session, session };
const response: SettingPlaces = { ...session, input: items, metadata: FREE, conversation: FREE };
const item: SettingPlaces = { item_id: PLAIN, content_index: PLAIN, audio_end_ms: PLAIN };

const events: PinnedEvents = {
  'session.update': update,
  'transcription_session.update': update,
  'response.create': { ...response, response },
  'response.cancel': { response_id: PLAIN },
  'conversation.item.create': { previous_item_id: PLAIN, item: items },
  'conversation.item.delete': item,
  'conversation.item.truncate': item,
  'conversation.item.retrieve': item,
  'input_audio_buffer.append': { audio: PLAIN },
  'input_audio_buffer.commit': {},
  'input_audio_buffer.clear': {},
  'output_audio_buffer.clear': {},
};

const isOneOf = (...values: readonly unknown[]) => ({
  expected: values.map((value) => JSON.stringify(value)).join(' or '),
  fits: (value: unknown) => values.includes(value),
});

const rules: SettingRules = {
  session,
  bringers: ['prompt', 'replace'],
  identity: ['type', 'model'],
  forms: {
    type: isOneOf('realtime', 'transcription'),
    model: forms.text,
    instructions: forms.text,
    tools: forms.objects,
    prompt: forms.objectOrNull,
    'audio.output.voice': forms.textOrObject,
    'audio.input.transcription': forms.objectOrNull,
    'audio.input.turn_detection': forms.objectOrNull,
  },
};

/** Pins settings of `/v1/realtime`, of speech and of transcription sessions. */
export const realtimePins = (isAudio: (data: Buffer) => boolean): DialectPins =>
  pinsBy(rules, (given) => {
    // An update has to name the type, which never changes.
    const typed = { type: 'realtime', ...given };
    return holdByUpdate({ given: typed, rules, events, isAudio });
  });

const translationSession: SettingPlaces = {
  ...named('model'),
  audio: {
    input: {
      noise_reduction: 'audio.input.noise_reduction',
      transcription: 'audio.input.transcription',
    },
    output: { language: 'audio.output.language' },
  },
};

const translationRules: SettingRules = {
  session: translationSession,
  bringers: ['replace'],
  identity: ['model'],
  forms: { model: forms.text, 'audio.output.language': forms.text, 'audio.input.transcription': forms.objectOrNull },
};

const translationEvents: PinnedEvents = {
  'session.update': { ...translationSession, session: translationSession },
  'session.input_audio_buffer.append': { audio: PLAIN },
  'session.close': {},
};

/** Pins settings of `/v1/realtime/translations`. */
export const translationPins = (isAudio: (data: Buffer) => boolean): DialectPins =>
  pinsBy(translationRules, (given) =>
    holdByUpdate({ given, rules: translationRules, events: translationEvents, isAudio }),
  );

interface Held {
  readonly given: JsonObject;
  readonly rules: SettingRules;
  readonly events: PinnedEvents;
  readonly isAudio: (data: Buffer) => boolean;
}

function holdByUpdate({ given, rules, events: known, isAudio }: Held): Pins {
  const pinned = pinSettings(given, rules);
  return {
    start: startWith(given, rules),
    fromClient(frame) {
      if (!frame.binary && isAudio(frame.data)) return undefined;
      const read = readUnchanging(frame, known, pinned);
      return 'code' in read ? read : undefined;
    },
    fromProvider: veil(pinned),
  };
}

const EVENT_ID = 'trunkline-pinned';

/** The update of the gateway; undefined where nothing but the identity of the session is pinned. A model cannot be changed by an update. */
function startWith({ model: _, ...settings }: JsonObject, { identity }: SettingRules): Pins['start'] {
  if (Object.keys(settings).every((key) => identity.includes(key))) return undefined;
  return { event: jsonFrame({ event_id: EVENT_ID, type: 'session.update', session: settings }), answerIn };
}

/** While the update waits nothing of the client has passed: an error that quotes no other event is about it. */
function answerIn({ data }: Frame): 'taken' | { readonly fault: string } | undefined {
  const type = eventType(data);
  if (type === 'session.updated' || type === 'transcription_session.updated') return 'taken';
  if (type !== 'error') return undefined;
  const error = objectAt(readObject(data), 'error');
  const id = textAt(error, 'event_id');
  if (id !== undefined && id !== EVENT_ID) return undefined;
  const [code, field] = [textAt(error, 'code'), textAt(error, 'param')];
  return { fault: [code ?? 'error', ...(field === undefined ? [] : [`in ${field}`])].join(' ') };
}
