// Stores what is known of sessions that died with their gateway process. Rule: what could not be stored is kept and tried again until it is, since
// the store may be away for longer than the side process.

import type { Logger } from 'pino';
import type { Rpc } from '../../ipc/channel/rpc.ts';

/** Time until a store that did not take it is tried again. */
const RETRY_MS = 1000;

export class LeftSessions {
  readonly #log: Logger;
  readonly #owner: () => Rpc | undefined;
  #batches: Uint8Array[] = [];
  #storing: Promise<void> | undefined;
  #retry: NodeJS.Timeout | undefined;
  #isBehind = false;

  /** `owner`: the process that owns the store, while it runs; whoever starts it calls `store`. */
  constructor(log: Logger, owner: () => Rpc | undefined) {
    this.#log = log;
    this.#owner = owner;
  }

  /** Takes batches of events, and stores them as soon as it can. */
  add(batches: readonly Uint8Array[]): void {
    this.#batches.push(...batches);
    this.#storeNow();
  }

  /** Resolves when everything is stored, or waits for the next try. */
  store(rpc: Rpc): Promise<void> {
    this.#storing ??= this.#storeInTurn(rpc).finally(() => {
      this.#storing = undefined;
    });
    return this.#storing;
  }

  #storeNow(): void {
    const rpc = this.#owner();
    if (rpc !== undefined) void this.store(rpc);
  }

  async #storeInTurn(rpc: Rpc): Promise<void> {
    clearTimeout(this.#retry);
    try {
      for (let [next] = this.#batches; next !== undefined; [next] = this.#batches) {
        await rpc.call('commitEvents', next);
        this.#batches.shift();
      }
      this.#isBehind = false;
    } catch {
      const batches = this.#batches.length;
      if (!this.#isBehind) this.#log.error({ batches }, 'sessions of a dead gateway process not stored yet');
      this.#isBehind = true;
      this.#retry = setTimeout(() => this.#storeNow(), RETRY_MS).unref();
    }
  }
}
