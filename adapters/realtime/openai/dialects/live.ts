// The Live dialect (/v1/live/sessions): full duplex, no turns; the model comes in the first event, usage in seconds.

import { eventType, typeDecides } from '../../../../codecs/json/event-type.ts';
import { objectAt, readObject, textAt } from '../../../../codecs/json/object.ts';
import { type Frame, jsonFrame } from '../../../../codecs/websocket/frame.ts';
import type { Dialect } from '../../contract/dialect.ts';
import { type Observation, withTranscript } from '../../contract/observation.ts';
import { eventPaths } from '../../guards/event-paths.ts';
import { guardModels, type ModelRules } from '../../guards/model-guard.ts';
import { soundEvent } from '../../guards/sound-event.ts';
import { liveError } from '../error-event.ts';
import { livePins } from '../pins/live.ts';
import { askedTools } from '../tool-calls.ts';
import { partialWords } from '../transcript.ts';
import { sessionSeconds, usageOfResponse } from '../usage.ts';

const isAudio = soundEvent('session.input_audio.append');
const rules: ModelRules = {
  isAudio,
  places: eventPaths([
    ['model'],
    ['session', 'model'],
    ['session', 'delegation', '**', 'model'],
    ['session', 'triggers', '**', 'model'],
    ['delegation', '**', 'model'],
    ['response', 'model'],
    ['session', 'prompt', 'id'],
    ['session', 'delegation', '**', 'prompt', 'id'],
    ['delegation', '**', 'prompt', 'id'],
    ['response', 'prompt', 'id'],
  ]),
  words: ['prompt'],
  starter: {
    words: ['session.start'],
    impliedNames: (event) =>
      event.type === 'session.start' && textAt(event, 'session', 'model') === undefined ? [''] : [],
  },
};

/** Delegated work arrives as wrapped Responses events; only the one that ends a response carries usage. */
const endOfDelegated = Buffer.from('"usage"');

/** The vocabulary of `/v1/live/sessions`. */
export const openaiLiveDialect: Dialect = {
  name: 'openai-live',
  capabilities: {
    audio: 'base64',
    turnEnd: 'never',
    interruption: 'event',
    usage: 'cumulative',
    speaksFirst: 'client',
  },
  // Work that is delegated to another model calls tools.
  mostTokens: { input: 32_000_000, output: 4_000_000 },
  modelsIn: (frame) => guardModels(frame, rules),
  observe: (frame, direction) => {
    const type = eventType(frame.data);
    if (type === undefined) return undefined;
    return direction === 'upstream' ? { type, decides: typeDecides } : observeServerEvent(type, frame);
  },
  errorEvent: liveError,
  pins: livePins(isAudio),
  lastUsage: { ask: jsonFrame({ type: 'session.close' }), comesWith: 'session.closed' },
};

function observeServerEvent(type: string, frame: Frame): Observation {
  switch (type) {
    case 'session.output_audio.delta':
      return { type, mark: 'audio', decides: typeDecides };
    case 'session.started':
      return { type, model: textAt(readObject(frame.data), 'session', 'model'), isContinuous: true };
    case 'session.input_transcript.delta':
      return withTranscript({ type }, () => partialWords(frame.data, 'user'));
    case 'session.output_transcript.delta':
      return withTranscript({ type }, () => partialWords(frame.data, 'assistant'));
    case 'session.usage.updated':
    case 'session.closed':
      return { type, usage: sessionSeconds(objectAt(readObject(frame.data), 'usage')) };
    case 'response.event':
      return frame.data.includes(endOfDelegated) ? delegated(type, frame) : { type };
    default:
      return { type };
  }
}

function delegated(type: string, frame: Frame): Observation {
  const event = readObject(frame.data);
  const ends = /^response\.(completed|incomplete|failed)$/.test(textAt(event, 'event', 'type') ?? '');
  if (!ends) return { type };
  const response = objectAt(event, 'event', 'response');
  // Without a name, the price is unknown: the voice model does not do this work.
  const usageOf = { model: textAt(response, 'model') ?? '' };
  return { type, usage: usageOfResponse(response), usageOf, toolCalls: askedTools(response?.output) };
}
