// The dialect of Soniox's transcription: a configuration, then sound in binary messages; back come tokens, each final or to be replaced.

import { eventType } from '../../../codecs/json/event-type.ts';
import { isObject, type JsonObject, readObject, textAt } from '../../../codecs/json/object.ts';
import type { Direction, Frame } from '../../../codecs/websocket/frame.ts';
import type { Dialect } from '../contract/dialect.ts';
import type { Observation, Utterance } from '../contract/observation.ts';
import { eventPaths } from '../guards/event-paths.ts';
import { guardModels, type ModelRules } from '../guards/model-guard.ts';
import { renamedBy } from '../guards/renamed-model.ts';
import { isSound, soundOf } from '../sound.ts';
import { sonioxError } from './errors.ts';
import { sonioxFirstName } from './first-frame.ts';
import { sonioxResumption } from './resumption.ts';

const rules: ModelRules = {
  isAudio: () => false,
  places: eventPaths([['model']]),
  starter: { words: ['audio_format', 'api_key'], impliedNames },
};

/** The vocabulary of `/transcribe-websocket`. */
export const sonioxTranscriptionDialect: Dialect = {
  name: 'soniox-transcription',
  capabilities: {
    audio: 'binary',
    speech: 'heard',
    turnEnd: 'event',
    interruption: 'event',
    usage: 'never',
    speaksFirst: 'client',
  },
  mostTokens: { input: 0, output: 0 },
  // Measured with the SDK; the longest silence without it is not known.
  keepAlive: 'keepalive while paused',
  modelsIn: (frame) => (isSound(frame) ? undefined : guardModels(frame, rules)),
  renamed: renamedBy(rules),
  firstName: sonioxFirstName,
  observe,
  errorEvent: sonioxError,
  resumption: sonioxResumption,
};

/** A configuration without a model gets one of Soniox's choice; messages behind it have a type. */
function impliedNames({ type, model }: JsonObject): readonly string[] {
  return type === undefined && model === undefined ? [''] : [];
}

function observe({ data, binary }: Frame, direction: Direction): Observation | undefined {
  if (direction === 'downstream') return observeTokens(readObject(data));
  if (binary) return soundOf(direction);
  // An empty message ends the sound.
  return data.length === 0 ? { type: 'end' } : observeClient(data);
}

/** Without endpoint detection nothing says where somebody stops speaking. */
function observeClient(data: Buffer): Observation {
  const type = eventType(data);
  if (type !== undefined) return { type };
  const configuration = readObject(data);
  const known = { type: 'configuration', model: textAt(configuration, 'model') };
  return configuration?.enable_endpoint_detection === true ? known : { ...known, isContinuous: true };
}

/** Tokens that tell of an endpoint, and of the answer to `finalize`: they are no words. */
const ENDS = new Set(['<end>', '<fin>']);

function observeTokens(event: JsonObject | undefined): Observation | undefined {
  if (event === undefined) return undefined;
  if (event.error_code !== undefined) return { type: 'error' };
  const tokens = Array.isArray(event.tokens) ? event.tokens.filter(isObject) : [];
  const isEnd = event.finished === true || tokens.some(({ text }) => ENDS.has(String(text)));
  const utterances = wordsOf(tokens.filter(({ is_final, text }) => is_final === true && !ENDS.has(String(text))));
  return {
    type: 'tokens',
    ...(isEnd && { mark: 'turn-done' }),
    ...(utterances.length > 0 && { utterances }),
  };
}

/** Words of a translation are those of the side that answers. */
function wordsOf(tokens: readonly JsonObject[]): readonly Utterance[] {
  const isTranslated = ({ translation_status: status }: JsonObject) => status === 'translation';
  const textOf = (some: readonly JsonObject[]) => some.map((token) => textAt(token, 'text') ?? '').join('');
  const said = [
    { role: 'user', text: textOf(tokens.filter((token) => !isTranslated(token))), isPartial: true },
    { role: 'assistant', text: textOf(tokens.filter(isTranslated)), isPartial: true },
  ] as const;
  return said.filter(({ text }) => text !== '');
}
