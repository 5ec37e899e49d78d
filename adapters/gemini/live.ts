// The Gemini Live dialect: the first key of a message is its type. Audio, both ways, is told without a parse.

import { firstMember } from '../../codecs/event-type.ts';
import { flatKey, flatObjectEnd, hasBackslash } from '../../codecs/flat-object.ts';
import type { Direction, Frame } from '../../codecs/frame.ts';
import { CLOSE_BRACE, QUOTE, skipSpace, stringEnd } from '../../codecs/json-bytes.ts';
import type { Dialect, Mark, Observation } from '../adapter.ts';
import { isObject, type JsonObject, readEvent } from '../event.ts';
import { guardModels, type ModelPath, type ModelRules } from '../named-models.ts';
import { tokenUsage } from './usage.ts';

const ranking = ['tools', 'retrieval', 'vertexRagStore', 'ragRetrievalConfig', 'ranking'];
const camelPaths: readonly ModelPath[] = [
  ['setup', 'model'],
  ['setup', 'generationConfig', 'routingConfig', 'manualMode', 'modelName'],
  ...['setup', 'contextUpdate'].flatMap((place) => [
    [place, ...ranking, 'llmRanker', 'modelName'],
    [place, ...ranking, 'rankService', 'modelName'],
  ]),
];

const rules: ModelRules = {
  isAudio,
  paths: camelPaths.flatMap(spellings),
  // An ephemeral token may bring a model of its own.
  starter: { word: 'setup', namesNone: ({ setup }) => isObject(setup) && typeof setup.model !== 'string' },
  modelName: (name) => (name.startsWith('models/') ? name.slice('models/'.length) : name),
};

export const liveDialect: Dialect = {
  name: 'gemini-live',
  guard: (frame) => guardModels(frame, rules),
  observe,
  refusal: () => undefined,
};

/** Protobuf's JSON takes camelCase and snake_case for every key, also mixed. */
function spellings(path: ModelPath): readonly ModelPath[] {
  const options = path.map((key) => {
    const snake = key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    return snake === key ? [key] : [key, snake];
  });
  return options.reduce<string[][]>((paths, keys) => paths.flatMap((head) => keys.map((key) => [...head, key])), [[]]);
}

const blobs = ['mimeType', 'mime_type'].map((mimeType) => [flatKey('data'), flatKey(mimeType)]);

/** Exactly `{"realtimeInput":{"audio":{"data":"...","mimeType":"..."}}}`, or the same in snake_case. */
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

function observe({ data }: Frame, direction: Direction): Observation | undefined {
  const first = firstMember(data);
  if (first === undefined) return undefined;
  return direction === 'upstream' ? observeClient(data, first) : observeServer(data, first.key);
}

const requestInputs = ['text', 'activityEnd', 'activity_end'];

function observeClient(data: Buffer, first: { key: string; valueAt: number }): Observation {
  const type = first.key;
  if (type === 'realtimeInput' || type === 'realtime_input') {
    const input = firstMember(data, first.valueAt)?.key;
    return input !== undefined && requestInputs.includes(input) ? { type, mark: 'request' } : { type };
  }
  if (type !== 'clientContent' && type !== 'client_content') return { type };
  const content = readEvent(data)?.[type];
  const isComplete = isObject(content) && (content.turnComplete ?? content.turn_complete) === true;
  return isComplete ? { type, mark: 'request' } : { type };
}

const inlineData = Buffer.from('"inlineData"');
const dataKey = Buffer.from('"data"');
const audioPiece: Observation = { type: 'serverContent', mark: 'audio' };
const moreThanAudio = /"(?:interrupted|turnComplete|usageMetadata|voiceActivity|voiceActivityDetectionSignal)"/;

function observeServer(data: Buffer, type: string): Observation {
  const outside = type === 'serverContent' ? outsideAudio(data) : undefined;
  if (outside !== undefined && !moreThanAudio.test(outside)) return audioPiece;
  const message = readEvent(outside ?? data);
  if (message === undefined) return { type };
  const usage = isObject(message.usageMetadata) ? tokenUsage(message.usageMetadata) : undefined;
  return { type, mark: serverMark(message, outside !== undefined), usage };
}

/** The message without the contents of its first audio string; undefined when it has none. */
function outsideAudio(data: Buffer): string | undefined {
  const inline = data.indexOf(inlineData);
  const key = inline < 0 ? -1 : data.indexOf(dataKey, inline + inlineData.length);
  if (key < 0) return undefined;
  const open = data.indexOf(QUOTE, key + dataKey.length);
  const end = open < 0 ? -1 : stringEnd(data, open);
  return end < 0 ? undefined : data.toString('utf8', 0, open + 1) + data.toString('utf8', end);
}

function serverMark(message: JsonObject, hasAudio: boolean): Mark | undefined {
  const content = isObject(message.serverContent) ? message.serverContent : {};
  if (content.interrupted === true) return 'interrupted';
  if (hasAudio) return 'audio';
  if (hasText(content)) return 'text';
  if (content.turnComplete === true) return 'turn-done';
  return speechMark(message);
}

function hasText(content: JsonObject): boolean {
  const parts = isObject(content.modelTurn) ? content.modelTurn.parts : undefined;
  return (
    Array.isArray(parts) &&
    parts.some((part) => isObject(part) && typeof part.text === 'string' && part.text !== '' && part.thought !== true)
  );
}

function speechMark({ voiceActivity, voiceActivityDetectionSignal }: JsonObject): Mark | undefined {
  const activity = isObject(voiceActivity) ? voiceActivity.voiceActivityType : undefined;
  const signal = isObject(voiceActivityDetectionSignal) ? voiceActivityDetectionSignal.vadSignalType : undefined;
  if (activity === 'ACTIVITY_START' || signal === 'VAD_SIGNAL_TYPE_SOS') return 'speech-started';
  if (activity === 'ACTIVITY_END' || signal === 'VAD_SIGNAL_TYPE_EOS') return 'speech-stopped';
  return undefined;
}
