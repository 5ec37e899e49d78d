// The dialect of Hume's speech, /v0/tts/stream/input: messages of text without a type, sound in base64 or in binary messages. Messages: read in the
// SDKs (JavaScript 0.16, Python 0.14); what the client sends: measured.

import { eventType, typeDecides } from '../../../../codecs/json/event-type.ts';
import type { Direction, Frame } from '../../../../codecs/websocket/frame.ts';
import type { Dialect } from '../../contract/dialect.ts';
import type { Observation } from '../../contract/observation.ts';
import { eventPaths } from '../../guards/event-paths.ts';
import { guardModels, type ModelRules } from '../../guards/model-guard.ts';
import { renamedBy } from '../../guards/renamed-model.ts';
import { soundOf } from '../../sound.ts';
import { textToSpeak } from '../../speech-text.ts';
import { humeError } from '../error-event.ts';

/** No message that the SDKs know names a model; one that would is held to the list of the key. */
const rules: ModelRules = { isAudio: () => false, places: eventPaths([['model']]), textWords: ['text'] };

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
  modelsIn: (frame) => guardModels(frame, rules),
  renamed: renamedBy(rules),
  observe,
  errorEvent: humeError,
};

function observe({ data, binary }: Frame, direction: Direction): Observation | undefined {
  if (direction === 'upstream') return textToSpeak('publish', data, { asks: true, isContinuous: true });
  if (binary) return soundOf(direction);
  const type = eventType(data);
  if (type === undefined) return undefined;
  return type === 'audio' ? { type, mark: 'audio', decides: typeDecides } : { type };
}
