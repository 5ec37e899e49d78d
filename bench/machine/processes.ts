// Child processes that never outlive the benchmark: each is ended by its id, in time or when this process exits.

import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
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
  if (child.pid === undefined || hasEnded(child)) return;
  for (const pid of processTree(child.pid)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // The process has just ended by itself.
    }
  }
}

const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null;

/** Makes sure that the process is killed when this one exits. */
export function adopt<C extends ChildProcess>(child: C): C {
  live.add(child);
  child.once('exit', () => live.delete(child));
  return child;
}

interface Started {
  readonly pid: number;
  /** Output on stderr and stdout, the last 4,000 characters. */
  output(): string;
  /** True when the process has ended. */
  hasExited(): boolean;
  /** SIGTERM, and SIGKILL when that does not end it in time. */
  stop(): Promise<void>;
}

/** Starts a command. Throws when it cannot be run at all. */
export async function startCommand(
  command: string,
  args: readonly string[],
  options: Pick<SpawnOptions, 'env' | 'cwd'> = {},
): Promise<Started> {
  const child = adopt(spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] }));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      output = (output + chunk).slice(-4000);
    });
  }
  await once(child, 'spawn');
  return {
    pid: child.pid as number,
    output: () => output,
    hasExited: () => hasEnded(child),
    stop: () => endChild(child),
  };
}

export async function endChild(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const late = setTimeout(() => killTree(child), GRACE_MS);
  await exited;
  clearTimeout(late);
}

/** Output of a short command, for versions; undefined when there is no such command. */
export async function outputOf(command: string, args: readonly string[]): Promise<string | undefined> {
  try {
    const started = await startCommand(command, args);
    for (let waited = 0; !started.hasExited() && waited < 10_000; waited += 20) await delay(20);
    await started.stop();
    return started.output();
  } catch {
    return undefined;
  }
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

/** true when somebody listens there. */
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
