// The dialect of Cartesia's managed agents, /v1/agents/websocket/{agent_id}: JSON with base64 sound. No SDK has it: events are those of Cartesia's
// documents.

import { eventType, typeDecides } from '../../../../codecs/json/event-type.ts';
import { type JsonObject, readObject, textAt } from '../../../../codecs/json/object.ts';
import { type Direction, jsonFrame } from '../../../../codecs/websocket/frame.ts';
import type { Dialect } from '../../contract/dialect.ts';
import { type Observation, type Utterance, withTranscript } from '../../contract/observation.ts';

/** The vocabulary of `/v1/agents/websocket/{agent_id}`. The path alone names an agent. */
export const cartesiaAgentDialect: Dialect = {
  name: 'cartesia-agent',
  capabilities: { audio: 'base64', turnEnd: 'event', interruption: 'event', usage: 'never', speaksFirst: 'client' },
  mostTokens: { input: 0, output: 0 },
  // Document: every 60 to 90 s, or it ends after 180. They are sent by the gateway to all who are silent.
  keepAlive: 'pings of WebSocket (the gateway sends them)',
  modelsIn: () => undefined,
  observe: ({ data }, direction) => observe(data, direction),
  errorEvent: ({ code, message }) => jsonFrame({ type: 'error', code, message, fatal: true }),
};

function observe(data: Buffer, direction: Direction): Observation | undefined {
  const type = eventType(data);
  if (type === undefined) return undefined;
  if (direction === 'upstream') return type === 'audio_input' ? { type, decides: typeDecides } : { type };
  return observeServer(type, data);
}

function observeServer(type: string, data: Buffer): Observation {
  switch (type) {
    case 'audio_output':
      return { type, mark: 'audio', decides: typeDecides };
    case 'turn_started':
      return readObject(data)?.role === 'user' ? { type, mark: 'speech-started' } : { type };
    case 'turn_output_text_delta':
      return withTranscript({ type }, () => spoken(readObject(data)));
    case 'turn_ended':
      return turnEnded(type, readObject(data));
    case 'client_tool_call': {
      const event = readObject(data);
      return { type, toolCalls: [{ name: textAt(event, 'tool_name'), id: textAt(event, 'tool_call_id') }] };
    }
    default:
      return { type };
  }
}

function spoken(event: JsonObject | undefined): readonly Utterance[] | undefined {
  const text = textAt(event, 'text');
  return text && event?.role === 'assistant' ? [{ role: 'assistant', text, isPartial: true }] : undefined;
}

/** Turns there are of one side each. The words of the assistant came in pieces before. */
function turnEnded(type: string, event: JsonObject | undefined): Observation {
  if (event?.role !== 'user') return { type, mark: event?.interrupted === true ? 'interrupted' : 'turn-done' };
  const text = textAt(event, 'text');
  return { type, mark: 'speech-stopped', ...(text && { utterances: [{ role: 'user', text }] }) };
}
