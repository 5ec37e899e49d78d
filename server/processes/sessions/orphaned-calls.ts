// Calls whose gateway process is gone. Their media goes on without it, so another process ends them: one that runs, or else the next one that starts.
// Rule: one that could not be ended is tried again after a pause, a few times, and then the log has it.

import type { Logger } from 'pino';
import type { Rpc } from '../../ipc/channel/rpc.ts';
import type { HeldCall } from '../../ipc/session-reservation.ts';

/** Each try of a process is several requests to the provider. */
const MOST_TRIES = 5;
const PAUSE_MS = 10_000;

interface Orphan {
  readonly call: HeldCall;
  readonly tried: number;
}

interface OrphanedCallsOptions {
  readonly log: Logger;
  /** Returns a gateway process that works, where there is one. */
  running(): Rpc | undefined;
  readonly pauseMs?: number;
}

export class OrphanedCalls {
  readonly #options: OrphanedCallsOptions;
  #orphans: Orphan[] = [];
  #pause: NodeJS.Timeout | undefined;

  constructor(options: OrphanedCallsOptions) {
    this.#options = options;
  }

  add(call: HeldCall | undefined): void {
    if (call !== undefined) this.#orphans.push({ call, tried: 0 });
  }

  /** Hands them to a process to end. Where that dies, too, they are handed to another. */
  hangUp(process = this.#options.running()): void {
    if (process === undefined || this.#orphans.length === 0) return;
    const orphans = this.#orphans;
    this.#orphans = [];
    const calls = orphans.map(({ call }) => call);
    process.call<readonly HeldCall[]>('hangUp', calls).then(
      (left) => {
        const ended = orphans.length - left.length;
        if (ended > 0) this.#options.log.info({ calls: ended }, 'calls of a dead gateway process hung up');
        const ids = new Set(left.map(({ session }) => session));
        this.#again(orphans.filter(({ call }) => ids.has(call.session)));
      },
      () => {
        // Its death is no try; another process, or the next one, takes them at once.
        if (process.isConnected) return this.#again(orphans);
        this.#orphans.push(...orphans);
        this.hangUp();
      },
    );
  }

  #again(orphans: readonly Orphan[]): void {
    const tried = orphans.map(({ call, tried: before }) => ({ call, tried: before + 1 }));
    for (const { call } of tried.filter((orphan) => orphan.tried >= MOST_TRIES))
      this.#options.log.error(
        { id: call.session, provider: call.provider },
        'call not hung up: it may go on uncounted',
      );
    this.#orphans.push(...tried.filter((orphan) => orphan.tried < MOST_TRIES));
    if (this.#orphans.length === 0) return;
    this.#pause ??= setTimeout(() => {
      this.#pause = undefined;
      this.hangUp();
    }, this.#options.pauseMs ?? PAUSE_MS).unref();
  }
}
