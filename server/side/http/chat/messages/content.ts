// Checks the content of messages in Anthropic's form. Rule: each block has an upper bound of tokens, and none is at a provider, where any key of the
// account could name it.

import { isObject, type JsonObject } from '../../../../../codecs/json/object.ts';
import { type HttpProblem, invalidRequest } from '../../../../http/problem.ts';
import { isBoundedImage } from '../body.ts';

/** Limit for all messages together. */
const MAX_BLOCKS = 10_000;

export function contentProblem(messages: readonly JsonObject[]): HttpProblem | undefined {
  const count = messages.reduce((sum, { content }) => sum + (Array.isArray(content) ? content.length : 0), 0);
  if (count > MAX_BLOCKS)
    return invalidRequest(`messages: expected at most ${MAX_BLOCKS} blocks in all, got ${count}`, 'messages');
  for (const [at, { content }] of messages.entries()) {
    const problem = blocksProblem(content, `messages[${at}].content`);
    if (problem) return problem;
  }
  return undefined;
}

function blocksProblem(content: unknown, place: string): HttpProblem | undefined {
  if (typeof content === 'string') return undefined;
  if (!Array.isArray(content)) return invalidRequest(`${place}: expected a text or a list of blocks`, place);
  for (const [at, block] of content.entries()) {
    const problem = blockProblem(block, `${place}[${at}]`);
    if (problem) return problem;
  }
  return undefined;
}

function blockProblem(block: unknown, place: string): HttpProblem | undefined {
  if (!isObject(block) || typeof block.type !== 'string') return wrong(place, 'a block with a type');
  switch (block.type) {
    case 'text':
      return isText(block.text) ? undefined : wrong(`${place}.text`, 'a text');
    case 'image':
      return sourceProblem(block.source, IMAGE_SOURCES, `${place}.source`);
    case 'document':
      return sourceProblem(block.source, DOCUMENT_SOURCES, `${place}.source`);
    case 'tool_use':
      return isText(block.id) && isText(block.name) && isObject(block.input)
        ? undefined
        : wrong(place, 'a tool_use with id, name and an object as input');
    case 'tool_result':
      if (!isText(block.tool_use_id)) return wrong(`${place}.tool_use_id`, 'the id of a tool_use');
      return block.content === undefined ? undefined : blocksProblem(block.content, `${place}.content`);
    case 'container_upload':
      return wrong(place, 'a document in the request itself: a file lies at a provider');
    // Other kinds are read by whoever has them.
    default:
      return undefined;
  }
}

type Sources = Readonly<Record<string, (source: JsonObject) => boolean>>;

const isBase64 = ({ media_type: mediaType, data }: JsonObject): boolean => isText(mediaType) && isText(data);

const IMAGE_SOURCES: Sources = { base64: isBase64, url: ({ url }) => isBoundedImage(url) };

/** A document behind a URL has no bound. */
const DOCUMENT_SOURCES: Sources = {
  base64: isBase64,
  text: ({ data }) => isText(data),
  content: ({ content }) => isText(content) || Array.isArray(content),
};

function sourceProblem(source: unknown, known: Sources, place: string): HttpProblem | undefined {
  const isKnown = isObject(source) && isText(source.type) && Object.hasOwn(known, source.type);
  const isSound = isKnown && known[source.type as string]?.(source) === true;
  return isSound ? undefined : wrong(place, `a source of the type ${Object.keys(known).join(' or ')} with its data`);
}

const isText = (value: unknown): value is string => typeof value === 'string';

const wrong = (place: string, expected: string): HttpProblem => invalidRequest(`${place}: expected ${expected}`, place);
