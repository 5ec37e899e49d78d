// The dialects of Deepgram's speech, /v1/speak (Aura) and /v2/speak (Flux): text in JSON, sound in binary messages. The query has the model and
// all settings. Events: read in the SDKs (JavaScript 5.13, Python 7.17); their order: documents.

import { eventType } from '../../../../codecs/json/event-type.ts';
import { type Direction, type Frame, jsonFrame, type OutFrame } from '../../../../codecs/websocket/frame.ts';
import type { Dialect, Rejection } from '../../contract/dialect.ts';
import type { Mark, Observation } from '../../contract/observation.ts';
import { eventPaths } from '../../guards/event-paths.ts';
import { guardModels, type ModelRules } from '../../guards/model-guard.ts';
import { renamedBy } from '../../guards/renamed-model.ts';
import { soundOf } from '../../sound.ts';
import { textToSpeak } from '../../speech-text.ts';

/** No event that the SDKs know changes the model; one that would is held to the list of the key. */
const rules: ModelRules = { isAudio: () => false, places: eventPaths([['model']]), textWords: ['text'] };

const common = {
  mostTokens: { input: 0, output: 0 },
  modelsIn: (frame) => guardModels(frame, rules),
  renamed: renamedBy(rules),
  errorEvent,
} satisfies Partial<Dialect>;
const capabilities = {
  audio: 'binary',
  turnEnd: 'event',
  speech: 'spoken',
  interruption: 'event',
  usage: 'never',
} as const;

/** The vocabulary of `/v1/speak`: the sound of a text ends with `Flushed`. */
export const deepgramSpeakDialect: Dialect = {
  name: 'deepgram-speak',
  capabilities: { ...capabilities, speaksFirst: 'client' },
  observe: (frame, direction) => observe(frame, direction, { Flushed: 'turn-done', Cleared: 'interrupted' }),
  ...common,
};

/** The vocabulary of `/v2/speak`: all sound of a turn comes between `SpeechStarted` and `SpeechMetadata`. */
export const deepgramFluxSpeakDialect: Dialect = {
  name: 'deepgram-flux-speak',
  capabilities: { ...capabilities, speaksFirst: 'provider' },
  observe: (frame, direction) =>
    observe(frame, direction, { SpeechMetadata: 'turn-done', SpeechInterrupted: 'interrupted' }),
  ...common,
};

function observe(
  { data, binary }: Frame,
  direction: Direction,
  marks: Readonly<Record<string, Mark>>,
): Observation | undefined {
  if (binary && direction === 'downstream') return soundOf(direction);
  const type = eventType(data);
  if (direction === 'upstream') return textToSpeak(type ?? 'message', data, { asks: type === 'Flush' });
  if (type === undefined) return undefined;
  const mark = Object.hasOwn(marks, type) ? marks[type] : undefined;
  return mark === undefined ? { type } : { type, mark };
}

function errorEvent({ code, message }: Rejection): OutFrame {
  return jsonFrame({ type: 'Error', code, description: message });
}
