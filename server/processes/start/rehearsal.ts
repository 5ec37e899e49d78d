// The process of the rehearsal, where one is wanted.

import type { Logger } from 'pino';
import type { Config } from '../../config/config.ts';
import type { LiveConfig } from '../../config/live/live.ts';
import type { RehearsalOptions } from '../../config/rehearsal/rehearsal-schema.ts';
import type { Role } from '../../ipc/run-file.ts';
import { Child } from '../child.ts';

interface RehearsalProcessOptions {
  readonly live: LiveConfig;
  readonly role: Role;
  readonly log: Logger;
  /** Called after each start, with the URL (ws:) where it listens. */
  onStarted(url: string): void;
}

export class RehearsalProcess {
  readonly #options: RehearsalProcessOptions;
  #child: Child | undefined;
  #url: string | undefined;

  constructor(options: RehearsalProcessOptions) {
    this.#options = options;
  }

  /** Where it listens; undefined while there is none. */
  get url(): string | undefined {
    return this.#url;
  }

  get children(): readonly Child[] {
    return this.#child === undefined ? [] : [this.#child];
  }

  /** The providers that it plays. */
  get providers(): readonly string[] {
    const { rehearsal } = this.#options.live.config;
    return this.#child === undefined || rehearsal === false ? [] : rehearsal.providers;
  }

  /** Starts it where the configuration wants one that is not there. It stays for the sessions that it has. */
  async start({ rehearsal, hasRehearsalGateway }: Config = this.#options.live.config): Promise<void> {
    const { role, log, onStarted } = this.#options;
    // The rehearsal answers the tasks of rehearsal sessions on other machines where no gateway runs here.
    const isWanted = rehearsal !== false && (role !== 'side' || hasRehearsalGateway);
    if (!isWanted || this.#child !== undefined) return;
    this.#child = new Child({
      name: 'rehearsal/process',
      log,
      start: async (rpc) => {
        this.#url = await rpc.call<string>('start', this.#settings);
        onStarted(this.#url);
      },
    });
    await this.#child.start().catch((error: unknown) => {
      this.#child = undefined;
      throw error;
    });
  }

  /** Lets it have the configuration in force. */
  async use(): Promise<void> {
    await this.#child?.rpc?.call('use', this.#settings);
  }

  get #settings(): RehearsalOptions {
    const { rehearsal } = this.#options.live.config;
    if (rehearsal === false) return {};
    const { providers: _, ...options } = rehearsal;
    return options;
  }
}
