// The dialect of Hume's speech, /v0/tts/stream/input: messages of text without a type, sound in base64 or in binary messages. Messages: read in the
// SDKs (JavaScript 0.16, Python 0.14); what the client sends: measured.

import { eventType, typeDecides } from '../../../../codecs/json/event-type.ts';
import type { Direction, Frame } from '../../../../codecs/websocket/frame.ts';
import type { Dialect } from '../../contract/dialect.ts';
import type { Observation } from '../../contract/observation.ts';
import { soundOf } from '../../sound.ts';
import { textToSpeak } from '../../speech-text.ts';
import { humeError } from '../error-event.ts';

/** The vocabulary of `/v0/tts/stream/input`. Only the last piece of a snippet says that it is, beside its sound, which is not read. */
export const humeSpeechDialect: Dialect = {
  name: 'hume-speech',
  capabilities: {
    audio: 'base64',
    speech: 'spoken',
    turnEnd: 'never',
    interruption: 'event',
    usage: 'never',
    speaksFirst: 'client',
  },
  mostTokens: { input: 0, output: 0 },
  modelsIn: () => undefined,
  observe,
  errorEvent: humeError,
};

function observe({ data, binary }: Frame, direction: Direction): Observation | undefined {
  if (binary) return soundOf(direction);
  if (direction === 'upstream') return textToSpeak('publish', data, { isContinuous: true });
  const type = eventType(data);
  if (type === undefined) return undefined;
  return type === 'audio' ? { type, mark: 'audio', decides: typeDecides } : { type };
}
