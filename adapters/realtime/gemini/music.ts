// The dialect of Google's music (`BidiGenerateMusic`): prompts and controls in, a stream of sound out, without turns and without reports of usage.
// Paths and messages: read in the SDK for JavaScript.

import { firstMember } from '../../../codecs/json/event-type.ts';
import { isObject, readObject, textAt } from '../../../codecs/json/object.ts';
import type { DecisiveBytes } from '../../../codecs/websocket/alike-messages.ts';
import type { Direction, Frame } from '../../../codecs/websocket/frame.ts';
import type { Dialect } from '../contract/dialect.ts';
import type { Observation } from '../contract/observation.ts';
import { eventPaths } from '../guards/event-paths.ts';
import { guardModels, type ModelRules } from '../guards/model-guard.ts';
import { renamedBy } from '../guards/renamed-model.ts';
import { askedName, nameInSetup, ownName } from './own-model.ts';

const rules: ModelRules = {
  isAudio: () => false,
  places: eventPaths([['setup', 'model']]),
  starter: {
    words: ['setup'],
    impliedNames: ({ setup }) => (isObject(setup) && typeof setup.model !== 'string' ? [''] : []),
  },
  modelName: ownName,
  askedName,
};

/** The vocabulary of `BidiGenerateMusic`. */
export const geminiMusicDialect: Dialect = {
  name: 'gemini-music',
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
  firstName: nameInSetup,
  observe,
  errorEvent: () => undefined,
};

function observe({ data }: Frame, direction: Direction): Observation | undefined {
  const first = firstMember(data);
  if (first === undefined) return undefined;
  const { key: type, valueAt } = first;
  if (direction === 'upstream') return type === 'setup' ? { type, model: modelIn(data) } : { type };
  if (type === 'setupComplete') return { type, isContinuous: true };
  const isSound = type === 'serverContent' && firstMember(data, valueAt)?.key === 'audioChunks';
  return isSound ? { type, mark: 'audio', decides: contentDecides } : { type };
}

function modelIn(data: Buffer): string {
  return ownName(textAt(readObject(data), 'setup', 'model') ?? '');
}

/** The first key within the content says what it is. */
function contentDecides(data: Buffer): DecisiveBytes | undefined {
  const content = firstMember(data);
  const kind = content && firstMember(data, content.valueAt);
  return kind && { first: kind.valueAt, last: 0 };
}
