// The Realtime GA dialect (/v1/realtime): speech-to-speech, transcription and sideband sessions.

import { eventType, typeDecides } from '../../../../codecs/json/event-type.ts';
import { type JsonObject, objectAt, readObject, textAt } from '../../../../codecs/json/object.ts';
import { type Direction, type Frame, jsonFrame, type OutFrame } from '../../../../codecs/websocket/frame.ts';
import type { Dialect } from '../../contract/dialect.ts';
import { type Mark, type Observation, withTranscript } from '../../contract/observation.ts';
import { eventPaths } from '../../guards/event-paths.ts';
import { guardModels, type ModelRules } from '../../guards/model-guard.ts';
import { renamedBy } from '../../guards/renamed-model.ts';
import { soundEvent } from '../../guards/sound-event.ts';
import { openaiSound, soundBytesPerSecond } from '../audio.ts';
import { realtimeError, refusalEvent } from '../error-event.ts';
import { realtimePins } from '../pins/realtime.ts';
import { realtimeResumption } from '../resumption/realtime.ts';
import { askedTools } from '../tool-calls.ts';
import { assistantWords, createdItem, transcriptOfItem, userWords } from '../transcript.ts';
import { tokenUsage } from '../usage.ts';

/** A session is configured at `session`, by older clients at the top; a response may carry the same settings. */
export const realtimePlaces = eventPaths(
  [[], ['session'], ['response']].flatMap((place) => [
    [...place, 'model'],
    // A stored prompt may bring a model, and counts as one.
    [...place, 'prompt', 'id'],
    [...place, 'audio', 'input', 'transcription', 'model'],
    [...place, 'input_audio_transcription', 'model'],
    // A model of Voice Live that speaks until the reply is there (read in its SDK).
    [...place, 'interim_response', 'model'],
  ]),
);

const isAudio = soundEvent('input_audio_buffer.append');
const rules: ModelRules = { isAudio, places: realtimePlaces, words: ['prompt'], textWords: ['item'] };

/** Marks of events that are known by their type alone: in the words of today, and of the beta, which other providers speak still. */
const marks: ReadonlyMap<string, Mark> = new Map([
  ['response.audio.delta', 'audio'],
  ['response.text.delta', 'text'],
  ['input_audio_buffer.speech_started', 'speech-started'],
  ['input_audio_buffer.speech_stopped', 'speech-stopped'],
  ['response.output_audio.delta', 'audio'],
  ['response.output_text.delta', 'text'],
]);

/** The vocabulary of `/v1/realtime`. */
export const openaiRealtimeDialect: Dialect = {
  name: 'openai-realtime',
  capabilities: {
    audio: 'base64',
    turnEnd: 'event',
    interruption: 'event',
    usage: 'per-turn',
    speaksFirst: 'provider',
  },
  // The context of the largest has 128,000 tokens; the next one may have more.
  mostTokens: { input: 256_000, output: 64_000 },
  modelsIn: (frame) => guardModels(frame, rules),
  renamed: renamedBy(rules),
  firstName: { nameIn: nameInUpdate, refusalEvent },
  observe: (frame, direction) => {
    const type = eventType(frame.data);
    return type === undefined ? undefined : observeEvent(type, frame, direction);
  },
  errorEvent: realtimeError,
  sound: openaiSound,
  // A response that is cancelled ends with the usage of what it has said.
  lastUsage: { ask: jsonFrame({ type: 'response.cancel' }) },
  // Ids in frames are those of the session itself.
  ids: { keptMs: 30 * 24 * 60 * 60 * 1000 },
  context: { kind: 'event', after: 'open', event: systemItem },
  pins: realtimePins(isAudio),
  resumption: realtimeResumption,
};

/** The vocabulary of the beta, with its flat session. Nothing can be pinned: what its speakers make of settings that they do not know is not known. */
export const openaiBetaDialect: Dialect = { ...openaiRealtimeDialect, name: 'openai-realtime-beta', pins: undefined };

