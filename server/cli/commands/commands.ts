// The words of the commands about the side path, about keys and about providers: their names, the options that each takes, and how they are run.

import type { Config } from '../../config/config.ts';
import type { openAdminApi } from '../admin-api.ts';
import { type AskAdmin, type CommandContext, type CommandOption, OPTIONS, UsageError } from './command.ts';
import type { keyCommands } from './key-commands.ts';
import type { providerCommands } from './provider-commands.ts';
import type { sideCommands } from './side-commands.ts';

/** Options for the parser of the command line. */
export const SIDE_OPTIONS = {
  ...(Object.fromEntries(OPTIONS.map((name) => [name, { type: 'string' }])) as Record<
    (typeof OPTIONS)[number],
    { type: 'string' }
  >),
  set: { type: 'string', multiple: true },
  'key-stdin': { type: 'boolean' },
} as const;

interface CommandSpec {
  /** The words of its line in the usage, behind its name. */
  readonly usage: string;
  readonly run: keyof typeof sideCommands | keyof typeof keyCommands | keyof typeof providerCommands;
  /** `unless`: one of the options says which are meant when no id does. */
  readonly takesId?: true | { readonly unless: CommandOption };
  readonly options: readonly CommandOption[];
  /** The first is the default. */
  readonly formats: readonly string[];
  /** A store that does not exist yet is made. */
  readonly mayMake?: true;
}

const commands: Readonly<Record<string, CommandSpec>> = {
  'providers check': {
    usage: 'NAME [--key-stdin] [--base-url URL] [--model MODEL] [--path PATH] [--format text|jsonl]',
    run: 'checkProvider',
    takesId: true,
    options: ['key-stdin', 'base-url', 'model', 'path', 'format'],
    formats: ['text', 'jsonl'],
  },
  'tasks list': {
    usage: '[--state STATE] [--key KEY] [--limit N] [--format table|json]',
    run: 'listTasks',
    options: ['state', 'key', 'limit', 'format'],
    formats: ['table', 'json'],
  },
  'tasks show': { usage: 'ID', run: 'showTask', takesId: true, options: [], formats: [] },
  'tasks retry': {
    usage: 'ID | --state dead|failed [--since ISO|DURATION]',
    run: 'retryTask',
    takesId: { unless: 'state' },
    options: ['state', 'since'],
    formats: [],
  },
  'keys create': {
    usage: 'ID [--set NAME=VALUE]... [--format text|json]',
    run: 'createKey',
    takesId: true,
    options: ['set', 'format'],
    formats: ['text', 'json'],
    mayMake: true,
  },
  'keys list': {
    usage: '[--limit N] [--after ID] [--format table|json]',
    run: 'listKeys',
    options: ['limit', 'after', 'format'],
    formats: ['table', 'json'],
  },
  'keys show': { usage: 'ID', run: 'showKey', takesId: true, options: [], formats: [] },
  'keys change': { usage: 'ID --set NAME=VALUE...', run: 'changeKey', takesId: true, options: ['set'], formats: [] },
  'keys rotate': {
    usage: 'ID [--keep-old SECONDS|DURATION] [--format text|json]',
    run: 'rotateKey',
    takesId: true,
    options: ['keep-old', 'format'],
    formats: ['text', 'json'],
  },
  'keys expire': { usage: 'ID [--at ISO]', run: 'expireKey', takesId: true, options: ['at'], formats: [] },
  'keys revoke': { usage: 'ID', run: 'revokeKey', takesId: true, options: [], formats: [] },
  'keys delete': { usage: 'ID', run: 'deleteKey', takesId: true, options: [], formats: [] },
  'ledger report': {
    usage: '[--by class,model,path,team,day] [--compare A,B] [--since ISO] [--until ISO] [--format table|json|csv]',
    run: 'reportLedger',
    options: ['by', 'compare', 'since', 'until', 'format'],
    formats: ['table', 'json', 'csv'],
  },
  'store export': {
    usage: '[--since ISO] [--table ledger|session|audit|feedback] [--format jsonl|csv]',
    run: 'exportStore',
    options: ['since', 'table', 'format'],
    formats: ['jsonl', 'csv'],
  },
};

/** Command names -> the words of their usage. */
export const SIDE_USAGE: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(commands).map(([name, { usage }]) => [name, usage]),
);

type Values = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

/** Returns what runs the command; undefined: it is none of these. Throws a UsageError for words or options that do not go with it. */
export function sideCommand(
  words: readonly string[],
  values: Values,
): ((config: Config) => AsyncIterable<string>) | undefined {
  const name = words.slice(0, 2).join(' ');
  const given = ([...OPTIONS, 'set', 'key-stdin'] as const).filter((option) => values[option] !== undefined);
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) {
    if (given.length > 0 && words.length > 0) throw new UsageError(`--${given[0]} does not go with this command`);
    return undefined;
  }
  const { options, formats } = command;
  checkId(name, command, { words, given });
  const foreign = given.find((option) => !options.includes(option));
  if (foreign !== undefined) throw new UsageError(`--${foreign} does not go with ${name}`);
  const format = values.format ?? formats[0];
  if (typeof format === 'string' && !formats.includes(format))
    throw new UsageError(`--format: expected one of ${formats.join(', ')}, got "${format}"`);
  const id = words[2] ?? '';
  const chosen = { ...values, ...(format ? { format } : {}) } as CommandContext['options'];
  const set = Array.isArray(values.set) ? values.set : [];
  const isKeyOnStdin = values['key-stdin'] === true;
  return (config) => run(command, { config, id, options: chosen, set, isKeyOnStdin });
}

/** The thing that a command names, by its first word. */
const NAMED: Readonly<Record<string, string>> = {
  keys: 'the id of one key',
  tasks: 'the id of one task',
  providers: 'the name of one account or kind',
};

function checkId(
  name: string,
  { takesId, usage }: CommandSpec,
  { words, given }: { readonly words: readonly string[]; readonly given: readonly CommandOption[] },
): void {
  const isGroup = typeof takesId === 'object' && given.includes(takesId.unless);
  if (words.length > 2 && typeof takesId === 'object' && given.length > 0)
    throw new UsageError(`expected an id or options, got both: ${name} ${usage}`);
  const takesOne = takesId !== undefined && !isGroup;
  if (words.length !== (takesOne ? 3 : 2))
    throw new UsageError(
      takesOne ? `expected ${NAMED[name.split(' ')[0] ?? '']}: ${name} ${usage}` : `expected nothing after ${name}`,
    );
}

/** Loads the code when a command is run: `serve` needs none of it. The admin API is opened by the first question. */
async function* run(command: CommandSpec, context: Omit<CommandContext, 'ask'>): AsyncIterable<string> {
  let opened: ReturnType<typeof openAdminApi> | undefined;
  const ask: AskAdmin = async (...question) => {
    opened ??= import('../admin-api.ts').then((module) =>
      module.openAdminApi(context.config, command.mayMake === true),
    );
    return (await opened).ask(...question);
  };
  try {
    const [{ sideCommands }, { keyCommands }, { providerCommands }] = await Promise.all([
      import('./side-commands.ts'),
      import('./key-commands.ts'),
      import('./provider-commands.ts'),
    ]);
    yield* { ...sideCommands, ...keyCommands, ...providerCommands }[command.run]({ ...context, ask });
  } finally {
    await opened?.then(
      ({ close }) => close(),
      () => {},
    );
  }
}
