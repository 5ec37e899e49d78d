// Reads a chat completion request for profiles of other forms. Rule: a part that has no other form is refused, never dropped.

import { isObject, type JsonObject, textAt } from '../../../codecs/json/object.ts';
import { type LlmCall, unsupported } from '../contract.ts';
import { detailsOf } from './reasoning.ts';
import { type FunctionCall, TOOL_FIELDS, toolCallsOf } from './tools.ts';
import {
  addPart,
  type CacheMark,
  type ChatTurn,
  type ContentPart,
  type FileSource,
  type ImageSource,
  TurnCollector,
} from './turns.ts';

interface Dialogue {
  /** The system messages, joined; undefined without any. */
  readonly system: string | undefined;
  /** The mark of the last of them that has one: what is cached ends there at the latest. */
  readonly systemCache: JsonObject | undefined;
  /** Turns that alternate, the user's first; there is at least one. Results of tools are in the user's turns. */
  readonly turns: readonly ChatTurn[];
}

/** Reads the messages of a call. `mayEndOpen`: see `TurnCollector.turns`. @throws LlmFailure `unsupported` for files behind a URL and messages of other roles. */
export function dialogueOf(call: LlmCall, options: { readonly mayEndOpen: boolean }): Dialogue {
  const system: string[] = [];
  let systemCache: JsonObject | undefined;
  const said = new TurnCollector();
  let last: unknown;
  for (const message of call.messages) {
    if (isSystem(message)) {
      const { text, cacheControl } = textPartIn(message.content);
      if (text.trim() === '') continue;
      system.push(text);
      systemCache = cacheControl ?? systemCache;
    } else addMessage(said, message, detailsOf(message, call));
    last = message;
  }
  // The other forms want the user to speak last, but prompts of instructions alone, or with instructions at the end, are common.
  if (isObject(last) && isSystem(last) && said.lastRole !== 'user')
    said.say('user', [{ kind: 'text', text: system.pop() as string }]);
  const turns = said.turns(options);
  return system.length === 0
    ? { system: undefined, systemCache: undefined, turns }
    : { system: system.join('\n\n'), systemCache, turns };
}

const isSystem = ({ role }: JsonObject): boolean => role === 'system' || role === 'developer';

/** `details`: reasoning that the target gave with this message. */
function addMessage(said: TurnCollector, message: JsonObject, details: readonly JsonObject[]): void {
  const { role, content } = message;
  switch (role) {
    case 'user':
      said.say('user', contentOf(content));
      break;
    case 'assistant':
      if (message.function_call !== undefined && message.function_call !== null) throw unsupported('function_call');
      if (details.length > 0) said.say('assistant', [{ kind: 'reasoning', details }]);
      said.say('assistant', [{ kind: 'text', text: textIn(content) }]);
      said.call(
        toolCallsOf(message).map((call) => ({ ...call, signature: call.signature ?? signatureOf(call, details) })),
      );
      break;
    case 'tool':
      said.result(textAt(message, 'tool_call_id') ?? '', textIn(content));
      break;
    default:
      throw unsupported('messages of other roles than system, user, assistant and tool');
  }
}

/** The parts of a content. Adjacent texts are joined. */
function contentOf(content: unknown): readonly ContentPart[] {
  if (content === null || content === undefined) return [];
  if (typeof content === 'string') return [{ kind: 'text', text: content }];
  if (!Array.isArray(content)) throw unsupported('messages without text');
  const parts: ContentPart[] = [];
  for (const part of content) addPart(parts, partOf(part), '\n');
  return parts;
}

function partOf(part: unknown): ContentPart {
  const mark = isObject(part) ? cacheMark(part) : {};
  return { ...unmarkedPart(part), ...mark };
}

const cacheMark = ({ cache_control: cacheControl }: JsonObject): CacheMark =>
  isObject(cacheControl) ? { cacheControl } : {};

function unmarkedPart(part: unknown): ContentPart {
  if (isObject(part) && part.type === 'text' && typeof part.text === 'string') return { kind: 'text', text: part.text };
  if (isObject(part) && part.type === 'refusal' && typeof part.refusal === 'string')
    return { kind: 'text', text: part.refusal };
  const file = isObject(part) ? fileIn(part) : undefined;
  if (file !== undefined) return { kind: 'file', file };
  const url = isObject(part) && part.type === 'image_url' ? textAt(part, 'image_url', 'url') : undefined;
  if (url === undefined) throw unsupported('messages with other parts than text, images, files and audio');
  return { kind: 'image', image: imageAt(url) };
}

