// The dialect of Hume's EVI, /v0/evi/chat: JSON with base64 sound, a WAV file in each piece of a reply. The query has the configuration, and may
// have settings. Events: read in the SDKs (JavaScript 0.16, Python 0.14); what the client sends: measured.

import { eventType, typeDecides } from '../../../../codecs/json/event-type.ts';
import { type JsonObject, readObject, textAt } from '../../../../codecs/json/object.ts';
import { type Direction, type Frame, jsonFrame } from '../../../../codecs/websocket/frame.ts';
import type { Dialect } from '../../contract/dialect.ts';
import type { Observation } from '../../contract/observation.ts';
import { soundEvent } from '../../guards/sound-event.ts';
import { isSound, soundOf } from '../../sound.ts';
import { humeError } from '../error-event.ts';
import { humeChatPins } from '../pins.ts';
import { humeChatResumption } from '../resumption.ts';

const isAudio = soundEvent('audio_input', 'data');

/** The vocabulary of `/v0/evi/chat`. The handshake alone names a configuration, and a chat to go on with. */
export const humeChatDialect: Dialect = {
  name: 'hume-chat',
  capabilities: { audio: 'base64', turnEnd: 'event', interruption: 'event', usage: 'never', speaksFirst: 'provider' },
  mostTokens: { input: 0, output: 0 },
  // Document: unless the configuration says otherwise.
  keepAlive: 'speech within 120 s',
  modelsIn: () => undefined,
  observe,
  errorEvent: humeError,
  resumption: humeChatResumption,
  // Chats are kept unless the account says otherwise (document).
  ids: { keptMs: 30 * 24 * 60 * 60 * 1000 },
  pins: humeChatPins((frame) => isSound(frame) || isAudio(frame.data)),
  // A persistent context stands beside each message of the user (document).
  context: {
    kind: 'event',
    after: 'open',
    event: (text) => jsonFrame({ type: 'session_settings', context: { type: 'persistent', text } }),
  },
};

function observe({ data, binary }: Frame, direction: Direction): Observation | undefined {
  if (binary) return soundOf(direction);
  const type = eventType(data);
  if (type === undefined) return undefined;
  return direction === 'upstream' ? observeClient(type) : observeServer(type, data);
}

/** Typed words come back as a message of the user. */
function observeClient(type: string): Observation {
  switch (type) {
    case 'audio_input':
      return { type, decides: typeDecides };
    case 'user_input':
    case 'assistant_input':
      return { type, mark: 'request' };
    default:
      return { type };
  }
}

function observeServer(type: string, data: Buffer): Observation {
  switch (type) {
    case 'chat_metadata': {
      const id = textAt(readObject(data), 'chat_group_id');
      return id ? { type, handedOut: [id] } : { type };
    }
    case 'user_message':
      return userMessage(type, readObject(data));
    case 'assistant_message':
      return { type, ...said('assistant', readObject(data)) };
    case 'audio_output':
      return { type, mark: 'audio', decides: typeDecides };
    case 'user_interruption':
      return { type, mark: 'interrupted' };
    case 'assistant_end':
      return { type, mark: 'turn-done' };
    case 'tool_call': {
      const event = readObject(data);
      return { type, toolCalls: [{ name: textAt(event, 'name'), id: textAt(event, 'tool_call_id') }] };
    }
    default:
      return { type };
  }
}

/** One that is interim is told again, with more words. No other event tells when the user speaks. */
function userMessage(type: string, event: JsonObject | undefined): Observation {
  if (event?.interim === true) return { type, mark: 'speech-started' };
  const words = said('user', event);
  return event?.from_text === true ? { type, ...words } : { type, mark: 'speech-stopped', ...words };
}

function said(role: 'user' | 'assistant', event: JsonObject | undefined): Pick<Observation, 'utterances'> {
  const text = textAt(event, 'message', 'content');
  return text ? { utterances: [{ role, text }] } : {};
}
