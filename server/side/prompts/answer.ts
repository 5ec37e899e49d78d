// Reads a model's answer as JSON that fits its kind. Strict JSON comes first; an object in a code fence or in prose counts too, but only
// when it fits.

import { parseJson } from '../../../codecs/json/object.ts';
import type { TaskKind } from './kinds.ts';

type ParsedAnswer = { readonly value: unknown } | { readonly problem: string };

/** Number of braces that are tried as the beginning of an object; prose has few. */
const MAX_STARTS = 8;
/** Length up to which an answer that is not JSON is searched. */
const MAX_SEARCHED_CHARS = 128 * 1024;

/** Returns the value of an answer, or what is wrong with it in words that may be sent back to the model. */
export function parseAnswer(text: string, kind: TaskKind): ParsedAnswer {
  const whole = parseJson(text);
  if (whole !== undefined) return fitting(whole, kind);
  for (const candidate of objectsIn(text.slice(0, MAX_SEARCHED_CHARS))) {
    const read = fitting(candidate, kind);
    if ('value' in read) return read;
  }
  return { problem: text.trim() === '' ? 'it is empty' : 'it is not JSON' };
}

function fitting(value: unknown, kind: TaskKind): ParsedAnswer {
  const problem = kind.check(value);
  return problem === undefined ? { value: kind.strip(value) } : { problem };
}

/** Yields the objects inside a text, each from its first brace to the one that closes it. */
function* objectsIn(text: string): Generator<unknown> {
  let start = text.indexOf('{');
  for (let tried = 0; start >= 0 && tried < MAX_STARTS; tried += 1) {
    const end = closingBrace(text, start);
    const found = end === undefined ? undefined : parseJson(text.slice(start, end + 1));
    if (found !== undefined) yield found;
    start = text.indexOf('{', found === undefined || end === undefined ? start + 1 : end + 1);
  }
}

function closingBrace(text: string, start: number): number | undefined {
  let depth = 0;
  let isInString = false;
  for (let index = start; index < text.length; index += 1) {
    const char = text[index];
    if (isInString) {
      if (char === '\\') index += 1;
      else if (char === '"') isInString = false;
    } else if (char === '"') isInString = true;
    else if (char === '{') depth += 1;
    else if (char === '}' && --depth === 0) return index;
  }
  return undefined;
}
