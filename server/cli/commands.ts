// The commands about the side path: their names, the options that each takes, and how they are run.

import type { Config } from '../config/config.ts';
import type { AdminApi } from './admin-api.ts';
import type { Command, CommandContext, CommandOption } from './command.ts';
import { UsageError } from './usage-error.ts';

/** Options for the parser of the command line. */
export const SIDE_OPTIONS = Object.fromEntries(
  ['by', 'since', 'until', 'format', 'state', 'key', 'limit', 'table'].map((name) => [name, { type: 'string' }]),
) as Record<CommandOption, { type: 'string' }>;

export const SIDE_USAGE = `       trunkline tasks list    [--state STATE] [--key KEY] [--limit N] [--format table|json]
       trunkline tasks show ID | tasks retry ID
       trunkline ledger report [--by class,model,path,team,day] [--since ISO] [--until ISO] [--format table|json|csv]
       trunkline store export  [--since ISO] [--table ledger|session] [--format jsonl|csv]
`;

interface CommandSpec {
  /** Loads the code when the command is run: `serve` needs none of it. */
  load(): Promise<Command>;
  readonly takesId?: true;
  readonly options: readonly CommandOption[];
  /** The first is the default. */
  readonly formats: readonly string[];
}

const commands: Readonly<Record<string, CommandSpec>> = {
  'tasks list': {
    load: async () => (await import('./tasks.ts')).listTasks,
    options: ['state', 'key', 'limit', 'format'],
    formats: ['table', 'json'],
  },
  'tasks show': { load: async () => (await import('./tasks.ts')).showTask, takesId: true, options: [], formats: [] },
  'tasks retry': { load: async () => (await import('./tasks.ts')).retryTask, takesId: true, options: [], formats: [] },
  'ledger report': {
    load: async () => (await import('./ledger.ts')).reportLedger,
    options: ['by', 'since', 'until', 'format'],
    formats: ['table', 'json', 'csv'],
  },
  'store export': {
    load: async () => (await import('./store-export.ts')).exportStore,
    options: ['since', 'table', 'format'],
    formats: ['jsonl', 'csv'],
  },
};

export const SIDE_COMMANDS: readonly string[] = Object.keys(commands);

type Values = Readonly<Record<string, string | boolean | undefined>>;

/** Returns what runs the command; undefined: it is none of these. Throws a UsageError for words or options that do not go with it. */
export function sideCommand(
  words: readonly string[],
  values: Values,
): ((config: Config) => AsyncIterable<string>) | undefined {
  const name = words.slice(0, 2).join(' ');
  const given = Object.keys(SIDE_OPTIONS).filter((option) => values[option] !== undefined) as CommandOption[];
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) {
    if (given.length > 0 && words.length > 0) throw new UsageError(`--${given[0]} does not go with this command`);
    return undefined;
  }
  const { load, takesId, options, formats } = command;
  if (words.length !== (takesId ? 3 : 2)) {
    throw new UsageError(takesId ? `expected the id of one task: ${name} ID` : `expected nothing after ${name}`);
  }
  const foreign = given.find((option) => !options.includes(option));
  if (foreign !== undefined) throw new UsageError(`--${foreign} does not go with ${name}`);
  const format = values.format ?? formats[0];
  if (typeof format === 'string' && !formats.includes(format)) {
    throw new UsageError(`--format: expected one of ${formats.join(', ')}, got "${format}"`);
  }
  const id = words[2] ?? '';
  const chosen = { ...values, ...(format ? { format } : {}) } as CommandContext['options'];
  return (config) => run(load, { config, id, options: chosen });
}

async function* run(load: CommandSpec['load'], context: Omit<CommandContext, 'api'>): AsyncIterable<string> {
  let opened: Promise<AdminApi> | undefined;
  const api = (): Promise<AdminApi> => {
    opened ??= import('./admin-api.ts').then(({ openAdminApi }) => openAdminApi(context.config));
    return opened;
  };
  try {
    const command = await load();
    const printed = command({ ...context, api });
    if (printed instanceof Promise) yield await printed;
    else yield* printed;
  } finally {
    await opened?.then(
      ({ close }) => close(),
      () => {},
    );
  }
}
