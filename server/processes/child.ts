// A forked process that is started again when it dies, until it is stopped.

import { type ChildProcess, fork, type StdioOptions } from 'node:child_process';
import cluster from 'node:cluster';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import { type Handlers, Rpc } from '../ipc/channel/rpc.ts';
import { PIPES, pipeRpc } from '../ipc/channel/socket-port.ts';
import { withDeadline } from '../platform/deadline.ts';
import { entry } from '../platform/entry.ts';
import { SEMI_SPACE_MIB } from '../platform/load/memory-use.ts';
import { isHung } from './watchdog.ts';

interface ChildOptions {
  /** The module below `server/` that it runs, without its extension. */
  readonly name: string;
  readonly log: Logger;
  /** Makes the handlers of the calls that the process may make. */
  handlers?(child: Child): Handlers;
  /** Gives a new process its work; called again after each death. */
  start(rpc: Rpc): Promise<void>;
  /** Raised by so much (`nice`), so that other processes come first; 0: not at all. */
  readonly niceness?: number;
  /** True: its listeners are those of this process, which takes the connections and deals them out (`node:cluster`). */
  readonly isClustered?: boolean;
  /** Time without any answer, after which it is killed and started anew. */
  readonly silenceMs?: (() => number) | undefined;
  /** Called when the process has died, and all that it had sent was received. */
  onDeath?(child: Child): void;
}

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5000;
/** V8 would let this part of the heap grow to 48 MB or more, which is a third of what 1000 idle sessions take; frames leave little garbage. */
const YOUNG_GENERATION = [`--max-semi-space-size=${SEMI_SPACE_MIB}`];
/**
 * Heaps of malloc that a process shares among its threads, as glibc reads it from the environment. It would make up to eight for each core, and each keeps the
 * most that it ever held: V8 compiles in threads of its own, and what one thread allocates another one frees.
 */
const ARENAS = '2';
/** `overlapped` is a pipe that Windows, too, lets the child read without a wait. */
const STDIO: Extract<StdioOptions, unknown[]> = ['ignore', 'inherit', 'inherit', 'ipc', 'overlapped', 'overlapped'];
/** Time for a process to leave by itself once its channel is closed. */
const LEAVE_MS = 2000;
/** Time for the rest of what a dead process has sent. */
const DRAIN_MS = 1000;
/** Time for an answer; a process that takes longer is left out. */
export const ANSWER_MS = 2000;

export class Child {
  readonly #options: ChildOptions;
  #process: ChildProcess | undefined;
  #rpc: Rpc | undefined;
  #handles: Rpc | undefined;
  #isRetired = false;
  /** The process that was killed here, whose death needs no line of its own. */
  #killed: ChildProcess | undefined;
  #pauseMs = FIRST_PAUSE_MS;
  #restart: NodeJS.Timeout | undefined;

  constructor(options: ChildOptions) {
    this.#options = options;
  }

  /** The calls to the process; undefined while none works. */
  get rpc(): Rpc | undefined {
    return this.#rpc;
  }

