// Calls whose gateway process is gone. Their media goes on without it, so another process ends them: one that runs, or else the next one that starts.

import type { Logger } from 'pino';
import type { Rpc } from '../../ipc/channel/rpc.ts';
import type { HeldCall } from '../../ipc/session-reservation.ts';

export class OrphanedCalls {
  readonly #log: Logger;
  readonly #running: () => Rpc | undefined;
  #calls: HeldCall[] = [];

  /** `running`: a gateway process that works, where there is one. */
  constructor(log: Logger, running: () => Rpc | undefined) {
    this.#log = log;
    this.#running = running;
  }

  add(call: HeldCall | undefined): void {
    if (call !== undefined) this.#calls.push(call);
  }

  /** Hands them to a process to end. Where that dies, too, they are handed to another. */
  hangUp(process = this.#running()): void {
    if (process === undefined || this.#calls.length === 0) return;
    const calls = this.#calls;
    this.#calls = [];
    process.call<readonly HeldCall[]>('hangUp', calls).then(
      (left) => this.#tell(calls, left),
      () => {
        this.#calls.push(...calls);
        this.hangUp();
      },
    );
  }

  #tell(calls: readonly HeldCall[], left: readonly HeldCall[]): void {
    this.#log.info({ calls: calls.length - left.length }, 'calls of a dead gateway process hung up');
    for (const { session, provider } of left)
      this.#log.error({ id: session, provider }, 'call not hung up: it may go on uncounted');
  }
}
