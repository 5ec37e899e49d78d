// The way of a supervisor to the keeper that has started it.

import { KEPT, startedWith } from '../../config/load.ts';
import { ConfigError } from '../../config/problem.ts';
import type { ListenerSocket, SocketPlace } from '../../ipc/channel/listener-socket.ts';
import { Rpc } from '../../ipc/channel/rpc.ts';
import { withDeadline } from '../../platform/deadline.ts';
import { type NextAnswer, RestartError, type StartNext } from './keeper.ts';

/** Time for the keeper to take what is said last. */
const WORDS_MS = 1000;

export class KeeperLink {
  readonly #sockets: ListenerSocket[] = [];
  readonly #keeper: Rpc;

  private constructor() {
    this.#keeper = new Rpc(process, {
      socket: (place: SocketPlace, handle) => void this.#sockets.push({ ...place, handle }),
      signal: (name: NodeJS.Signals) => process.emit(name, name),
    });
  }

  /** Returns the link of a process that a keeper has started; undefined for any other. */
  static find(): KeeperLink | undefined {
    return startedWith[KEPT] !== undefined && process.connected ? new KeeperLink() : undefined;
  }

  /** The sockets that were given with the work. */
  get sockets(): readonly ListenerSocket[] {
    return this.#sockets;
  }

  /** Resolves with the socket of the supervisor that serves, when all listening sockets are here. */
  begin(): Promise<string | undefined> {
    return this.#keeper.call('begin');
  }

  /** Tells that this supervisor serves. */
  ready(): Promise<void> {
    return this.#keeper.call('ready');
  }

  /** Tells why this supervisor cannot serve. */
  async failed(error: unknown): Promise<void> {
    const message = error instanceof Error ? error.message : String(error);
    const problems = error instanceof ConfigError ? message.split('\n') : [];
    await withDeadline(this.#keeper.call('failed', { message, problems }), WORDS_MS).catch(() => {});
  }

  readonly startNext: StartNext = async ({ path, sockets }) => {
    for (const { handle, ...place } of sockets) await this.#keeper.call('socket', place, handle);
    const answer = await this.#keeper.call<NextAnswer>('startNext', path);
    if (typeof answer === 'number') return answer;
    throw new RestartError(answer.message, answer.problems);
  };
}