  /** The way of calls that take a handle along. */
  get handles(): Rpc | undefined {
    return this.#handles;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Names the process: its module and its id. */
  get label(): string {
    return `${this.#options.name} ${this.pid}`;
  }

  /** True once the process has died; what it had sent may still come. */
  get isGone(): boolean {
    return this.#process === undefined || this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  /** Starts the process. The first start rejects when it fails; later ones try again. */
  async start(): Promise<void> {
    const { handlers, start, log, name, niceness = 0, silenceMs } = this.#options;
    const child = launch(this.#options);
    this.#process = child;
    if (niceness > 0 && child.pid !== undefined) lowerPriority(child.pid, niceness);
    const exited = new Promise<never>((_, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) => {
        reject(new Error(`${name} ended with ${signal ?? code}`));
        void drained(child).then(() => this.#died(child, code, signal));
      });
    });
    exited.catch(() => {});
    const own = handlers?.(this) ?? {};
    this.#handles = new Rpc(child, own);
    const rpc = pipeRpc({ reads: pipeOf(child, 'toSupervisor'), writes: pipeOf(child, 'toChild') }, own);
    try {
      await Promise.race([start(rpc), exited]);
    } catch (error) {
      this.#kill(child);
      throw error;
    }
    this.#rpc = rpc;
    this.#pauseMs = FIRST_PAUSE_MS;
    log.debug({ name, child: child.pid }, 'process started');
    if (silenceMs !== undefined) void this.#endIfHung(child, rpc, silenceMs());
  }

  /** Lets the process run, but does not start it again when it dies. */
  retire(): void {
    this.#isRetired = true;
    clearTimeout(this.#restart);
  }

  /** Closes its channel, on which it leaves by itself, and resolves when it is gone. */
  async stop(): Promise<void> {
    this.retire();
    const child = this.#process;
    if (child === undefined || this.isGone) return;
    const gone = once(child, 'exit');
    if (child.connected) child.disconnect();
    await withDeadline(gone, LEAVE_MS).catch(() => this.#kill(child));
    await gone;
  }

  /** A process whose event loop stands still serves nobody, and never ends by itself. */
  async #endIfHung(child: ChildProcess, rpc: Rpc, silenceMs: number): Promise<void> {
    if (!(await isHung(rpc, silenceMs)) || child !== this.#process) return;
    const { name, log } = this.#options;
    log.error({ name, child: child.pid }, 'a process hangs: it is started anew');
    this.#kill(child);
  }

  #kill(child: ChildProcess): void {
    this.#killed = child;
    child.kill('SIGKILL');
  }

  #died(child: ChildProcess, code: number | null, signal: NodeJS.Signals | null): void {
    if (code !== 0 && child !== this.#killed)
      this.#options.log.error({ name: this.#options.name, code, signal }, 'process died');
    // Where its start failed, the next one may run by now.
    if (child !== this.#process) return;
    const wasWorking = this.#rpc !== undefined;
    this.#rpc = undefined;
    this.#handles = undefined;
    this.#options.onDeath?.(this);
    if (wasWorking) this.#scheduleRestart();
  }

  #scheduleRestart(): void {
    if (this.#isRetired) return;
    this.#restart = setTimeout(() => {
      this.start().catch((error: unknown) => {
        this.#options.log.error({ name: this.#options.name, err: error }, 'process did not start');
        this.#scheduleRestart();
      });
    }, this.#pauseMs);
    this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS);
  }
}

function launch({ name, isClustered = false }: ChildOptions): ChildProcess {
  const module = entry(name);
  process.env.MALLOC_ARENA_MAX ??= ARENAS;
  const options = { execArgv: YOUNG_GENERATION, serialization: 'advanced', stdio: STDIO } as const;
  if (!isClustered) return fork(module, options);
  cluster.setupPrimary({ ...options, exec: fileURLToPath(module), args: [] });
  return cluster.fork().process;
}

const pipeOf = ({ stdio }: ChildProcess, way: keyof typeof PIPES): Socket =>
  (stdio as readonly unknown[])[PIPES[way]] as Socket;

/** Resolves when everything is received that a dead process had written to its channels. */
async function drained(child: ChildProcess): Promise<void> {
  const pipe = pipeOf(child, 'toSupervisor');
  const closed = new Promise<void>((resolve) => (pipe.destroyed ? resolve() : pipe.once('close', () => resolve())));
  const ends = Promise.all([child.connected && once(child, 'disconnect'), closed]);
  await withDeadline(ends, DRAIN_MS).catch(() => {});
}

/** Does nothing where the system refuses it: the process works all the same. */
function lowerPriority(pid: number, niceness: number): void {
  try {
    setPriority(pid, niceness);
  } catch {}
}

/** Calls all of them, and returns the results of those that answered in time. */
export async function askAll<Result>(
  children: readonly Pick<Child, 'rpc'>[],
  name: string,
  argument?: unknown,
): Promise<Result[]> {
  const calls = children.flatMap(({ rpc }) => (rpc ? [withDeadline(rpc.call<Result>(name, argument), ANSWER_MS)] : []));
  const settled = await Promise.allSettled(calls);
  return settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
}
