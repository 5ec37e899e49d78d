// The dialect of Ultravox' calls over WebSocket: sound in binary messages both ways, and JSON. The call was configured before. Messages: documents, and
// third parties in production.

import { eventType } from '../../../codecs/json/event-type.ts';
import { type JsonObject, readObject, textAt } from '../../../codecs/json/object.ts';
import type { Direction, Frame } from '../../../codecs/websocket/frame.ts';
import type { Dialect } from '../contract/dialect.ts';
import type { Observation } from '../contract/observation.ts';
import { soundOf } from '../sound.ts';

/** The vocabulary of a joined call. No event for errors is known: they are told in closes alone. */
export const ultravoxDialect: Dialect = {
  name: 'ultravox-call',
  capabilities: {
    audio: 'binary',
    turnEnd: 'event',
    interruption: 'event',
    usage: 'never',
    speaksFirst: 'provider',
  },
  mostTokens: { input: 0, output: 0 },
  modelsIn: () => undefined,
  observe,
  errorEvent: () => undefined,
};

function observe({ data, binary }: Frame, direction: Direction): Observation | undefined {
  if (binary) return soundOf(direction);
  const type = eventType(data);
  if (type === undefined) return undefined;
  return direction === 'upstream' ? observeClient(type) : observeServer(type, readObject(data));
}

/** Typed words come back in a transcript. */
function observeClient(type: string): Observation {
  const isRequest = type === 'user_text_message' || type === 'forced_agent_message';
  return isRequest ? { type, mark: 'request' } : { type };
}

function observeServer(type: string, event: JsonObject | undefined): Observation {
  switch (type) {
    case 'state':
      return state(type, textAt(event, 'state'));
    case 'transcript':
      return transcript(type, event);
    case 'playback_clear_buffer':
      return { type, mark: 'interrupted' };
    case 'client_tool_invocation':
      return { type, toolCalls: [{ name: textAt(event, 'toolName'), id: textAt(event, 'invocationId') }] };
    default:
      return { type };
  }
}

/** The agent thinks once the user has spoken, and listens once it has spoken itself. */
function state(type: string, name: string | undefined): Observation {
  if (name === 'thinking') return { type, mark: 'speech-stopped' };
  return name === 'listening' ? { type, mark: 'turn-done' } : { type };
}

/** The last one of an utterance has all of its words. */
function transcript(type: string, event: JsonObject | undefined): Observation {
  const text = textAt(event, 'text');
  if (event?.final !== true || !text) return { type };
  return { type, utterances: [{ role: textAt(event, 'role') === 'user' ? 'user' : 'assistant', text }] };
}
