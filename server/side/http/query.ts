// Reading the parameters of a query: a value, nothing, or a problem that names the parameter and what was expected.

import type { Problem } from '../../http/problem.ts';
import { invalid } from './route.ts';

type Query = Readonly<Record<string, string>>;

/** Whether reading came to a problem. */
export function isProblem(value: unknown): value is Problem {
  return typeof value === 'object' && value !== null && 'status' in value && 'code' in value;
}

/** A moment in ISO 8601, as ms since the epoch. */
export function momentOf(query: Query, name: string, otherwise: number): number | Problem {
  const text = query[name];
  if (text === undefined) return otherwise;
  const at = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? invalid(`expected a time such as 2026-01-31T00:00:00Z, got "${shown(text)}"`, name) : at;
}

/** How many rows: 1 to `most`. */
export function limitOf(query: Query, most: number, otherwise = Math.min(100, most)): number | Problem {
  const text = query.limit;
  if (text === undefined) return otherwise;
  const count = Number(text);
  const isRight = /^\d{1,9}$/.test(text) && count >= 1 && count <= most;
  return isRight ? count : invalid(`expected a number from 1 to ${most}, got "${shown(text)}"`, 'limit');
}

/** One of a few words. */
export function wordOf<Word extends string>(
  query: Query,
  name: string,
  words: readonly Word[],
): Word | undefined | Problem {
  const text = query[name];
  if (text === undefined || words.includes(text as Word)) return text as Word | undefined;
  return invalid(`expected one of ${words.join(', ')}, got "${shown(text)}"`, name);
}

/** What a client sent, short enough to be quoted. */
export function shown(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}...` : text;
}
