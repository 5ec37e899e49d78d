// The rules of a class by which words are found, made when its configuration comes into force.

import type { RedactConfig, WordKind } from '../../../../config/side/words-schema.ts';
import { FIND_KIND, type FindWords, type FoundWord, finderOf } from './kinds.ts';

export interface WordRules {
  /** Names of the kinds and of the patterns. */
  readonly names: readonly string[];
  /** Returns the words of a text in order; those that overlap are one. */
  find(text: string): readonly FoundWord[];
}

interface NamedRules {
  readonly kinds?: readonly WordKind[] | undefined;
  readonly patterns?: Readonly<Record<string, string>> | undefined;
}

export function wordRules({ kinds = [], patterns = {} }: NamedRules): WordRules {
  const own = Object.entries(patterns).map(([name, source]) => finderOf(name, new RegExp(source, 'gu')));
  const finders: readonly FindWords[] = [...own, ...kinds.flatMap((kind) => FIND_KIND[kind])];
  return {
    names: [...new Set<string>([...kinds, ...Object.keys(patterns)])],
    find: (text) => merged(finders.flatMap((find) => find(text))),
  };
}

/** The long form of what the configuration says. */
export const longRedact = (config: RedactConfig) =>
  'length' in config ? { kinds: config, patterns: undefined, unreadable: 'refuse' as const } : config;

/** Joins what overlaps, so that no end of a word is left: it has the kind of the rule that comes first in the text, or in the list. */
function merged(words: readonly FoundWord[]): readonly FoundWord[] {
  if (words.length < 2) return words;
  const joined: FoundWord[] = [];
  for (const word of words.toSorted((one, other) => one.from - other.from)) {
    const last = joined.at(-1);
    if (last === undefined || word.from >= last.to) joined.push(word);
    else if (word.to > last.to) joined[joined.length - 1] = { ...last, to: word.to };
  }
  return joined;
}
