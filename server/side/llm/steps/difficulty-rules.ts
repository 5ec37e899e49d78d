// Tells which rule of a class a call fits. Rule: it looks at the call alone, and a text of any length costs one look at its length.

import { isObject, type JsonObject } from '../../../../codecs/json/object.ts';
import type { ClassConfig } from '../../../config/side/llm-schema.ts';
import type { Call } from '../call.ts';
import type { DetectLanguage } from './language.ts';

export type Difficulty = NonNullable<ClassConfig['difficulty']>;
type DifficultyRule = Difficulty['rules'][number];

interface FoundRule {
  /** Counts from 1. */
  readonly number: number;
  readonly rule: DifficultyRule;
}

export const asksForLanguage = (rules: readonly DifficultyRule[]): boolean =>
  rules.some(({ when }) => when.language !== undefined);

/** Finds the first rule that a call fits. */
export type FindRule = (call: Call) => FoundRule | undefined;

/** `detect`: needed where a rule asks for languages. */
export function ruleFinder(rules: readonly DifficultyRule[], detect?: DetectLanguage): FindRule {
  const tests = rules.map(({ when }) => testOf(when, detect));
  return (call) => {
    const index = tests.findIndex((fits) => fits(call));
    const rule = rules[index];
    return rule && { number: index + 1, rule };
  };
}

function testOf(
  { tools, kind, minChars = 0, maxChars, script, language }: DifficultyRule['when'],
  detect: DetectLanguage | undefined,
): (call: Call) => boolean {
  const isWritten = script === undefined ? undefined : scriptTest(script);
  const most = maxChars ?? Number.POSITIVE_INFINITY;
  const isAnyLength = minChars === 0 && maxChars === undefined;
  return (call) => {
    if (kind !== undefined && kind !== call.kind) return false;
    if (tools !== undefined && tools !== hasTools(call)) return false;
    if (!isAnyLength) {
      const chars = charsOf(call);
      if (chars < minChars || chars > most) return false;
    }
    if (isWritten !== undefined && !isWritten(lastOfUser(call))) return false;
    return language === undefined || language.includes(detect?.(lastOfUser(call).slice(0, LOOKED_AT_CHARS)) ?? '');
  };
}

/** Tells whether a call brings tools, or leaves some to whoever serves. */
export const hasTools = ({ llm: { extra, native } }: Pick<Call, 'llm'>): boolean =>
  [extra.tools, native?.body.tools, native?.hostedTools].some((tools) => Array.isArray(tools) && tools.length > 0);

const charsOf = ({ llm }: Call): number => llm.messages.reduce((sum, message) => sum + textOf(message).length, 0);

function lastOfUser({ llm }: Call): string {
  const last = llm.messages.findLast(({ role }) => role === 'user');
  return last === undefined ? '' : textOf(last);
}

/** The text of a message; of one that has parts, that of all. */
function textOf({ content }: JsonObject): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.map((part) => (isObject(part) && typeof part.text === 'string' ? part.text : '')).join('\n');
}

/** Part of a text that tells in what it is written. */
const LOOKED_AT_CHARS = 2000;
/** Such a share of its letters are of the script. Names and code in Latin letters are long beside words of Han. */
const LEAST_SHARE = 1 / 5;

function scriptTest(scripts: readonly string[]): (text: string) => boolean {
  const own = new RegExp(`[${scripts.map((name) => `\\p{Script=${name}}`).join('')}]`, 'gu');
  return (text) => {
    const seen = text.slice(0, LOOKED_AT_CHARS);
    const letters = seen.match(/\p{L}/gu)?.length ?? 0;
    return letters > 0 && (seen.match(own)?.length ?? 0) >= letters * LEAST_SHARE;
  };
}
