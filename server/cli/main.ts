// The command line: reads the configuration, starts, and acts on signals. Only this file and bin.js call process.exit.

import { resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { didYouMean } from '../../codecs/text/nearest-names.ts';
import type { Config } from '../config/config.ts';
import { printConfig } from '../config/file/print.ts';
import { loadConfig, loadConfigAgain } from '../config/load.ts';
import { ConfigError } from '../config/problem.ts';
import { ROLES, type Role, type RunInfo } from '../ipc/run-file.ts';
import { ignoreDebugger } from '../ipc/signals.ts';
import { version } from '../platform/entry.ts';
import { createLog, isTextLog } from '../platform/log.ts';
import { urlHost } from '../platform/private-address.ts';
import type { ReadAgain } from '../processes/reload/reload.ts';
import { Keeper } from '../processes/restart/keeper.ts';
import { KeeperLink } from '../processes/restart/keeper-link.ts';
import { activatedSockets } from '../processes/start/activation.ts';
import { Supervisor } from '../processes/supervisor.ts';
import { sideConflicts } from '../side/config/side-conflicts.ts';
import { buildConsole } from './build/build.ts';
import { UsageError } from './commands/command.ts';
import { SIDE_OPTIONS, SIDE_USAGE, sideCommand } from './commands/commands.ts';
import { describeConfig } from './describe.ts';

/** Command names -> the words of their usage: one line each in the help. */
const COMMANDS: Readonly<Record<string, string>> = {
  serve: '[--config FILE] [--data DIR] [--role all|gateway|side]',
  'config check': '[--config FILE] [--online]',
  'config print': '[--config FILE]',
  reload: '[--config FILE] [--data DIR]',
  restart: '[--config FILE] [--data DIR]',
  providers: '',
  ...SIDE_USAGE,
};

const NAMES = Object.keys(COMMANDS);

const STOPPING = ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const;

const USAGE = `usage: ${Object.entries(COMMANDS)
  .map(([name, words]) => `trunkline ${name.padEnd(13)} ${words}`)
  .join('\n       ')}
       trunkline --help | --version
every key of FILE is in docs/configuration.md, every error in docs/errors.md
TRUNKLINE_ADMIN_TOKEN: the admin.token of the gateway that runs, where that of FILE is not in force
`;

/** Exit codes: 0 done, 1 a fault at run time, 2 wrong arguments or a wrong configuration. */
/** Undefined where this process was started by no other one of ours. */
const keeper = KeeperLink.find();
try {
  await run(process.argv.slice(2));
} catch (error) {
  await keeper?.failed(error);
  const isWrongInput = error instanceof ConfigError || error instanceof UsageError;
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  if (error instanceof ConfigError) process.stderr.write(`every key and its meaning: docs/configuration.md\n`);
  process.exit(isWrongInput ? 2 : 1);
}

async function run(argv: string[]): Promise<void> {
  const { values, positionals } = readArguments(argv);
  const command = positionals.join(' ');
  const source = { file: values.config, data: values.data, check: sideConflicts };
  const warn = (message: string): void => void process.stderr.write(`${message}\n`);
  const load = (): Config => loadConfig({ ...source, warn });
  const side = sideCommand(positionals, values);
  if (values.help) process.stdout.write(USAGE);
  else if (values.version) process.stdout.write(`${version}\n`);
  else if (command === 'serve') await serve(source, roleOf(values.role));
  else if (values.role !== undefined) throw new UsageError('--role goes with serve only');
  else if (command === 'config check') await check(await loadWithWarnings(source), values.online === true);
  else if (values.online === true) throw new UsageError('--online goes with config check only');
  else if (command === 'config print') process.stdout.write(printConfig(load()));
  else if (command === 'providers') process.stdout.write((await import('./commands/providers.ts')).providersText());
  else if (command === 'reload') await print(await reload(values.data, load));
  else if (command === 'restart') await print(await restart(values.data, load));
  else if (side !== undefined) await print(side(load()));
  else throw new UsageError(`${commandProblem(command)}\n${USAGE}`);
}

/** Says what is wrong with words that are no command, and what was expected. */
function commandProblem(command: string): string {
  if (command === '') return 'expected a command';
  const [first = ''] = command.split(' ');
  const seconds = NAMES.filter((name) => name.startsWith(`${first} `)).map((name) => name.split(' ')[1]);
  const known = NAMES.find((name) => command.startsWith(`${name} `));
  if (known) return `expected nothing after ${known}, got "${command.slice(known.length + 1)}"`;
  if (seconds.length > 0) return `expected ${seconds.join(' or ')} after ${first}`;
  return `unknown command "${command}"${didYouMean(command, [...NAMES, '--help', '--version'])}`;
}

function readArguments(args: string[]) {
  const options = {
    config: { type: 'string' },
    data: { type: 'string' },
    role: { type: 'string' },
    online: { type: 'boolean' },
    ...SIDE_OPTIONS,
    help: { type: 'boolean', short: 'h' },
    version: { type: 'boolean' },
  } as const;
  try {
    return parseArgs({ args, options, allowPositionals: true });
  } catch (error) {
    // Further sentences of the message are about arguments that begin with a dash.
    const [message = ''] = (error as Error).message.split('. ');
    const unknown = /^Unknown option '(.+)'$/.exec(message)?.[1] ?? '';
    const flags = Object.keys(options).map((name) => `--${name}`);
    throw new UsageError(`${message}${didYouMean(unknown, flags)}\n${USAGE}`);
  }
}

/** Waits for a slow reader of stdout, and ends with one that has left (`| head`). */
async function print(pieces: AsyncIterable<string>): Promise<void> {
  await pipeline(pieces, process.stdout, { end: false }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

/** Loads the code when the command is run: `serve` needs none of it. */
async function reload(data = '.trunkline', load: () => Config): Promise<AsyncIterable<string>> {
  const { reloadGateway } = await import('./reload.ts');
  return reloadGateway({ dataDirectory: resolve(data), load });
}

async function restart(data = '.trunkline', load: () => Config): Promise<AsyncIterable<string>> {
  const { restartGateway } = await import('./reload.ts');
  return restartGateway({ dataDirectory: resolve(data), load });
}

interface Loaded {
  readonly config: Config;
  /** A sentence for each setting that should be changed, or that can never work. */
  readonly warnings: readonly string[];
}

/** Loads the code that looks for what can never work only where somebody is told of it. */
async function loadWithWarnings(source: Parameters<typeof loadConfig>[0]): Promise<Loaded> {
  const { warningsOf: advise } = await import('../side/config/warnings.ts');
  const warnings: string[] = [];
  const config = loadConfig({ ...source, advise, warn: (message) => void warnings.push(message) });
  return { config, warnings };
}

/** Reads the configuration again as at the start, with its warnings. */
async function rereader(source: Parameters<typeof loadConfig>[0]): Promise<ReadAgain> {
  const { warningsOf: advise } = await import('../side/config/warnings.ts');
  return (inForce) => {
    const warnings: string[] = [];
    const options = { ...source, advise, warn: (message: string) => void warnings.push(message) };
    return { ...loadConfigAgain(options, inForce), warnings };
  };
}

async function check({ config, warnings }: Loaded, isOnline: boolean): Promise<void> {
  for (const warning of warnings) process.stderr.write(`warning: ${warning}\n`);
  const count = warnings.length === 0 ? '' : `, with ${warnings.length} warning${warnings.length === 1 ? '' : 's'}`;
  const { probeCosts } = await import('./probe-costs.ts');
  const probes = probeCosts(config).map((text) => ['probes', text] as const);
  const parts = [...describeConfig(config), ...probes].map(([name, text]) => `  ${name.padEnd(9)}  ${text}\n`);
  process.stdout.write(`the configuration is valid${count}\n${parts.join('')}`);
  if (!isOnline) return;
  const { reachAll } = await import('./online.ts');
  for await (const { name, isOk, text } of reachAll(config)) {
    process.stdout.write(`${isOk ? 'ok    ' : 'failed'}  ${name}: ${text}\n`);
    if (!isOk) process.exitCode = 1;
  }
}

function roleOf(given = 'all'): Role {
  const role = ROLES.find((name) => name === given);
  if (role === undefined) throw new UsageError(`--role: expected one of ${ROLES.join(', ')}, got "${given}"`);
  return role;
}

/** A gateway whose work is done on another machine needs a store that both reach. */
function checkRole(role: Role, { store }: Config): void {
  if (role !== 'gateway' || store.url !== 'sqlite') return;
  const message =
    'expected a URL such as postgres://..., got sqlite: --role gateway leaves the work to another machine';
  throw new ConfigError([{ path: 'store.url', message }]);
}

async function serve(source: Parameters<typeof loadConfig>[0], role: Role): Promise<void> {
  const { config, warnings } = await loadWithWarnings(source);
  const readAgain = await rereader(source);
  checkRole(role, config);
  // A reader that has left must not end calls.
  process.stderr.on('error', () => {});
  const log = createLog(config.log);
  for (const warning of warnings) log.warn({ warning }, 'a setting should be changed');
  const first = new Keeper(log);
  const path = await keeper?.begin();
  const succession = { path, sockets: keeper?.sockets ?? activatedSockets(config) };
  const { startNext } = keeper ?? first;
  const supervisor = new Supervisor({ config, log, role, readAgain, succession, startNext });
  const built = buildConsole().then(
    (isNew) => isNew && log.info('console built'),
    (error: unknown) => process.stderr.write(`the console is not served: ${(error as Error).message}\n`),
  );
  const starting = built.then(() => supervisor.start());
  actOnSignals(supervisor, starting, first);
  const run = await starting;
  await keeper?.ready();
  const { pid: _isInEveryLine, start: _isForReaders, ...places } = run;
  // People read the greeting instead.
  log[isTextLog(config.log) ? 'debug' : 'info'](places, 'listening');
  process.stderr.write(greeting(run, config, supervisor.certificate?.environment ?? []));
}

/**
 * Drains at the first signal that stops, once everything has started; ends at once at the second, and our processes with us. `first` passes signals on
 * to the supervisor that serves, where that is another one, and this process ends with it.
 */
function actOnSignals(supervisor: Supervisor, starting: Promise<unknown>, first: Keeper): void {
  let signals = 0;
  let isStarted = false;
  const started = starting.then(() => {
    isStarted = true;
  });
  const leave = async () => process.exit(first.hasNext ? await first.ended : 0);
  const stop = (signal: NodeJS.Signals): void => {
    signals += 1;
    const isFirst = signals === 1;
    if (isFirst) process.stderr.write('draining: no new sessions; once more to end the live ones now\n');
    else if (!isStarted) process.exit(1);
    first.tellAll(signal);
    void started.then(() => (isFirst ? supervisor.drain() : supervisor.end())).then(leave, () => process.exit(1));
  };
  for (const signal of STOPPING) process.on(signal, stop);
  // The log says what came of it.
  const act = (signal: NodeJS.Signals, work: () => Promise<unknown>): void => {
    process.on(signal, () => first.tellServing(signal) || void started.then(work).catch(() => {}));
  };
  act('SIGHUP', () => supervisor.reload());
  act('SIGUSR2', () => supervisor.restart());
  ignoreDebugger();
  void supervisor.replaced.then(leave);
  void first.ended.then((code) => {
    const left = code === 0 ? supervisor.replaced : supervisor.end();
    return left.finally(() => process.exit(code));
  });
  if (keeper !== undefined) process.once('disconnect', () => supervisor.end().finally(() => process.exit(1)));
  // The caller reports why it did not start.
  started.catch(() => {});
}

/** Text for people, in two lines and those to copy; machines read the log and `run.json`. */
function greeting({ listen, admin }: RunInfo, config: Config, environment: readonly string[]): string {
  const places = [
    ...(listen === undefined ? [] : [`console http://${urlHost(listen.host)}:${listen.port}/`]),
    ...(listen?.tlsPort === undefined ? [] : [`TLS https://localhost:${listen.tlsPort}/`]),
    `admin http://${urlHost(admin.host)}:${admin.port}/`,
  ];
  const parts = describeConfig(config).map(([name, text]) => `${name}: ${text}`);
  const lines = [`trunkline ${version}: ${places.join(', ')}`, `  ${parts.join('; ')}`];
  if (environment.length > 0) lines.push('  for clients over TLS, trust the development certificate:');
  return [...lines, ...environment.map((line) => `    ${line}`), ''].join('\n');
}
