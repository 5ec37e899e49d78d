// The Gemini Live dialect: where its messages name a model. Realtime audio is recognised without a parse.

import { CLOSE_BRACE, skipSpace } from '../../../codecs/json/bytes.ts';
import { firstMember } from '../../../codecs/json/event-type.ts';
import { flatKey, flatObjectEnd, hasBackslash } from '../../../codecs/json/flat-object.ts';
import { isObject } from '../../../codecs/json/object.ts';
import { jsonFrame, type OutFrame } from '../../../codecs/websocket/frame.ts';
import type { Dialect } from '../contract/dialect.ts';
import { type EventPath, eventPaths } from '../guards/event-paths.ts';
import { guardIds, type IdRules } from '../guards/id-guard.ts';
import { guardModels, type ModelRules } from '../guards/model-guard.ts';
import { renamedBy } from '../guards/renamed-model.ts';
import { observe } from './observe.ts';
import { askedName, nameInSetup, ownName } from './own-model.ts';
import { geminiPins } from './pins.ts';
import { geminiResumption } from './resumption.ts';

const ranking = ['tools', 'retrieval', 'vertexRagStore', 'ragRetrievalConfig', 'ranking'];
const paths: readonly EventPath[] = [
  ['setup', 'model'],
  ['setup', 'generationConfig', 'routingConfig', 'manualMode', 'modelName'],
  ...['setup', 'contextUpdate'].flatMap((place) => [
    [place, ...ranking, 'llmRanker', 'modelName'],
    [place, ...ranking, 'rankService', 'modelName'],
  ]),
];

export const geminiModelPlaces = eventPaths(paths, spellings);

const rules: ModelRules = {
  isAudio,
  places: geminiModelPlaces,
  // An ephemeral token may bring a model of its own.
  starter: {
    words: ['setup'],
    impliedNames: ({ setup }) => (isObject(setup) && typeof setup.model !== 'string' ? [''] : []),
  },
  modelName: ownName,
  askedName,
};

/** A handle is taken in the setup alone, which comes once. The provider takes one for two hours. */
const idRules: IdRules = {
  fields: [
    {
      field: 'setup.sessionResumption.handle',
      places: eventPaths([['setup', 'sessionResumption', 'handle']], spellings),
    },
  ],
  words: ['setup'],
  isLast: ({ setup }) => isObject(setup),
};

/** The vocabulary of BidiGenerateContent. It has no error event: a rejected client gets a close code alone. */
export const geminiLiveDialect: Dialect = {
  name: 'gemini-live',
  capabilities: { audio: 'base64', turnEnd: 'event', interruption: 'event', usage: 'per-turn', speaksFirst: 'client' },
  // The context of the largest has 128,000 tokens.
  mostTokens: { input: 256_000, output: 64_000 },
  modelsIn: (frame) => guardModels(frame, rules),
  renamed: renamedBy(rules),
  firstName: nameInSetup,
  observe,
  errorEvent: () => undefined,
  leavingEvent: (leftMs) => jsonFrame({ goAway: { timeLeft: `${Math.max(0, leftMs / 1000)}s` } }),
  // Live counts 25 tokens for a second of audio, other uses of the models 32. https://ai.google.dev/gemini-api/docs/tokens
  sound: {
    upstream: { bytesPerSecond: 32_000, tokensPerSecond: 32 },
    downstream: { bytesPerSecond: 48_000, tokensPerSecond: 32 },
  },
  pins: geminiPins(isAudio),
  lastUsage: {},
  resumption: geminiResumption,
  ids: { keptMs: 24 * 60 * 60 * 1000, inFrame: (frame) => guardIds(frame, idRules) },
  context: { kind: 'event', after: 'first-answer', event: historyContent },
};

/** The event may come only after `setupComplete`. With `initialHistoryInClientContent` in the setup, the client tells when its history is complete. */
function historyContent(text: string): OutFrame {
  const turns = [{ role: 'user', parts: [{ text }] }];
  return jsonFrame({ clientContent: { turns, turnComplete: false } });
}

/** Protobuf's JSON takes camelCase and snake_case for every key, also mixed. */
function spellings(key: string): readonly string[] {
  return [key, key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)];
}

const blobs = ['mimeType', 'mime_type'].map((mimeType) => [flatKey('data'), flatKey(mimeType)]);

/** Tells whether a message is exactly `{"realtimeInput":{"audio":{"data":"...","mimeType":"..."}}}`, or the same in snake_case. */
function isAudio(data: Buffer): boolean {
  const input = firstMember(data);
  if (input?.key !== 'realtimeInput' && input?.key !== 'realtime_input') return false;
  const audio = firstMember(data, input.valueAt);
  if (audio?.key !== 'audio') return false;
  const blobEnd = Math.max(...blobs.map((keys) => flatObjectEnd(data, audio.valueAt, keys)));
  const inputEnd = closeAfter(data, blobEnd);
  const end = closeAfter(data, inputEnd);
  return end > 0 && skipSpace(data, end) === data.length && !hasBackslash(data);
}

function closeAfter(data: Buffer, from: number): number {
  if (from < 0) return -1;
  const at = skipSpace(data, from);
  return data[at] === CLOSE_BRACE ? at + 1 : -1;
}
