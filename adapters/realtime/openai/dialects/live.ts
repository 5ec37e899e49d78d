// The Live dialects: full duplex, no turns; the model comes in the first event, usage in seconds. A session (/v1/live/sessions), a copy of one that
// is stored (.../fork), and the socket of an app's server beside one (.../attach). Read in OpenAI's SDK 7.59.

import { eventType, typeDecides } from '../../../../codecs/json/event-type.ts';
import { objectAt, readObject, textAt } from '../../../../codecs/json/object.ts';
import { type Frame, jsonFrame } from '../../../../codecs/websocket/frame.ts';
import type { Dialect } from '../../contract/dialect.ts';
import { type Observation, withTranscript } from '../../contract/observation.ts';
import { eventPaths } from '../../guards/event-paths.ts';
import { guardModels, type ModelRules } from '../../guards/model-guard.ts';
import { renamedBy } from '../../guards/renamed-model.ts';
import { soundEvent } from '../../guards/sound-event.ts';
import { liveError, refusalEvent } from '../error-event.ts';
import { livePins } from '../pins/live.ts';
import { askedTools } from '../tool-calls.ts';
import { partialWords } from '../transcript.ts';
import { tokenUsage, usageOfResponse, usageSoFar } from '../usage.ts';

const isAudio = soundEvent('session.input_audio.append');
/** A copy has the model of the session that it copies, and a socket beside one starts none: neither has to name it. */
const laterRules: ModelRules = {
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
};
const rules: ModelRules = {
  ...laterRules,
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
  renamed: renamedBy(rules),
  firstName: {
    nameIn: (event) => (event.type === 'session.start' ? textAt(event, 'session', 'model') : undefined),
    refusalEvent,
  },
  observe: (frame, direction) => {
    const type = eventType(frame.data);
    if (type === undefined) return undefined;
    return direction === 'upstream' ? { type, decides: typeDecides } : observeServerEvent(type, frame);
  },
  errorEvent: liveError,
  pins: livePins(isAudio),
  lastUsage: { ask: jsonFrame({ type: 'session.close' }), comesWith: 'session.closed' },
  // By the id of a session whoever has it attaches to it, and copies it where it is stored. How long that is kept is not known.
  ids: { keptMs: 30 * 24 * 60 * 60 * 1000, areJoined: true },
};

/** The vocabulary of `/v1/live/sessions/{id}/fork`. Its first event takes none of what can be pinned but the delegation. */
export const openaiLiveForkDialect: Dialect = {
  ...openaiLiveDialect,
  name: 'openai-live-fork',
  firstName: undefined,
  modelsIn: (frame) => guardModels(frame, laterRules),
  renamed: renamedBy(laterRules),
  pins: undefined,
};

/** The vocabulary of an agent's session, which the provider starts itself. */
export const openaiLiveAgentDialect: Dialect = {
  ...openaiLiveForkDialect,
  name: 'openai-live-agent',
  capabilities: { ...openaiLiveDialect.capabilities, speaksFirst: 'provider' },
};

/** The vocabulary of Qwen-Audio-Live: the model is in the query, and `session.update` is the first event. Document: no SDK has it. */
export const qwenAudioLiveDialect: Dialect = { ...openaiLiveForkDialect, name: 'qwen-audio-live' };

/** The vocabulary of `/v1/live/sessions/{id}/attach`: the bill and the words are those of the session, which does not end with this socket. */
export const openaiLiveAttachDialect: Dialect = {
  ...openaiLiveForkDialect,
  name: 'openai-live-attach',
  capabilities: { ...openaiLiveDialect.capabilities, usage: 'elsewhere', speaksFirst: 'provider' },
  observe: (frame, direction) => {
    const type = eventType(frame.data);
    if (type === undefined) return undefined;
    return direction === 'upstream' ? { type } : observeBeside(type, frame);
  },
  lastUsage: undefined,
};

/** Words of the user come as a server's event, too. */
function observeBeside(type: string, frame: Frame): Observation {
  switch (type) {
    case 'session.output_audio.delta':
      return { type, mark: 'audio', decides: typeDecides };
    case 'session.input_audio.append':
      return { type, decides: typeDecides };
    case 'session.started':
      return { type, model: textAt(readObject(frame.data), 'session', 'model'), isContinuous: true };
    default:
      return { type };
  }
}

function observeServerEvent(type: string, frame: Frame): Observation {
  switch (type) {
    case 'session.output_audio.delta':
      return { type, mark: 'audio', decides: typeDecides };
    case 'session.started':
    case 'session.updated':
      return started(type, frame);
    case 'session.input_transcript.delta':
      return withTranscript({ type }, () => partialWords(frame.data, 'user'));
    case 'session.output_transcript.delta':
      return withTranscript({ type }, () => partialWords(frame.data, 'assistant'));
    case 'session.usage.updated':
    case 'session.closed':
      return { type, usage: usageSoFar(objectAt(readObject(frame.data), 'usage')) };
    case 'response.event':
      return frame.data.includes(endOfDelegated) ? delegated(type, frame) : { type };
    case 'decision.event':
      return decided(type, frame);
    default:
      return { type };
  }
}

function started(type: string, frame: Frame): Observation {
  const session = objectAt(readObject(frame.data), 'session');
  const id = textAt(session, 'id');
  return { type, model: textAt(session, 'model'), isContinuous: true, handedOut: id ? [id] : undefined };
}

/** The answers of a model that decides, which is billed beside the voice. */
function decided(type: string, frame: Frame): Observation {
  const decision = objectAt(readObject(frame.data), 'event', 'decision');
  return {
    type,
    usage: tokenUsage(objectAt(decision, 'usage')),
    usageOf: { model: textAt(decision, 'model') ?? '' },
  };
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
