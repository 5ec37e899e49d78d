// The dialect of Cartesia's Line agents, the older /agents/stream/{agent_id}: JSON with base64 sound, whose type is `event`. It has no words of either
// side and no ends of turns. No SDK has it: events are those of Cartesia's documents.

import { QUOTE, stringEnd, stringText } from '../../../../codecs/json/bytes.ts';
import { firstMember } from '../../../../codecs/json/event-type.ts';
import { readObject, textAt } from '../../../../codecs/json/object.ts';
import type { DecisiveBytes } from '../../../../codecs/websocket/alike-messages.ts';
import type { Direction } from '../../../../codecs/websocket/frame.ts';
import type { Dialect } from '../../contract/dialect.ts';
import type { Observation } from '../../contract/observation.ts';

/** The vocabulary of `/agents/stream/{agent_id}`. It has no error event: a rejected client gets a close code alone. */
export const cartesiaStreamDialect: Dialect = {
  name: 'cartesia-stream',
  capabilities: { audio: 'base64', turnEnd: 'never', interruption: 'event', usage: 'never', speaksFirst: 'client' },
  mostTokens: { input: 0, output: 0 },
  // Document: every 60 to 90 s, or it ends after 180. They are sent by the gateway to all who are silent.
  keepAlive: 'pings of WebSocket (the gateway sends them)',
  modelsIn: () => undefined,
  observe: ({ data }, direction) => observe(data, direction),
  errorEvent: () => undefined,
};

function observe(data: Buffer, direction: Direction): Observation | undefined {
  const type = nameOf(data);
  if (type === undefined) return undefined;
  if (direction === 'upstream') return type === 'media_input' ? { type, decides: nameDecides } : { type };
  switch (type) {
    case 'ack':
      return { type, isContinuous: true };
    case 'media_output':
      return { type, mark: 'audio', decides: nameDecides };
    case 'clear':
      return { type, mark: 'interrupted' };
    default:
      return { type };
  }
}

/** The quotes around the name of an event that stands first. */
function firstName(data: Buffer): { readonly open: number; readonly end: number } | undefined {
  const first = firstMember(data);
  if (first?.key !== 'event' || data[first.valueAt] !== QUOTE) return undefined;
  const end = stringEnd(data, first.valueAt);
  return end < 0 ? undefined : { open: first.valueAt, end };
}

function nameOf(data: Buffer): string | undefined {
  const name = firstName(data);
  return name === undefined ? textAt(readObject(data), 'event') : stringText(data, name.open, name.end);
}

function nameDecides(data: Buffer): DecisiveBytes | undefined {
  const name = firstName(data);
  return name && { first: name.end + 1, last: 0 };
}