/**
 * A session takes items as soon as it is open. `event_id` is quoted in an error about it. A `user` item would be answered as if
 * the caller had said it, and transcripts would take it for speech of this session; that it is data, the text itself has to say.
 */
function systemItem(text: string): OutFrame {
  const item = { type: 'message', role: 'system', content: [{ type: 'input_text', text }] };
  return jsonFrame({ event_id: 'trunkline-context', type: 'conversation.item.create', item });
}

/** The model of a session, or of a transcription that has none beside it. Clients of these sessions need not name it in the query. */
function nameInUpdate(event: JsonObject): string | undefined {
  if (event.type !== 'session.update') return undefined;
  return textAt(event, 'session', 'model') ?? textAt(event, 'session', 'audio', 'input', 'transcription', 'model');
}

function observeEvent(type: string, frame: Frame, direction: Direction): Observation {
  if (direction === 'upstream') return observeClient(type, frame.data);
  const mark = marks.get(type);
  if (mark === 'audio') return { type, mark, decides: typeDecides };
  if (mark !== undefined) return { type, mark };
  switch (type) {
    case 'response.done':
      return responseDone(type, frame.data);
    case 'input_audio_buffer.committed':
      return { type, pendingTranscriptOf: textAt(readObject(frame.data), 'item_id') };
    case 'conversation.item.input_audio_transcription.completed':
    case 'conversation.item.input_audio_transcription.failed':
      return transcribed(type, frame.data);
    case 'response.output_text.done':
    case 'response.text.done':
      return withTranscript({ type }, () => assistantWords(frame.data, 'text'));
    case 'response.output_audio_transcript.done':
    case 'response.audio_transcript.done':
      return withTranscript({ type }, () => assistantWords(frame.data, 'transcript'));
    // xAI resumes a conversation by it, in the query of the next handshake.
    case 'conversation.created':
      return { type, handedOut: conversationIds(frame.data) };
    case 'session.created':
    case 'session.updated':
    case 'transcription_session.created':
    case 'transcription_session.updated':
      return configured(type, frame.data);
    default:
      return { type };
  }
}

function observeClient(type: string, data: Buffer): Observation {
  if (type === 'input_audio_buffer.append') return { type, decides: typeDecides };
  if (type === 'response.create') return { type, mark: 'request' };
  if (type !== 'conversation.item.create') return { type };
  const words = () => userWords(data, createdItem);
  return withTranscript({ type }, words, () => (words() === undefined ? undefined : { messages: 1 }));
}

function transcribed(type: string, data: Buffer): Observation {
  const event = readObject(data);
  return {
    type,
    utterances: transcriptOfItem(event),
    usage: tokenUsage(objectAt(event, 'usage')),
    usageOf: 'transcription',
  };
}

function conversationIds(data: Buffer): readonly string[] | undefined {
  const id = textAt(readObject(data), 'conversation', 'id');
  return id ? [id] : undefined;
}

/** Transcription sessions have no model of their own, and no replies that would end a turn. */
function configured(type: string, data: Buffer): Observation {
  const session = objectAt(readObject(data), 'session');
  const transcriptionModel =
    textAt(session, 'audio', 'input', 'transcription', 'model') ??
    textAt(session, 'input_audio_transcription', 'model');
  const model = textAt(session, 'model') ?? transcriptionModel;
  const isContinuous = textAt(session, 'type') === 'transcription' || type.startsWith('transcription_');
  const soundBytes = session && soundBytesPerSecond(session);
  return {
    type,
    model,
    transcriptionModel,
    soundBytesPerSecond: soundBytes,
    ...(isContinuous ? { isContinuous } : {}),
  };
}

function responseDone(type: string, data: Buffer): Observation {
  const event = readObject(data);
  const response = objectAt(event, 'response');
  const mark = textAt(response, 'status') === 'cancelled' ? 'interrupted' : 'turn-done';
  // xAI has it beside the response.
  const usage = tokenUsage(objectAt(response, 'usage') ?? objectAt(event, 'usage'));
  const toolCalls = askedTools(response?.output);
  return { type, mark, usage, toolCalls };
}
