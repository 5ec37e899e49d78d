// The process that was started first and stays: it starts each next supervisor as its child, so that whoever started it sees one process from the
// first start to the end. Once its own sessions have ended it does nothing else.
// Rule: there is one that serves. A supervisor that does not get ready is gone before the one that serves hears of it.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Logger } from 'pino';
import { KEPT, startedWith } from '../../config/load.ts';
import { letGo } from '../../ipc/channel/connection.ts';
import type { ListenerSocket, SocketPlace } from '../../ipc/channel/listener-socket.ts';
import { type Handlers, Rpc } from '../../ipc/channel/rpc.ts';
import { withDeadline } from '../../platform/deadline.ts';

/** Says why a supervisor that was to be the next one does not serve. `problems`: those of a configuration that it refuses. */
export class RestartError extends Error {
  override readonly name = 'RestartError';
  readonly problems: readonly string[];

  constructor(message: string, problems: readonly string[] = []) {
    super(message);
    this.problems = problems;
  }
}

/** Gives a supervisor what it begins with. */
export interface Succession {
  /** The socket at which the one before tells of its sessions; undefined where there is none before. */
  readonly path: string | undefined;
  readonly sockets: readonly ListenerSocket[];
}

/** Starts the next supervisor. Resolves with the id of its process once it serves; rejects with a RestartError. */
export type StartNext = (succession: Succession) => Promise<number>;

/** Answers a supervisor that asks for the next one. */
export type NextAnswer = number | Pick<RestartError, 'message' | 'problems'>;

/** Time to get ready. A large store takes a while to open. */
const READY_MS = 60_000;
export class Keeper {
  /** The calls to each supervisor that runs beside this one; undefined until it is ready. */
  readonly #children = new Map<ChildProcess, Rpc | undefined>();
  readonly #log: Logger;
  readonly #ended = Promise.withResolvers<number>();
  #serving: ChildProcess | undefined;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** True once another process than this one serves. */
  get hasNext(): boolean {
    return this.#serving !== undefined;
  }

  /** Resolves with the exit code of the supervisor that served last, when that has ended by itself. */
  get ended(): Promise<number> {
    return this.#ended.promise;
  }

  /** Passes a signal that stops on to all supervisors that run beside this one. One that is not ready yet is given up. */
  tellAll(signal: NodeJS.Signals): void {
    for (const [child, rpc] of this.#children) {
      // Two real signals at once may arrive as one.
      if (rpc === undefined) child.kill('SIGKILL');
      else rpc.notify('signal', signal);
    }
  }

  /** Passes a signal on to the one that serves. False where that is this one. */
  tellServing(signal: NodeJS.Signals): boolean {
    if (this.#serving === undefined) return false;
    this.#children.get(this.#serving)?.notify('signal', signal);
    return true;
  }

  readonly startNext: StartNext = async (succession) => {
    const [program, ...args] = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
    const child = spawn(program, args, {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      serialization: 'advanced',
      // The signals of a terminal reach a whole group of processes, and this one passes them on.
      detached: true,
      env: { ...startedWith, [KEPT]: '1' },
    });
    this.#children.set(child, undefined);
    child.once('exit', (code, signal) => this.#left(child, code ?? signal ?? 1));
    try {
      const rpc = await withDeadline(this.#ready(child, succession), READY_MS);
      if (child.exitCode !== null || child.signalCode !== null)
        throw new RestartError('the new process ended as soon as it was ready');
      this.#children.set(child, rpc);
    } catch (error) {
      this.#children.delete(child);
      const gone = once(child, 'exit');
      if (child.kill('SIGKILL')) await gone;
      if (error instanceof RestartError) throw error;
      throw new RestartError(`the new process was not ready within ${READY_MS / 1000} s`);
    }
    this.#serving = child;
    return child.pid ?? 0;
  };

  /** Resolves with the calls to it when it serves; rejects with what it says, or with how it ended. */
  #ready(child: ChildProcess, succession: Succession): Promise<Rpc> {
    const { promise, resolve, reject } = Promise.withResolvers<Rpc>();
    const failed = (message: string, problems?: readonly string[]) => reject(new RestartError(message, problems));
    child.once('error', (error) => failed(`the new process cannot be started: ${error.message}`));
    child.once('exit', (code, signal) => failed(`the new process ended with ${signal ?? code} before it was ready`));
    const rpc: Rpc = new Rpc(
      child,
      this.#handlers(() => rpc, succession, { resolve: () => resolve(rpc), failed }),
    );
    return promise;
  }

  #handlers(
    rpc: () => Rpc,
    { path, sockets }: Succession,
    ready: { resolve(): void; failed(message: string, problems: readonly string[]): void },
  ): Handlers {
    const given: ListenerSocket[] = [];
    return {
      async begin(): Promise<string | undefined> {
        for (const { handle, ...place } of sockets) await rpc().call('socket', place, handle);
        return path;
      },
      ready: () => ready.resolve(),
      failed: ({ message, problems }: RestartError) => ready.failed(message, problems),
      socket: (place: SocketPlace, handle) => void given.push({ ...place, handle }),
      startNext: async (next: string): Promise<NextAnswer> => {
        try {
          return await this.startNext({ path: next, sockets: given });
        } catch (error) {
          const { message, problems } = error as RestartError;
          return { message, problems };
        } finally {
          for (const { handle } of given.splice(0)) letGo(handle);
        }
      },
    };
  }

  #left(child: ChildProcess, how: number | NodeJS.Signals): void {
    this.#children.delete(child);
    if (child !== this.#serving) return;
    if (how !== 0) this.#log.error({ child: child.pid, how }, 'the process that serves has died');
    this.#ended.resolve(typeof how === 'number' ? how : 1);
  }
}
