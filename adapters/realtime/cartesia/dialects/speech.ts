// The dialect of Cartesia's speech, /tts/websocket: requests without a type, each with its model and its context, and base64 sound in JSON. Messages:
// read in the SDK (JavaScript 4.2). Contexts may be spoken at the same time: turns are those of the socket.

import { eventType, typeDecides } from '../../../../codecs/json/event-type.ts';
import { readObject, textAt } from '../../../../codecs/json/object.ts';
import type { Direction } from '../../../../codecs/websocket/frame.ts';
import type { Dialect } from '../../contract/dialect.ts';
import type { Observation } from '../../contract/observation.ts';
import { eventPaths } from '../../guards/event-paths.ts';
import { guardModels, type ModelRules } from '../../guards/model-guard.ts';
import { renamedBy } from '../../guards/renamed-model.ts';
import { textsIn, textToSpeak } from '../../speech-text.ts';
import { cartesiaError, cartesiaRefusal } from '../error-event.ts';

const rules: ModelRules = {
  isAudio: () => false,
  places: eventPaths([['model_id'], ['model']]),
  textWords: ['transcript'],
  starter: {
    words: ['transcript'],
    impliedNames: ({ transcript, model_id: model }) => (transcript !== undefined && model === undefined ? [''] : []),
  },
};

/** The vocabulary of `/tts/websocket`. */
export const cartesiaSpeechDialect: Dialect = {
  name: 'cartesia-speech',
  capabilities: {
    audio: 'base64',
    speech: 'spoken',
    turnEnd: 'event',
    interruption: 'event',
    usage: 'never',
    speaksFirst: 'client',
  },
  mostTokens: { input: 0, output: 0 },
  modelsIn: (frame) => guardModels(frame, rules),
  renamed: renamedBy(rules),
  firstName: {
    nameIn: (event) => textAt(event, 'model_id') ?? textAt(event, 'model'),
    refusalEvent: cartesiaRefusal,
  },
  observe: ({ data }, direction) => observe(data, direction),
  errorEvent: cartesiaError,
};

function observe(data: Buffer, direction: Direction): Observation | undefined {
  if (direction === 'upstream') return observeRequest(data);
  const type = eventType(data);
  switch (type) {
    case undefined:
      return undefined;
    case 'chunk':
      return { type, mark: 'audio', decides: typeDecides };
    case 'done':
      return { type, mark: 'turn-done' };
    default:
      return { type };
  }
}

function observeRequest(data: Buffer): Observation | undefined {
  const event = readObject(data);
  if (event === undefined) return undefined;
  if (event.cancel === true && textsIn(event, 'transcript') === '') return { type: 'cancel', mark: 'interrupted' };
  const model = textAt(event, 'model_id');
  return textToSpeak('generate', data, { field: 'transcript', asks: true, ...(model && { model }) });
}
