// The shape of a command about the side path, and what it is run with.

import type { Config } from '../../config/config.ts';

/** Wrong arguments on the command line: what is wrong with them, for exit code 2. */
export class UsageError extends Error {}

export const OPTIONS = [
  ...([
    'by',
    'compare',
    'since',
    'until',
    'format',
    'state',
    'key',
    'limit',
    'table',
    'after',
    'at',
    'keep-old',
    'base-url',
    'model',
    'path',
  ] as const),
] as const;
export type CommandOption = (typeof OPTIONS)[number] | 'set' | 'key-stdin';

/**
 * Resolves with the JSON of the answer, undefined where it is empty. Rejects with what was wrong: with a UsageError where the arguments were.
 * `fields`: the query of a GET, the JSON of any other body.
 */
export type AskAdmin = (
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
  path: string,
  fields?: Readonly<Record<string, unknown>>,
) => Promise<unknown>;

export interface CommandContext {
  readonly config: Config;
  /** The id that the command names; '' for commands without one. */
  readonly id: string;
  readonly options: Readonly<Partial<Record<(typeof OPTIONS)[number], string>>>;
  /** `NAME=VALUE` of each --set. */
  readonly set: readonly string[];
  /** Set where --key-stdin says that standard input holds the key. */
  readonly isKeyOnStdin: boolean;
  readonly ask: AskAdmin;
}

/** Yields the text to print, whole or in pieces. */
export type Command = (context: CommandContext) => AsyncIterable<string>;
