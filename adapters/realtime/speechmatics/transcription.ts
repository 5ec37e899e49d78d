// The dialect of Speechmatics' realtime transcription. Messages: read in @speechmatics/real-time-client 8.5; those of a client measured, too.

import { isObject, type JsonObject, objectAt, textAt } from '../../../codecs/json/object.ts';
import type { Dialect } from '../contract/dialect.ts';
import type { Observation, Utterance } from '../contract/observation.ts';
import { eventPaths } from '../guards/event-paths.ts';
import { guardModels, type ModelRules } from '../guards/model-guard.ts';
import { renamedBy } from '../guards/renamed-model.ts';
import { isSound } from '../sound.ts';
import { speechmaticsError } from './error-event.ts';
import { observeMessage, soundRates, transcriptIn } from './messages.ts';
import { speechmaticsResumption } from './resumption.ts';

const CONFIGURATION = 'transcription_config';

/** Older clients call the model `operating_point`. */
const rules: ModelRules = {
  isAudio: () => false,
  words: ['operating_point'],
  places: eventPaths([
    [CONFIGURATION, 'model'],
    [CONFIGURATION, 'operating_point'],
  ]),
  starter: { words: ['StartRecognition'], impliedNames },
};

/** The vocabulary of `/v2`. */
export const speechmaticsDialect: Dialect = {
  name: 'speechmatics-transcription',
  capabilities: {
    audio: 'binary',
    speech: 'heard',
    turnEnd: 'event',
    interruption: 'event',
    usage: 'never',
    speaksFirst: 'client',
  },
  mostTokens: { input: 0, output: 0 },
  // Read in the SDK.
  keepAlive: 'sound within 1 h',
  modelsIn: (frame) => (isSound(frame) ? undefined : guardModels(frame, rules)),
  renamed: renamedBy(rules),
  firstName: {
    nameIn: (event) => (event.message === 'StartRecognition' ? modelIn(event) : undefined),
    refusalEvent: speechmaticsError,
  },
  observe: (frame, direction) => observeMessage(frame, direction, read),
  errorEvent: speechmaticsError,
  resumption: speechmaticsResumption,
};

/** A configuration without a model gets one of Speechmatics' choice. */
function impliedNames(event: JsonObject): readonly string[] {
  return event.message === 'StartRecognition' && modelIn(event) === undefined ? [''] : [];
}

const modelIn = (event: JsonObject): string | undefined =>
  textAt(event, CONFIGURATION, 'model') ?? textAt(event, CONFIGURATION, 'operating_point');

function read(type: string, event: JsonObject, data: Buffer): Observation {
  switch (type) {
    case 'StartRecognition':
      return started(type, event, data);
    case 'AddTranscript':
      return said(type, transcriptIn(event));
    case 'AddTranslation':
      return said(type, translationIn(event));
    case 'EndOfUtterance':
    case 'EndOfTranscript':
      return { type, mark: 'turn-done' };
    default:
      return { type };
  }
}

/** Nothing says where somebody stops speaking, unless the configuration asks for it. */
function started(type: string, event: JsonObject, data: Buffer): Observation {
  const conversation = objectAt(event, CONFIGURATION, 'conversation_config');
  const isTold = Number(conversation?.end_of_utterance_silence_trigger) > 0;
  const known = { type, model: modelIn(event), soundBytesPerSecond: soundRates(event, data) };
  return isTold ? known : { ...known, isContinuous: true };
}

const said = (type: string, utterances: readonly Utterance[] | undefined): Observation =>
  utterances === undefined ? { type } : { type, utterances };

/** A translation is what is answered. */
function translationIn({ results }: JsonObject): readonly Utterance[] | undefined {
  const sentences = Array.isArray(results) ? results.filter(isObject) : [];
  const text = sentences.map((sentence) => textAt(sentence, 'content') ?? '').join(' ');
  return text === '' ? undefined : [{ role: 'assistant', text: `${text} `, isPartial: true }];
}
