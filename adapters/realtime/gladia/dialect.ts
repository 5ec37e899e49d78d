// The dialect of Gladia's live transcription: sound in binary messages, or in base64, and transcripts in JSON. The session was configured before.
// Messages: read in the SDK (JavaScript 2.1); what the client sends: measured.

import { eventType } from '../../../codecs/json/event-type.ts';
import { objectAt, readObject, textAt } from '../../../codecs/json/object.ts';
import type { Direction, Frame } from '../../../codecs/websocket/frame.ts';
import type { Dialect } from '../contract/dialect.ts';
import type { Observation } from '../contract/observation.ts';
import { soundByType, soundOf } from '../sound.ts';

/** The vocabulary of the sockets of `/v2/live`. Errors are told in closes alone. */
export const gladiaDialect: Dialect = {
  name: 'gladia-live',
  capabilities: {
    audio: 'binary',
    speech: 'heard',
    turnEnd: 'event',
    interruption: 'event',
    usage: 'never',
    speaksFirst: 'client',
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
  if (direction === 'downstream') return observeServer(type, data);
  return soundByType(type, data, 'audio_chunk');
}

function observeServer(type: string, data: Buffer): Observation {
  switch (type) {
    case 'speech_start':
      return { type, mark: 'speech-started' };
    case 'speech_end':
      return { type, mark: 'speech-stopped' };
    case 'transcript': {
      const transcript = objectAt(readObject(data), 'data');
      if (transcript?.is_final !== true) return { type };
      const text = textAt(transcript, 'utterance', 'text');
      return { type, mark: 'turn-done', ...(text && { utterances: [{ role: 'user', text }] }) };
    }
    default:
      return { type };
  }
}
