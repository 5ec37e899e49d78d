// The moderations of the rehearsal: a few English words flag a category of OpenAI's. https://platform.openai.com/docs/api-reference/moderations

import { isObject, parseJson } from '../../../codecs/json/object.ts';
import { createId } from '../random-id.ts';
import { DANGERS } from './keywords.ts';
import { REHEARSAL_MODEL, type RehearsalReply, rehearsalError, wholeReply } from './reply.ts';

const CATEGORIES = [
  ...['harassment', 'harassment/threatening', 'hate', 'hate/threatening', 'illicit', 'illicit/violent', 'self-harm'],
  ...['self-harm/instructions', 'self-harm/intent', 'sexual', 'sexual/minors', 'violence', 'violence/graphic'],
];

const SCORES = { found: 0.95, none: 0.001 } as const;

/** Answers the body of a request for moderation. Parts of one input have one result. */
export function moderationReply(body: string): RehearsalReply {
  const request = parseJson(body);
  const inputs = isObject(request) ? inputsOf(request.input) : [];
  if (inputs.length === 0) return rehearsalError(400, 'input: expected a text, texts, or parts', 'input');
  return wholeReply({
    id: createId('modr-', 24),
    model: REHEARSAL_MODEL,
    provider: REHEARSAL_MODEL,
    results: inputs.map(resultOf),
  });
}

function inputsOf(input: unknown): readonly string[] {
  if (typeof input === 'string') return [input];
  if (!Array.isArray(input)) return [];
  if (input.length === 0 || input.every((one) => typeof one === 'string')) return input;
  return [input.map((part) => (isObject(part) && typeof part.text === 'string' ? part.text : '')).join('\n')];
}

function resultOf(text: string) {
  const found = DANGERS.filter(([, , pattern]) => pattern.test(text)).map(([category]) => category);
  const flagged = CATEGORIES.filter((category) => found.includes(category));
  const each = <Value>(of: (category: string) => Value) =>
    Object.fromEntries(CATEGORIES.map((category) => [category, of(category)]));
  return {
    flagged: flagged.length > 0,
    categories: each((category) => flagged.includes(category)),
    category_scores: each((category) => (flagged.includes(category) ? SCORES.found : SCORES.none)),
    category_applied_input_types: each(() => ['text']),
  };
}
