// The command `trunkline` in a process of its own, as an operator runs it: its output, its exit, its admin listener.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import type { RunInfo } from '../../server/ipc/run-file.ts';
import type { SessionRecord } from '../../server/ipc/session-record.ts';
import { configFile, neverOverloaded } from './config-file.ts';
import { sample } from './metrics.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { until } from './until.ts';

const bin = fileURLToPath(new URL('../../server/cli/bin.js', import.meta.url));

export interface Command {
  readonly child: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Code and signal. */
  readonly exited: Promise<{ readonly code: number | null; readonly signal: string | null }>;
}

/** Runs the command with nothing in its environment but `env`; `within` is a command that becomes the one that follows it; `input` is on its stdin; `sockets` are its
 * descriptors from 3 on. */
export function runCommand(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  within: readonly string[] = [],
  input?: string,
  sockets: readonly object[] = [],
): Command {
  const [program = '', ...rest] = [...within, process.execPath, bin, ...args];
  const child = spawn(program, rest, {
    env: { PATH: process.env.PATH, ...env },
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe', ...(sockets as Socket[])],
  });
  const output = { stdout: '', stderr: '' };
  child.stdin?.end(input);
  child.stdout?.on('data', (chunk) => {
    output.stdout += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    output.stderr += chunk;
  });
  // `close` comes when the output is complete.
  const exited = once(child, 'close').then(([code, signal]) => ({ code, signal }));
  return { child, stdout: () => output.stdout, stderr: () => output.stderr, exited };
}

export interface Served extends Command {
  /** With the role `side`, port 0 stands for no port. */
  readonly run: Required<Omit<RunInfo, 'start'>>;
  readonly data: string;
  /** Path of its configuration file. */
  readonly file: string;
  /** Writes another configuration into its file, with the same ports and providers unless it names others. */
  rewrite(config: Record<string, unknown>): void;
  /** ws://127.0.0.1:port */
  readonly url: string;
  /** http://127.0.0.1:port of the admin listener. */
  readonly admin: string;
  /** The log lines so far, parsed. */
  lines(): Record<string, unknown>[];
  sessions(): Promise<SessionRecord[]>;
  metric(name: string, labels?: Readonly<Record<string, string | number>>): Promise<number>;
  /** Ends it, live sessions or not. */
  stop(): Promise<void>;
}

/** `trunkline serve` (with `more` arguments) on free ports, ready. `config` is the YAML file as data; with `provider`, openai and gemini are that. */
export async function serve(
  {
    provider,
    within,
    sockets,
    ...config
  }: Record<string, unknown> & { provider?: string; within?: readonly string[]; sockets?: readonly object[] },
  data = temporaryFolder('data'),
  more: readonly string[] = [],
): Promise<Served> {
  const account = { baseUrl: provider, apiKey: 'provider-secret', allowPrivate: true };
  const contentOf = (given: Record<string, unknown>) =>
    neverOverloaded({
      ...(provider ? { providers: { openai: account, gemini: account } } : {}),
      ...given,
      admin: { port: 0, ...(given.admin as object) },
      listen: { port: 0, tlsPort: false, ...(given.listen as object) },
    });
  const file = configFile(contentOf(config));
  const command = runCommand(['serve', '--config', file, '--data', data, ...more], {}, within, undefined, sockets);
  await listening(command);
  if (command.child.exitCode !== null) await failed(command);
  const { level: _level, time: _time, msg: _msg, ...told } = linesOf(command).find(isOfListening) ?? {};
  const run = { listen: { host: '127.0.0.1', port: 0 }, ...told } as unknown as Served['run'];
  const admin = `http://127.0.0.1:${run.admin.port}`;
  const ask = (path: string) => fetch(admin + path, { headers: { connection: 'close' } });
  return {
    ...command,
    run,
    data,
    file,
    rewrite: (given) => writeFileSync(file, stringify(contentOf(given))),
    url: `ws://127.0.0.1:${run.listen.port}`,
    admin,
    lines: () => linesOf(command),
    sessions: async () => ((await (await ask('/sessions')).json()) as { sessions: SessionRecord[] }).sessions,
    metric: async (name, labels) => sample(await (await ask('/metrics')).text(), name, labels),
    async stop() {
      const { child, stderr, exited } = command;
      child.kill('SIGTERM');
      // Two signals at once may arrive as one.
      await until(
        () => stderr().includes('draining: no new sessions') || child.exitCode !== null || child.signalCode !== null,
      );
      child.kill('SIGTERM');
      await exited;
    },
  };
}

async function listening(command: Command): Promise<void> {
  await until(() => linesOf(command).some(isOfListening) || command.child.exitCode !== null);
}

/** Says what `run.json` says. */
const isOfListening = ({ msg }: Record<string, unknown>): boolean => msg === 'listening';

async function failed({ exited, stderr }: Command): Promise<never> {
  const { code, signal } = await exited;
  throw new Error(`the gateway ended with ${signal ?? code}: ${stderr()}`);
}

function linesOf({ stdout }: Command): Record<string, unknown>[] {
  return stdout()
    .split('\n')
    .filter((line) => line.startsWith('{') && line.endsWith('}'))
    .map((line) => JSON.parse(line));
}
