// The change from one supervisor to the next, seen from either: this one takes the place of the one that started it, and is replaced by the next.

import type { Logger } from 'pino';
import type { Config } from '../../config/config.ts';
import type { ListenerSocket } from '../../ipc/channel/listener-socket.ts';
import { faultOf } from '../../platform/log.ts';
import type { GatewayProcesses } from '../gateway-processes.ts';
import { Handover } from './handover.ts';
import { RestartError, type StartNext, type Succession } from './keeper.ts';
import { Predecessor } from './predecessor.ts';
import { usableSockets } from './process-listeners.ts';

interface RestartOptions {
  readonly config: Config;
  readonly log: Logger;
  /** Left by the supervisor before this one, or by a service manager. */
  readonly succession: Succession;
  readonly startNext: StartNext;
  sessions(): Pick<GatewayProcesses, 'find' | 'holderOf' | 'records' | 'endSession' | 'follow' | 'join'>;
  /** The sockets that this supervisor listens at. */
  listening(): readonly ListenerSocket[];
  /** Called when the next supervisor serves. */
  onReplaced(): Promise<void>;
  /** Called when the next supervisor does not serve, though it may have said so. */
  onFailed(): Promise<void>;
}

/** Says what came of a restart. */
export interface Restarted {
  /** The process that serves now. */
  readonly pid: number;
  /** Time in which it got ready. */
  readonly readyMs: number;
}

export class Restart {
  /** The listening sockets that were left to this supervisor. */
  readonly sockets: readonly ListenerSocket[];
  readonly #options: RestartOptions;
  readonly #replaced = Promise.withResolvers<void>();
  #predecessor: Predecessor | undefined;
  #handover: Handover | undefined;
  #isReplaced = false;
  #isEnding = false;

  constructor(options: RestartOptions) {
    this.#options = options;
    this.sockets = usableSockets(options.succession.sockets, options.config);
  }

  /** False while another supervisor works with the same data directory. */
  get isAlone(): boolean {
    return this.#handover === undefined && this.#predecessor?.isGone !== false;
  }

  /** True where a service manager holds the public sockets: what waits there is served after the next start. */
  get isActivated(): boolean {
    return this.sockets.some(({ setting, host }) => setting.startsWith('listen.') && host === undefined);
  }

  /** Resolves when another one serves, and nothing is left here. */
  get replaced(): Promise<void> {
    return this.#replaced.promise;
  }

  /** Reaches the supervisor before this one. */
  async begin(): Promise<void> {
    const { path } = this.#options.succession;
    if (path !== undefined) this.#predecessor = await Predecessor.reach(path);
  }

  /** Learns of the sessions of the supervisor before this one, so that this one may open some. */
  async join(): Promise<void> {
    if (this.#predecessor !== undefined) await this.#options.sessions().join(this.#predecessor);
  }

  /** Resolves when another supervisor serves in the place of this one. Rejects with a RestartError; this one serves on then. */
  async restart(folder: string): Promise<Restarted> {
    const { log, startNext, sessions, listening } = this.#options;
    if (this.#isReplaced) throw new RestartError('another process serves already');
    if (this.#isEnding) throw new RestartError('this gateway is about to end');
    if (this.#handover !== undefined) throw new RestartError('a restart is under way');
    const from = performance.now();
    const handover = new Handover({ folder, sessions: sessions() });
    this.#handover = handover;
    try {
      await handover.open();
      const pid = await startNext({ path: handover.path, sockets: listening() });
      const readyMs = Math.round(performance.now() - from);
      log.info({ next: pid, readyMs }, 'another process serves: the sessions of this one go on here');
      this.#leave();
      return { pid, readyMs };
    } catch (error) {
      this.#handover = undefined;
      handover.close();
      const why = error instanceof RestartError ? { reason: error.message } : faultOf(error);
      log.error(why, 'not restarted: this process serves on');
      await this.#options.onFailed();
      throw error;
    }
  }

  /** Lets no restart begin any more. */
  ending(): void {
    this.#isEnding = true;
  }

  /** Tells the next supervisor that nothing is left here. */
  close(): void {
    this.#handover?.close();
    if (this.#isReplaced) this.#replaced.resolve();
  }

  /** The next one reaches by this one what is left at the one before. */
  #leave(): void {
    this.#isReplaced = true;
    const left = Promise.all([this.#options.onReplaced(), this.#predecessor?.gone()]);
    void left.then(() => this.close());
  }
}
