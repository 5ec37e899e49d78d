// Reasoning that goes back to the target that gave it: what endpoints say of it in the shape of OpenRouter's `reasoning_details`, and sealed, as a
// client keeps it between two calls. Rule: what one target sealed is never sent to another.
// https://openrouter.ai/docs/guides/best-practices/reasoning-tokens

import { isObject, type JsonObject, parseJson, textAt } from '../../../codecs/json/object.ts';
import type { LlmCall } from '../contract.ts';

/** The start of sealed reasoning, which tells it from what providers encrypt. */
const MARK = 'trunkline.1.';
/** The field of a message of the assistant that holds sealed reasoning on its way to a profile. */
export const SEALED = 'sealed_reasoning';

/** Puts details and the target that gave them into one text. */
export const sealed = (target: string, details: readonly JsonObject[]): string =>
  MARK + Buffer.from(JSON.stringify({ target, details })).toString('base64url');

export const isSealed = (text: string): boolean => text.startsWith(MARK);

/** The details in sealed texts that this target gave; those of others are left out. */
function opened(texts: readonly unknown[], target: string): readonly JsonObject[] {
  return texts.flatMap((text) => {
    if (typeof text !== 'string' || !isSealed(text)) return [];
    const content = parseJson(Buffer.from(text.slice(MARK.length), 'base64url').toString());
    if (!isObject(content) || content.target !== target || !Array.isArray(content.details)) return [];
    return content.details.filter(isObject);
  });
}

/** The details in a message that the target of the call has given before. */
export function detailsOf(message: JsonObject, { native }: Pick<LlmCall, 'native'>): readonly JsonObject[] {
  const texts = message[SEALED];
  return native?.target === undefined || !Array.isArray(texts) ? [] : opened(texts, native.target);
}

/** Adds pieces of a stream to the details so far: the texts of one `index` and type are joined, other fields replaced. */
export function addDetails(details: JsonObject[], pieces: readonly JsonObject[]): void {
  for (const piece of pieces) {
    const at = details.findLastIndex(({ type, index, id }) => {
      return type === piece.type && index === piece.index && (id ?? piece.id) === (piece.id ?? id);
    });
    const known = details[at];
    if (known === undefined || piece.index === undefined) details.push(piece);
    else details[at] = joined(known, piece);
  }
}

const JOINED = ['text', 'summary'] as const;

function joined(known: JsonObject, piece: JsonObject): JsonObject {
  const texts = JOINED.flatMap((field) => {
    const [before, more] = [textAt(known, field), textAt(piece, field)];
    return before === undefined && more === undefined ? [] : [[field, (before ?? '') + (more ?? '')] as const];
  });
  const given = Object.entries(piece).filter(([, value]) => value !== null && value !== undefined);
  return { ...known, ...Object.fromEntries(given), ...Object.fromEntries(texts) };
}