/** The signature of a call among the details of its message. */
const signatureOf = ({ id }: FunctionCall, details: readonly JsonObject[]): string | undefined =>
  textAt(
    details.find((detail) => detail.id === id),
    'data',
  );

/** A file whose data is in the part, or a recording; undefined for any other part. */
function fileIn(part: JsonObject): FileSource | undefined {
  const audio = part.type === 'input_audio' ? textAt(part, 'input_audio', 'data') : undefined;
  if (audio !== undefined)
    return { mediaType: `audio/${textAt(part, 'input_audio', 'format')}`, data: audio, name: undefined };
  const url = part.type === 'file' ? textAt(part, 'file', 'file_data') : undefined;
  if (url === undefined) return undefined;
  const mediaType = mediaTypeOf(url);
  if (mediaType === undefined) throw unsupported('files that are not base64');
  return { mediaType, data: url.slice(url.indexOf(',') + 1), name: textAt(part, 'file', 'filename') };
}

/** The type in the head of a data URL. The pattern reads only the head, since the data may have megabytes. */
function mediaTypeOf(url: string): string | undefined {
  const [, mediaType] = /^data:([\w.+-]+\/[\w.+-]+);base64,/i.exec(url.slice(0, 200)) ?? [];
  return mediaType?.toLowerCase();
}

function imageAt(url: string): ImageSource {
  if (/^https?:/i.test(url)) return { mediaType: undefined, url };
  const mediaType = mediaTypeOf(url);
  if (mediaType === undefined) throw unsupported('images that are neither base64 nor behind a URL');
  return { mediaType, data: url.slice(url.indexOf(',') + 1) };
}

const textIn = (content: unknown): string => textPartIn(content).text;

/** The text of all parts, and the last mark among them. */
function textPartIn(content: unknown): { readonly text: string } & CacheMark {
  const parts = contentOf(content).map((part) => {
    if (part.kind !== 'text') throw unsupported('messages with other parts than text');
    return part;
  });
  const cacheControl = parts.findLast((part) => part.cacheControl !== undefined)?.cacheControl;
  return { text: parts.map(({ text }) => text).join('\n'), cacheControl };
}

/** Fields that have no other form: hints that may be dropped, since the answer is complete without them, and what is read elsewhere. */
const NOT_RENAMED = [
  ...['user', 'safety_identifier', 'prompt_cache_key', 'verbosity', 'reasoning_effort', 'seed', 'stream_options'],
  ...['prediction', 'response_format', ...TOOL_FIELDS],
];

/** Values that clients send though they change nothing. */
const INERT: Readonly<Record<string, unknown>> = {
  ...{ presence_penalty: 0, frequency_penalty: 0, repetition_penalty: 1, min_p: 0, top_p: 1, top_k: 0 },
  ...{ logprobs: false, top_logprobs: 0 },
};

const isInert = (field: string, value: unknown): boolean =>
  (Object.hasOwn(INERT, field) && INERT[field] === value) ||
  (field === 'logit_bias' && isObject(value) && Object.keys(value).length === 0);

/** Renames the client's other fields for another form. @throws LlmFailure `unsupported` for a field without a name there. */
export function renameExtraFields(extra: JsonObject, names: Readonly<Record<string, string>>): JsonObject {
  const renamed: [string, unknown][] = [];
  for (const [field, value] of Object.entries(extra)) {
    if (isInert(field, value)) continue;
    const name = names[field];
    if (name !== undefined) renamed.push([name, field === 'stop' && typeof value === 'string' ? [value] : value]);
    else if (!NOT_RENAMED.includes(field)) throw unsupported(field);
  }
  return Object.fromEntries(renamed);
}

/** The schema that the answer must have, by the call or by the client's `response_format`. */
export function answerSchemaOf({ schema, extra }: LlmCall): JsonObject | undefined {
  if (schema !== undefined) return schema.schema;
  const format = extra.response_format;
  if (format === undefined || (isObject(format) && format.type === 'text')) return undefined;
  const fromClient = isObject(format) && isObject(format.json_schema) ? format.json_schema.schema : undefined;
  if (isObject(fromClient)) return fromClient;
  throw unsupported('response_format without a schema');
}
