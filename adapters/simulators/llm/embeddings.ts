// The embeddings of the rehearsal: vectors that are made of the words of a text, without a model. Rule: the same text has the same vector, and texts
// that share words are nearer to each other than those that share none. https://platform.openai.com/docs/api-reference/embeddings

import { isObject, parseJson } from '../../../codecs/json/object.ts';
import { encodeFloats } from '../../../codecs/text/base64.ts';
import { textTokenCount } from '../tokens.ts';
import { REHEARSAL_MODEL, type RehearsalReply, rehearsalError, wholeReply } from './reply.ts';
import { wordsOf } from './transcript.ts';

/** Lengths of the vectors of OpenAI's models. */
const DIMENSIONS = 1536;
const MOST_DIMENSIONS = 3072;
/** Places of a vector that one word has a part in. */
const PLACES = 16;

/** Answers the body of a request for embeddings. */
export function embeddingsReply(body: string): RehearsalReply {
  const request = parseJson(body);
  if (!isObject(request)) return rehearsalError(400, 'expected a JSON object');
  const texts = textsOf(request.input);
  if (texts.length === 0 || texts.includes('')) return rehearsalError(400, 'input: expected a text, or texts', 'input');
  const dimensions = request.dimensions ?? (String(request.model).includes('large') ? MOST_DIMENSIONS : DIMENSIONS);
  if (typeof dimensions !== 'number' || dimensions < 1 || dimensions > MOST_DIMENSIONS)
    return rehearsalError(400, `dimensions: expected a number from 1 to ${MOST_DIMENSIONS}`, 'dimensions');
  const isPacked = request.encoding_format === 'base64';
  const data = texts.map((text, index) => {
    const vector = vectorOf(text, dimensions);
    return { object: 'embedding', index, embedding: isPacked ? encodeFloats(vector) : vector };
  });
  const tokens = texts.reduce((sum, text) => sum + textTokenCount(text), 0);
  const usage = { prompt_tokens: tokens, total_tokens: tokens, cost: 0 };
  return wholeReply({ object: 'list', data, model: REHEARSAL_MODEL, provider: REHEARSAL_MODEL, usage });
}

/** Tokens, of which nobody here knows the text, are words of their own. */
function textsOf(input: unknown): readonly string[] {
  const isOfTokens = Array.isArray(input) && typeof input[0] === 'number';
  const inputs = Array.isArray(input) && !isOfTokens ? input : [input];
  return inputs.map((one) => (Array.isArray(one) ? one.join(' ') : typeof one === 'string' ? one : ''));
}

/** A vector of the length 1. */
function vectorOf(text: string, dimensions: number): readonly number[] {
  const vector = new Array<number>(dimensions).fill(0);
  const words = wordsOf(text);
  for (const word of words.length > 0 ? words : [text]) {
    for (let place = 0; place < PLACES; place++) {
      const hash = hashOf(`${place}${word}`);
      const at = (hash >>> 1) % dimensions;
      vector[at] = (vector[at] ?? 0) + (hash & 1 ? 1 : -1);
    }
  }
  const length = Math.hypot(...vector);
  // Parts of two words may cancel each other out.
  return length === 0 ? vector.fill(1 / Math.sqrt(dimensions)) : vector.map((part) => part / length);
}

/** FNV-1a over UTF-16 units, in 32 bits, with its bits mixed at the end. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return (hash ^ (hash >>> 15)) >>> 0;
}
