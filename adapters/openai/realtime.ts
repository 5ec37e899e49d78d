// The Realtime GA dialect (/v1/realtime): speech-to-speech, transcription and sideband sessions.

import { eventType } from '../../codecs/event-type.ts';
import type { Direction, Frame } from '../../codecs/frame.ts';
import type { Dialect, Mark, Observation } from '../adapter.ts';
import { objectAt, readEvent, textAt } from '../event.ts';
import { modelPlaces } from '../model-places.ts';
import { guardModels, type ModelRules } from '../named-models.ts';
import { appendShape, isAppend } from './audio.ts';
import { realtimeError } from './error.ts';
import { tokenUsage } from './usage.ts';

const append = appendShape('input_audio_buffer.append');

/** A session is configured at `session`, by older clients at the top; a response may carry the same settings. */
export const realtimePlaces = modelPlaces(
  [[], ['session'], ['response']].flatMap((place) => [
    [...place, 'model'],
    [...place, 'audio', 'input', 'transcription', 'model'],
    [...place, 'input_audio_transcription', 'model'],
  ]),
);

const rules: ModelRules = { isAudio: (data) => isAppend(data, append), places: realtimePlaces };

/** Events that are known by their type alone. */
const marks: ReadonlyMap<string, Mark> = new Map([
  ['input_audio_buffer.speech_started', 'speech-started'],
  ['input_audio_buffer.speech_stopped', 'speech-stopped'],
  ['response.output_audio.delta', 'audio'],
  ['response.output_text.delta', 'text'],
]);

/** The vocabulary of `/v1/realtime`. */
export const realtimeDialect: Dialect = {
  name: 'openai-realtime',
  guard: (frame) => guardModels(frame, rules),
  observe: (frame, direction) => {
    const type = eventType(frame.data);
    return type === undefined ? undefined : observeEvent(type, frame, direction);
  },
  refusal: realtimeError,
};

function observeEvent(type: string, frame: Frame, direction: Direction): Observation {
  if (direction === 'upstream') return type === 'response.create' ? { type, mark: 'request' } : { type };
  const mark = marks.get(type);
  if (mark !== undefined) return { type, mark };
  switch (type) {
    case 'response.done':
      return responseDone(type, frame.data);
    case 'conversation.item.input_audio_transcription.completed':
      return { type, usage: tokenUsage(objectAt(readEvent(frame.data), 'usage')) };
    case 'session.created':
    case 'session.updated':
      return { type, model: sessionModel(frame.data) };
    default:
      return { type };
  }
}

/** Transcription sessions have no model of their own. */
function sessionModel(data: Buffer): string | undefined {
  const session = objectAt(readEvent(data), 'session');
  return textAt(session, 'model') ?? textAt(session, 'audio', 'input', 'transcription', 'model');
}

function responseDone(type: string, data: Buffer): Observation {
  const event = readEvent(data);
  const mark = textAt(event, 'response', 'status') === 'cancelled' ? 'interrupted' : 'turn-done';
  return { type, mark, usage: tokenUsage(objectAt(event, 'response', 'usage')) };
}
