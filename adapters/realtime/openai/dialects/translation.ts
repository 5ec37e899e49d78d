// The Realtime Translation dialect (/v1/realtime/translations): continuous, without turns and without usage.

import { eventType, typeDecides } from '../../../../codecs/json/event-type.ts';
import { readObject, textAt } from '../../../../codecs/json/object.ts';
import type { Dialect } from '../../contract/dialect.ts';
import { type Observation, withTranscript } from '../../contract/observation.ts';
import { guardModels, type ModelRules } from '../../guards/model-guard.ts';
import { renamedBy } from '../../guards/renamed-model.ts';
import { soundEvent } from '../../guards/sound-event.ts';
import { realtimeError } from '../error-event.ts';
import { translationPins } from '../pins/realtime.ts';
import { partialWords } from '../transcript.ts';
import { realtimePlaces } from './realtime.ts';

const isAudio = soundEvent('session.input_audio_buffer.append');
const rules: ModelRules = { isAudio, places: realtimePlaces, words: ['prompt'] };

/** The vocabulary of `/v1/realtime/translations`. */
export const openaiTranslationDialect: Dialect = {
  name: 'openai-translation',
  capabilities: { audio: 'base64', turnEnd: 'never', interruption: 'event', usage: 'never', speaksFirst: 'provider' },
  mostTokens: { input: 256_000, output: 64_000 },
  modelsIn: (frame) => guardModels(frame, rules),
  renamed: renamedBy(rules),
  observe: (frame, direction) => {
    const type = eventType(frame.data);
    if (type === undefined) return undefined;
    if (direction === 'upstream') return { type, decides: typeDecides };
    return observeServerEvent(type, frame.data);
  },
  errorEvent: realtimeError,
  pins: translationPins(isAudio),
};

function observeServerEvent(type: string, data: Buffer): Observation {
  switch (type) {
    case 'session.output_audio.delta':
      return { type, mark: 'audio', decides: typeDecides };
    case 'session.created':
      return { type, model: textAt(readObject(data), 'session', 'model'), isContinuous: true };
    case 'session.input_transcript.delta':
      return withTranscript({ type }, () => partialWords(data, 'user'));
    case 'session.output_transcript.delta':
      return withTranscript({ type }, () => partialWords(data, 'assistant'));
    default:
      return { type };
  }
}
