// Anthropic's Messages API. Rule: an answer with a schema is requested as the input of a tool that must be called; beside tools of the client it is
// a structured output. https://docs.anthropic.com/en/api/messages, https://docs.anthropic.com/en/docs/agents-and-tools/tool-use/overview

import { type JsonObject, objectAt } from '../../../codecs/json/object.ts';
import { readList } from '../catalogue/list.ts';
import { answerSchemaOf, dialogueOf, renameExtraFields } from '../chat/dialogue.ts';
import { translatedStream } from '../chat/stream.ts';
import { type Tools, toolsOf } from '../chat/tools.ts';
import type { ContentPart, FileSource, ImageSource } from '../chat/turns.ts';
import { passedTokenCounts } from '../completions/passed.ts';
import { modelsUrl } from '../completions/profile.ts';
import { type LlmCall, type LlmProfile, type LlmTarget, unsupported } from '../contract.ts';
import { nativeMessages } from '../messages/native.ts';
import { ANSWER_TOOL, ANTHROPIC, blockOfDetail, createAnthropicReader, readAnthropicReply } from './answer.ts';
import { structuredSchema } from './schema.ts';
import { anthropicThinking } from './thinking.ts';

const ownApi = {
  headers: ({ apiKey }: LlmTarget) => ({ 'x-api-key': apiKey, 'anthropic-version': '2023-06-01' }),
  readMetadata: () => ({ provider: ANTHROPIC }),
};

export const anthropicProfile: LlmProfile = {
  name: 'anthropic',
  priceListName: 'anthropic',
  path: 'direct',
  demandsMaxTokens: true,
  baseUrl: 'https://api.anthropic.com/v1',
  provider: () => ANTHROPIC,
  catalogue: {
    requests: (target) => [
      { url: `${modelsUrl(target)}?limit=1000`, headers: ownApi.headers({ ...target, model: '' }) },
    ],
    read: (body) => readList(body),
  },
  native: { messages: nativeMessages(ownApi), count_tokens: passedTokenCounts(ownApi) },
  toRequest: (call, target) => ({
    url: `${target.baseUrl.replace(/\/+$/, '')}/messages`,
    headers: { 'content-type': 'application/json', ...ownApi.headers(target) },
    body: JSON.stringify({ model: target.model, ...bodyOf(call, target.model) }),
  }),
  readReply: readAnthropicReply,
  readStream: (_, call, model) => translatedStream(createAnthropicReader(), { call, model, provider: ANTHROPIC }),
};

/** Models before 4.6 continue a last turn of the assistant; all later ones refuse it. */
const CONTINUES = /^claude-(?:[23]|(?:opus|sonnet|haiku)-4(?:-[0-5])?(?:-\d{8}|-latest|@.*)?$)/;

/** Models that hold an answer to a schema beside tools: 4.5 and later, and Opus 4.1. https://docs.anthropic.com/en/docs/build-with-claude/structured-outputs */
const STRUCTURED = /^claude-(?:opus-4-1|[a-z]+-(?:4-)?(?:[5-9]|\d\d))(?!\d)/;

function bodyOf(call: LlmCall, model: string): JsonObject {
  const [schema, tools] = [answerSchemaOf(call), toolsOf(call)];
  const thinking = tools === undefined || tools.choice === 'auto' ? anthropicThinking(call, model) : undefined;
  // A turn that is continued can call no tool, and has been thought about.
  const mayEndOpen = CONTINUES.test(model) && schema === undefined && tools === undefined && thinking === undefined;
  const { system, systemCache, turns } = dialogueOf(call, { mayEndOpen });
  return {
    ...renameExtraFields(call.extra, { stop: 'stop_sequences', top_p: 'top_p', top_k: 'top_k' }),
    max_tokens: call.maxTokens,
    system: systemCache === undefined ? system : [{ type: 'text', text: system, cache_control: systemCache }],
    messages: turns.map(({ role, parts }) => ({ role, content: contentOf(parts) })),
    // OpenAI allows up to 2.
    temperature: call.temperature === undefined ? undefined : Math.min(1, call.temperature),
    ...(tools === undefined && schema !== undefined
      ? answerTool(schema)
      : { ...(tools && toolFields(tools)), ...outputFields(model, thinking, schema) }),
    stream: call.isStreamed || undefined,
  };
}

