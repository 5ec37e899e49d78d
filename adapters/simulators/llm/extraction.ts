// Extracts a value for any JSON Schema from a text: what a field's name finds there, else null, else the smallest value that fits.

import type { JsonObject } from '../../../codecs/json/object.ts';
import { foundValue } from '../json-schema.ts';

/** The value for the schema out of the text. Deterministic. */
export function valueForSchema(schema: JsonObject, text: string): unknown {
  return foundValue(schema, (key, field, types) => {
    if (Array.isArray(field.enum)) return field.enum.find((option) => isNamed(text, option));
    const name = wordsOfName(key);
    if (name === '') return undefined;
    if (types.includes('string')) return fitText(field, textFor(text, name, field));
    const number = numberIn(text, name, field);
    if (types.includes('number') || (types.includes('integer') && Number.isInteger(number))) return number;
    return types.includes('boolean') && includesWord(text, name) ? true : undefined;
  });
}

function isNamed(text: string, option: unknown): boolean {
  return typeof option === 'string' && includesWord(text, option.replace(/[-_]/g, ' '));
}

function fitText({ minLength, maxLength, pattern }: JsonObject, text: string | undefined): string | undefined {
  if (text === undefined || typeof pattern === 'string') return undefined;
  if (typeof minLength === 'number' && text.length < minLength) return undefined;
  return typeof maxLength === 'number' ? text.slice(0, maxLength) : text;
}

/** Turns `orderNumber` and `order_number` into `order number`. */
function wordsOfName(name: string): string {
  return name
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .replace(/[-_.]+/g, ' ')
    .toLowerCase()
    .trim();
}

const PATTERNS_BY_NAME: readonly (readonly [name: RegExp, value: RegExp])[] = [
  [/\be ?mail\b/, /([\w.+-]+@[\w-]+(?:\.[\w-]+)+)/],
  [/\b(phone|mobile|telephone)\b/, /(\+?\d[\d ()-]{6,}\d)/],
  [
    /\b(date|day|when)\b/,
    /\b(\d{4}-\d\d-\d\d|\d{1,2}[./]\d{1,2}[./]\d{2,4}|(?:mon|tues|wednes|thurs|fri|satur|sun)day|today|tomorrow)\b/i,
  ],
  [/\b(url|website|link)\b/, /(https?:\/\/\S+)/i],
  [/\bname\b/, /\b(?:my name is|my name's|this is|i am|i'm) ([A-Z][\w'-]+(?: [A-Z][\w'-]+)*)/i],
  [/\b(city|field|town|location)\b/, /\b(?:in|to|from|at) ([A-Z][a-z]+(?: [A-Z][a-z]+)*)/],
];

/** Finds a text for a field, by the format of the field or by its name. */
function textFor(text: string, name: string, { format }: JsonObject): string | undefined {
  const pattern = PATTERNS_BY_NAME.find(([names]) => names.test(String(format ?? name)) || names.test(name));
  const found = pattern?.[1].exec(text)?.[1]?.trim();
  if (found !== undefined || format !== undefined) return found;
  return valueAfter(name, text, String.raw`["']?([\p{Lu}\d][\p{L}\p{N}@.-]*[\p{L}\p{N}])`);
}

function numberIn(text: string, name: string, { minimum, maximum }: JsonObject): number | undefined {
  const found = valueAfter(name, text, String.raw`[$€£]?(-?\d+(?:\.\d+)?)`) ?? numberBefore(name, text);
  const value = Number(found ?? Number.NaN);
  return value >= Number(minimum ?? -Infinity) && value <= Number(maximum ?? Infinity) ? value : undefined;
}

/** Finds the value behind a name, as in `order number is 4711` and `order: 4711`. */
function valueAfter(name: string, text: string, value: string): string | undefined {
  const pattern = `\\b${escaped(name).replace(/ /g, '\\s+')}s?\\b\\s*(?:number|no\\.?|id|code)?\\s*(?:is|was|are|of|:|=|#)*\\s*${value}`;
  return new RegExp(pattern, 'iu').exec(text)?.[1];
}

/** Finds the number before a name, as in `2 tickets`. Digits only. */
function numberBefore(name: string, text: string): string | undefined {
  return new RegExp(String.raw`\b(\d+(?:\.\d+)?)\s+${escaped(name)}`, 'iu').exec(text)?.[1];
}

function includesWord(text: string, word: string): boolean {
  return word !== '' && new RegExp(String.raw`(?<![\p{L}\p{N}])${escaped(word)}(?![\p{L}\p{N}])`, 'iu').test(text);
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
