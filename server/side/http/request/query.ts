// Reads parameters of a query: a value, or a problem that names the parameter and what was expected.

import { A_MOMENT, momentOf } from '../../../../codecs/text/duration.ts';
import { type HttpProblem, invalidRequest, shortened } from '../../../http/problem.ts';

type Query = Readonly<Record<string, string>>;

/** Reads a moment as ms since the epoch. */
export function readTime(query: Query, name: string, fallback: number): number | HttpProblem {
  const text = query[name];
  if (text === undefined) return fallback;
  return momentOf(text, Date.now()) ?? invalidRequest(`expected ${A_MOMENT}, got "${shortened(text)}"`, name);
}

/** Reads how many rows are asked for: 1 to `max`. */
export function readLimit(query: Query, max: number): number | HttpProblem {
  const text = query.limit;
  if (text === undefined) return Math.min(100, max);
  const count = Number(text);
  const isValid = /^\d{1,9}$/.test(text) && count >= 1 && count <= max;
  return isValid ? count : invalidRequest(`expected a number from 1 to ${max}, got "${shortened(text)}"`, 'limit');
}

/** Reads one of a few words. */
export function readWord<Word extends string>(
  query: Query,
  name: string,
  words: readonly Word[],
): Word | undefined | HttpProblem {
  const text = query[name];
  if (text === undefined || words.includes(text as Word)) return text as Word | undefined;
  return invalidRequest(`expected one of ${words.join(', ')}, got "${shortened(text)}"`, name);
}