/** A content of text alone is a string. */
function contentOf(parts: readonly ContentPart[]): string | readonly JsonObject[] {
  const [only] = parts;
  const isPlain = parts.length === 1 && only?.kind === 'text' && only.cacheControl === undefined;
  return isPlain ? only.text : parts.flatMap(markedBlocksOf);
}

/** A mark of the client stands on the block that its part has become. https://docs.anthropic.com/en/docs/build-with-claude/prompt-caching */
function markedBlocksOf(part: ContentPart): readonly JsonObject[] {
  const mark = 'cacheControl' in part ? part.cacheControl : undefined;
  const blocks = blocksOf(part);
  return mark === undefined ? blocks : blocks.map((block) => ({ ...block, cache_control: mark }));
}

function blocksOf(part: ContentPart): readonly JsonObject[] {
  switch (part.kind) {
    case 'text':
      return [{ type: 'text', text: part.text }];
    case 'image':
      return [{ type: 'image', source: sourceOf(part.image) }];
    case 'file':
      return [documentOf(part.file)];
    case 'reasoning':
      return part.details.flatMap(blockOfDetail);
    case 'call':
      return [{ type: 'tool_use', id: part.call.id, name: part.call.name, input: part.call.input }];
    case 'result':
      return [{ type: 'tool_result', tool_use_id: part.id, content: part.text }];
  }
}

/** https://docs.anthropic.com/en/docs/build-with-claude/pdf-support */
function documentOf({ mediaType, data, name: title }: FileSource): JsonObject {
  if (mediaType === 'application/pdf')
    return { type: 'document', source: { type: 'base64', media_type: mediaType, data }, title };
  if (!mediaType.startsWith('text/')) throw unsupported(`files of the type ${mediaType}`);
  const text = Buffer.from(data, 'base64').toString();
  return { type: 'document', source: { type: 'text', media_type: 'text/plain', data: text }, title };
}

const IMAGES = ['image/jpeg', 'image/png', 'image/gif', 'image/webp'];

function sourceOf(image: ImageSource): JsonObject {
  if (image.mediaType === undefined) return { type: 'url', url: image.url };
  if (!IMAGES.includes(image.mediaType)) throw unsupported('images of this type');
  return { type: 'base64', media_type: image.mediaType, data: image.data };
}

/** The fields of thinking, and of a schema that the answer must have beside tools. @throws LlmFailure `unsupported` for a model that has no such. */
function outputFields(model: string, thinking: JsonObject | undefined, schema: JsonObject | undefined): JsonObject {
  if (schema === undefined) return { ...thinking };
  if (!STRUCTURED.test(model)) throw unsupported('tools beside a response_format with a schema', 'response_format');
  const format = { type: 'json_schema', schema: structuredSchema(schema) };
  return { ...thinking, output_config: { ...objectAt(thinking, 'output_config'), format } };
}

function answerTool(schema: JsonObject): JsonObject {
  const tool = { name: ANSWER_TOOL, description: 'Gives the answer.', input_schema: schema };
  return { tools: [tool], tool_choice: { type: 'tool', name: ANSWER_TOOL } };
}

function toolFields(tools: Tools): JsonObject {
  if (tools.list.some(({ name }) => name === ANSWER_TOOL)) throw unsupported(`a tool of the name ${ANSWER_TOOL}`);
  return {
    tools: tools.list.map(({ name, description, schema: input_schema, isStrict }) => {
      return { name, description, input_schema, strict: isStrict || undefined };
    }),
    tool_choice: choiceOf(tools),
  };
}

function choiceOf({ choice, isParallel }: Tools): JsonObject {
  if (choice === 'none') return { type: 'none' };
  const single = isParallel ? {} : { disable_parallel_tool_use: true };
  if (typeof choice === 'object') return { type: 'tool', name: choice.name, ...single };
  return { type: choice === 'required' ? 'any' : 'auto', ...single };
}
