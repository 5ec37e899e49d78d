// The dialect of Mistral's speech, /v1/audio/speech/realtime: text and base64 sound in JSON. Events: read in the SDK (Python 3.7); its handshake:
// measured.

import { eventType, typeDecides } from '../../../../codecs/json/event-type.ts';
import { readObject, textAt } from '../../../../codecs/json/object.ts';
import { type Direction, jsonFrame } from '../../../../codecs/websocket/frame.ts';
import type { Dialect } from '../../contract/dialect.ts';
import type { Observation } from '../../contract/observation.ts';
import { eventPaths } from '../../guards/event-paths.ts';
import { guardModels, type ModelRules } from '../../guards/model-guard.ts';
import { renamedBy } from '../../guards/renamed-model.ts';
import { textToSpeak } from '../../speech-text.ts';
import { mistralError } from '../error-event.ts';
import { reportedUsage } from '../usage.ts';

/** No event that the SDK knows changes the model; one that would is held to the list of the key. */
const rules: ModelRules = {
  isAudio: () => false,
  places: eventPaths([['model'], ['session', 'model']]),
  textWords: ['text'],
};

/** The vocabulary of `/v1/audio/speech/realtime`. */
export const mistralSpeechDialect: Dialect = {
  name: 'mistral-speech',
  capabilities: {
    audio: 'base64',
    speech: 'spoken',
    turnEnd: 'event',
    interruption: 'event',
    usage: 'per-turn',
    speaksFirst: 'provider',
  },
  mostTokens: { input: 256_000, output: 64_000 },
  modelsIn: (frame) => guardModels(frame, rules),
  renamed: renamedBy(rules),
  observe: ({ data }, direction) => observe(data, direction),
  errorEvent: mistralError,
  lastUsage: { ask: jsonFrame({ type: 'input_text.end' }) },
};

function observe(data: Buffer, direction: Direction): Observation | undefined {
  const type = eventType(data);
  if (direction === 'upstream') return textToSpeak(type ?? 'message', data, { asks: ENDS.test(type ?? '') });
  return type === undefined ? undefined : observeServer(type, data);
}

const ENDS = /^input_text\.(?:flush|end)$/;

function observeServer(type: string, data: Buffer): Observation {
  switch (type) {
    case 'session.created': {
      const model = textAt(readObject(data), 'session', 'model');
      return model ? { type, model } : { type };
    }
    case 'speech.audio.delta':
      return { type, mark: 'audio', decides: typeDecides };
    case 'speech.audio.done':
      return { type, mark: 'turn-done', usage: reportedUsage(readObject(data)) };
    default:
      return { type };
  }
}
