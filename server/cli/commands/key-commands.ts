// The commands about keys that are made at run time. A secret is printed once, when it is made; none is ever an argument.

import { DURATION, millisecondsOf } from '../../../codecs/text/duration.ts';
import { storedKeySchema } from '../../config/key-schema.ts';
import { textTable } from '../text-table.ts';
import { type Command, UsageError } from './command.ts';

interface ShownKey {
  readonly id: string;
  readonly source: string;
  readonly state: string;
  readonly team?: string;
  readonly expiresAt?: string;
  readonly models?: readonly string[];
}

const COLUMNS = ['id', 'source', 'state', 'team', 'expires', 'models'];

export const keyCommands = {
  /** Prints the secret alone, so that it can go into a file. */
  async *createKey({ id, set, options: { format }, ask }) {
    const made = (await ask('POST', '/keys', { id, ...fieldsOf(set) })) as { readonly secret: string };
    yield format === 'json' ? json(made) : `${made.secret}\n`;
  },

  async *listKeys({ options: { limit, after, format }, ask }) {
    const answer = (await ask('GET', '/keys', { limit, after })) as { readonly keys: readonly ShownKey[] };
    const rows = answer.keys.map(({ id, source, state, team, expiresAt, models }) => {
      return [id, source, state, team, expiresAt, models?.join(' ')];
    });
    yield format === 'json' ? json(answer) : textTable(COLUMNS, rows);
  },

  async *showKey({ id, ask }) {
    yield json(await ask('GET', `/keys/${id}`));
  },

  async *changeKey({ id, set, ask }) {
    if (set.length === 0) throw new UsageError('--set: missing, expected NAME=VALUE');
    yield json(await ask('PATCH', `/keys/${id}`, fieldsOf(set)));
  },

  async *rotateKey({ id, options, ask }) {
    const keepOldSeconds = secondsOf(options['keep-old']);
    const made = (await ask('POST', `/keys/${id}/rotate`, { keepOldSeconds })) as { readonly secret: string };
    yield options.format === 'json' ? json(made) : `${made.secret}\n`;
  },

  async *expireKey({ id, options: { at = new Date().toISOString() }, ask }) {
    const { expiresAt } = (await ask('PATCH', `/keys/${id}`, { expiresAt: at })) as ShownKey;
    yield `${id} expires at ${expiresAt}\n`;
  },

  async *revokeKey({ id, ask }) {
    const { state } = (await ask('POST', `/keys/${id}/revoke`)) as ShownKey;
    yield `${id} is ${state}\n`;
  },

  async *deleteKey({ id, ask }) {
    await ask('DELETE', `/keys/${id}`);
    yield `${id} is deleted\n`;
  },
} as const satisfies Readonly<Record<string, Command>>;

/**
 * Reads `--set NAME=VALUE`: a text where the field takes one, else JSON; nothing takes a field away. Entries of lists may come one by one, tags as
 * `tags.NAME=VALUE`.
 */
function fieldsOf(set: readonly string[]): Readonly<Record<string, unknown>> {
  const fields: Record<string, unknown> = {};
  for (const given of set) {
    const [, name = '', inner, text] = /^([^.=]+)(?:\.([^=]+))?=(.*)$/s.exec(given) ?? [];
    if (text === undefined) throw new UsageError('--set: expected NAME=VALUE');
    const known = fields[name];
    const value = fieldValue(name, text);
    if (inner !== undefined) fields[name] = { ...(known as object | undefined), [inner]: text };
    else fields[name] = Array.isArray(known) && Array.isArray(value) ? [...known, ...value] : value;
  }
  return fields;
}

function fieldValue(name: string, text: string): unknown {
  if (text === '') return null;
  const field = Object.hasOwn(storedKeySchema.shape, name) ? Reflect.get(storedKeySchema.shape, name) : undefined;
  const takes = (value: unknown): boolean => field === undefined || field.safeParse(value).success;
  if (takes(text)) return text;
  return takes([text]) ? [text] : (jsonIn(text) ?? text);
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function secondsOf(given: string | undefined): number | undefined {
  if (given === undefined) return undefined;
  if (DURATION.test(given)) return millisecondsOf(given) / 1000;
  if (/^\d{1,9}$/.test(given)) return Number(given);
  throw new UsageError(`--keep-old: expected seconds, or a duration such as P1D, got "${given}"`);
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
