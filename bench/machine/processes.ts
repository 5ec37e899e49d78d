// Child processes that never outlive the benchmark: each is ended by its id, in time or when this process exits.

import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createConnection, createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { processTree } from './resource-usage.ts';

const GRACE_MS = 5000;
const live = new Set<ChildProcess>();

process.on('exit', () => {
  for (const child of live) killTree(child);
});

/** Kills a process with those that it started: a server that is killed cannot end its workers. */
function killTree(child: ChildProcess): void {
  if (child.pid !== undefined && !hasEnded(child)) processTree(child.pid).forEach(kill);
}

/** False when the process has just ended by itself. */
export function kill(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch {
    return false;
  }
}

const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null;

/** Makes sure that the process is killed when this one exits. */
export function adopt<C extends ChildProcess>(child: C): C {
  live.add(child);
  child.once('exit', () => live.delete(child));
  return child;
}

type Started = Awaited<ReturnType<typeof startCommand>>;

/** Starts a command. Throws when it cannot be run at all. */
export async function startCommand(command: string, args: readonly string[], env?: SpawnOptions['env']) {
  const child = adopt(spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] }));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      output = (output + chunk).slice(-4000);
    });
  }
  await once(child, 'spawn');
  return {
    pid: child.pid as number,
    /** Output on stderr and stdout, the last 4,000 characters. */
    output: () => output,
    hasExited: () => hasEnded(child),
    stop: () => endChild(child),
  };
}

/** Ends its channel if it has one, or else SIGTERM; and SIGKILL when that does not end it in time. */
export async function endChild(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  const exited = once(child, 'exit');
  if (child.connected) child.disconnect();
  else child.kill('SIGTERM');
  const late = setTimeout(() => killTree(child), GRACE_MS);
  await exited;
  clearTimeout(late);
}

/** Output of a short command, for versions; undefined when there is no such command. */
export function outputOf(command: string, args: readonly string[]): string | undefined {
  const { pid, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', timeout: 10_000 });
  return pid === 0 ? undefined : stdout + stderr;
}

/** Waits until `value` gives something. Throws after `timeoutMs`, or when the process ends, with what it wrote. */
export async function whenReady<T>(
  started: Started,
  value: () => T | undefined | Promise<T | undefined>,
  timeoutMs = 30_000,
): Promise<T> {
  for (const until = Date.now() + timeoutMs; Date.now() < until; ) {
    const found = await value();
    if (found !== undefined) return found;
    if (started.hasExited()) break;
    await delay(25);
  }
  await started.stop();
  throw new Error(`not ready: ${started.output().trim() || 'it wrote nothing'}`);
}

/** Gives true when somebody listens there. */
export async function isListening(port: number): Promise<true | undefined> {
  const socket = createConnection({ port, host: '127.0.0.1' });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return undefined;
  } finally {
    socket.destroy();
  }
}

/** A port that was free a moment ago, for programs that cannot choose one themselves. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
