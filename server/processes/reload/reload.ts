// Reads the configuration again while everything runs: checks it, puts it in force, and brings it to all processes.
// Rule: a process that starts, or comes back, has the configuration in force; one that does not answer is asked until it has it.

import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { Gauge, type Registry } from 'prom-client';
import type { Config } from '../../config/config.ts';
import { hashOf, type LiveConfig } from '../../config/live/live.ts';
import { changedParts } from '../../config/live/restart.ts';
import type { Reread } from '../../config/load.ts';
import { ConfigError } from '../../config/problem.ts';
import type { Rpc } from '../../ipc/channel/rpc.ts';
import { isTimeout, withDeadline } from '../../platform/deadline.ts';
import { faultOf } from '../../platform/log.ts';
import { exportGauge } from '../../platform/metrics.ts';
import type { Child } from '../child.ts';

/** Reads and checks the configuration as at the start. Throws a ConfigError. */
export type ReadAgain = (inForce: Config) => Reread & { readonly warnings: readonly string[] };

interface ReloadOptions {
  readonly live: LiveConfig;
  readonly read: ReadAgain;
  /** The processes that have a configuration. */
  readonly children: () => readonly Child[];
  readonly log: Logger;
  readonly registry: Registry;
  /** Makes ready what a configuration needs before it is in force. A rejection refuses it. */
  prepare(next: Config): Promise<void>;
  /** Called once it is in force in this process. */
  onUsed(): Promise<void>;
}

/** Names the configuration in force, and says what is known of it. */
export interface InForce {
  readonly hash: string;
  /** ISO 8601. */
  readonly since: string;
  /** Paths of what was changed in the file, and takes effect at the next start only. */
  readonly needsRestart: readonly string[];
  /** Processes that do not have it yet. */
  readonly behind: readonly string[];
}

/** Says what came of a reload. */
export interface Reloaded extends InForce {
  /** Parts of the configuration that are another now. */
  readonly changed: readonly string[];
  /** A sentence for each setting that should be changed, or that can never work. */
  readonly warnings: readonly string[];
}

/** Time for all processes to take it, before the answer names those that did not. */
const SPREAD_MS = 5000;
const ANSWER_MS = 2000;
const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 2000;

export class Reload {
  readonly #options: ReloadOptions;
  /** The configuration that a process has taken, by the way to that process. */
  readonly #taken = new WeakMap<Rpc, Config>();
  #queue: Promise<unknown> = Promise.resolve();
  /** The one that waits for its turn. */
  #next: Promise<Reloaded> | undefined;
  #hash = '';
  #since = new Date();
  #needsRestart: readonly string[] = [];
  #wasRefused = false;

  constructor(options: ReloadOptions) {
    this.#options = options;
    this.#exportMetrics();
  }

  /** Names the configuration of the start. */
  async start(): Promise<void> {
    this.#hash = await hashOf(this.#options.live.now);
  }

  /** Tells that a process works with this configuration, which may have been replaced meanwhile. */
  took(rpc: Rpc, config: Config): void {
    this.#taken.set(rpc, config);
    if (config !== this.#options.live.now) void this.#spread();
  }

  get inForce(): InForce {
    return {
      hash: this.#hash,
      since: this.#since.toISOString(),
      needsRestart: this.#needsRestart,
      behind: this.#behind.map(({ label }) => label),
    };
  }

  /**
   * Resolves when every process has it, or was given the time; one at a time, in order. Rejects where it is refused: with a ConfigError, or with what
   * failed.
   */
  reload(): Promise<Reloaded> {
    // One that has yet to begin reads the file as it is then, for all who asked before.
    this.#next ??= this.#queue.then(() => {
      this.#next = undefined;
      return this.#reload();
    });
    this.#queue = this.#next.catch(() => {});
    return this.#next;
  }

  async #reload(): Promise<Reloaded> {
    const { log, onUsed } = this.#options;
    const { next, hash, changed, needsRestart, warnings } = await this.#checked();
    this.#needsRestart = needsRestart;
    if (changed.length > 0) this.#use(next, hash);
    await onUsed().catch((error: unknown) => {
      log.error(faultOf(error), 'the configuration is in force, but something that follows from it failed');
    });
    await withDeadline(this.#spread(), SPREAD_MS).catch((error: unknown) => {
      if (!isTimeout(error)) throw error;
    });
    const reloaded = { ...this.inForce, changed, warnings };
    for (const warning of warnings) log.warn({ warning }, 'a setting should be changed');
    log[reloaded.behind.length === 0 ? 'info' : 'error'](reloaded, 'the configuration was read again');
    return reloaded;
  }

  /** Reads a configuration that can be put in force; says of any other why it is refused. */
  async #checked() {
    const { live, read, log, prepare } = this.#options;
    try {
      const { config: next, needsRestart, warnings } = read(live.now);
      const changed = changedParts(live.now, next);
      const hash = changed.length === 0 ? this.#hash : await hashOf(next);
      await prepare(next);
      this.#wasRefused = false;
      return { next, hash, changed, needsRestart, warnings };
    } catch (error) {
      this.#wasRefused = true;
      const why = error instanceof ConfigError ? { problems: error.message.split('\n') } : faultOf(error);
      log.error(why, 'the configuration is refused: the one before stays in force');
      throw error;
    }
  }

  #use(next: Config, hash: string): void {
    this.#options.live.use(next);
    this.#hash = hash;
    this.#since = new Date();
  }

  get #behind(): readonly Child[] {
    const { live, children } = this.#options;
    return children().filter((child) => !child.isGone && (!child.rpc || this.#taken.get(child.rpc) !== live.now));
  }

  /** Resolves when all processes have the configuration in force; those that start have it then. */
  async #spread(): Promise<void> {
    const { live } = this.#options;
    const { now } = live;
    let pauseMs = FIRST_PAUSE_MS;
    while (live.now === now && this.#behind.length > 0) {
      await Promise.all(this.#behind.map(({ rpc }) => rpc && this.#bring(rpc, now)));
      if (this.#behind.length > 0) await delay(pauseMs, undefined, { ref: false });
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    }
  }

  async #bring(rpc: Rpc, config: Config): Promise<void> {
    try {
      await withDeadline(rpc.call('reload', config), ANSWER_MS);
      this.#taken.set(rpc, config);
    } catch (error) {
      if (!isTimeout(error) && rpc.isConnected)
        this.#options.log.error(faultOf(error), 'a process did not take the configuration');
    }
  }

  #exportMetrics(): void {
    const { registry } = this.#options;
    const info: Gauge = new Gauge({
      name: 'trunkline_config_info',
      help: 'the configuration in force, by its hash; always 1',
      labelNames: ['hash'],
      registers: [registry],
      collect: () => {
        info.reset();
        info.set({ hash: this.#hash }, 1);
      },
    });
    exportGauge(registry, {
      name: 'trunkline_config_since_timestamp_seconds',
      help: 'the time since which the configuration is in force, in seconds since the epoch',
      read: () => this.#since.getTime() / 1000,
    });
    exportGauge(registry, {
      name: 'trunkline_config_refused',
      help: '1 where the configuration was refused when it was read last, so that the one before is in force; else 0',
      read: () => (this.#wasRefused ? 1 : 0),
    });
    exportGauge(registry, {
      name: 'trunkline_config_behind_processes',
      help: 'processes that do not have the configuration in force yet',
      read: () => this.#behind.length,
    });
  }
}
