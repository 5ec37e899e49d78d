// The dialect of AssemblyAI's Voice Agent, /v1/ws: JSON with base64 sound. The client configures the agent in its first message, or names one that
// is stored, or goes on with a session that it has lost. No SDK has it: events are those of AssemblyAI's documents.

import { eventType, typeDecides } from '../../../../codecs/json/event-type.ts';
import { type JsonObject, objectAt, readObject, textAt } from '../../../../codecs/json/object.ts';
import { type Direction, type Frame, jsonFrame, type OutFrame } from '../../../../codecs/websocket/frame.ts';
import type { Dialect, Rejection } from '../../contract/dialect.ts';
import { type Observation, type Utterance, withTranscript } from '../../contract/observation.ts';
import { eventPaths } from '../../guards/event-paths.ts';
import { guardIds, type IdRules } from '../../guards/id-guard.ts';
import { guardModels, type ModelRules } from '../../guards/model-guard.ts';
import { renamedBy } from '../../guards/renamed-model.ts';
import { soundEvent } from '../../guards/sound-event.ts';
import { assemblyaiAgentPins } from '../pins.ts';

const isAudio = soundEvent('input.audio');

/** The name of an agent that the client configures itself, in lists of keys and in prices. */
const OWN_AGENT = 'voice-agent';

const rules: ModelRules = {
  isAudio,
  places: eventPaths([['session', 'agent_id'], ['session', '**', 'model'], ['agent_id']]),
  words: ['agent_id'],
  starter: {
    words: ['session.update'],
    impliedNames: ({ type, session }) =>
      type === 'session.update' && textAt({ session }, 'session', 'agent_id') === undefined ? [OWN_AGENT] : [],
  },
};

const idRules: IdRules = {
  fields: [{ field: 'session_id', places: eventPaths([['session_id'], ['session', 'session_id']]) }],
  words: ['session_id'],
};

/** The vocabulary of `/v1/ws`. */
export const assemblyaiAgentDialect: Dialect = {
  name: 'assemblyai-agent',
  capabilities: { audio: 'base64', turnEnd: 'event', interruption: 'event', usage: 'never', speaksFirst: 'client' },
  mostTokens: { input: 0, output: 0 },
  modelsIn: (frame) => guardModels(frame, rules),
  renamed: renamedBy(rules),
  observe: ({ data }, direction) => observe(data, direction),
  errorEvent: ({ code, message }: Rejection): OutFrame => jsonFrame({ type: 'session.error', code, message }),
  // A session lasts three hours at most, and may be resumed 30 s after its connection was lost.
  ids: {
    keptMs: 4 * 60 * 60 * 1000,
    inFrame: (frame: Frame) => (isAudio(frame.data) ? undefined : guardIds(frame, idRules)),
  },
  pins: assemblyaiAgentPins(isAudio),
};

function observe(data: Buffer, direction: Direction): Observation | undefined {
  const type = eventType(data);
  if (type === undefined) return undefined;
  return direction === 'upstream' ? observeClient(type, data) : observeServer(type, data);
}

function observeClient(type: string, data: Buffer): Observation {
  switch (type) {
    case 'input.audio':
      return { type, decides: typeDecides };
    case 'session.update':
      return { type, model: textAt(objectAt(readObject(data), 'session'), 'agent_id') ?? OWN_AGENT };
    case 'reply.create':
      return { type, mark: 'request' };
    default:
      return { type };
  }
}

function observeServer(type: string, data: Buffer): Observation {
  switch (type) {
    case 'session.ready': {
      const id = textAt(readObject(data), 'session_id');
      return id ? { type, handedOut: [id] } : { type };
    }
    case 'input.speech.started':
      return { type, mark: 'speech-started' };
    case 'input.speech.stopped':
      return { type, mark: 'speech-stopped' };
    case 'transcript.user':
      return withTranscript({ type }, () => words('user', data));
    case 'transcript.agent':
      return withTranscript({ type }, () => words('assistant', data));
    case 'reply.audio':
      return { type, mark: 'audio', decides: typeDecides };
    case 'tool.call':
      return { type, toolCalls: [asked(readObject(data))] };
    case 'reply.done':
      return { type, mark: readObject(data)?.status === 'interrupted' ? 'interrupted' : 'turn-done' };
    default:
      return { type };
  }
}

/** Reads a whole utterance: pieces of it come before in events of their own. */
function words(role: Utterance['role'], data: Buffer): readonly Utterance[] | undefined {
  const text = textAt(readObject(data), 'text');
  return text ? [{ role, text }] : undefined;
}

const asked = (event: JsonObject | undefined) => ({ name: textAt(event, 'name'), id: textAt(event, 'call_id') });
