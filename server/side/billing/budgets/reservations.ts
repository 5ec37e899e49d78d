// Keeps the reservations of the calls that run here: each has a deadline in the store, which moves on while its process lives. One that
// passes belongs to a process that is gone, on this machine or another.

import type { Logger } from 'pino';
import { faultOf } from '../../../platform/log.ts';
import { HOLD_MS, type Store } from '../../store/contract.ts';

interface ReservationsOptions {
  readonly store: Pick<Store, 'extendReservations'>;
  readonly log: Logger;
  readonly everyMs?: number;
}

export class Reservations {
  readonly #options: ReservationsOptions;
  /** Ids of ledger rows that are reserved and not settled yet. */
  readonly #held = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #isExtending = false;

  constructor(options: ReservationsOptions) {
    this.#options = options;
  }

  /** Begins with a row that was just reserved. */
  hold(id: string): void {
    this.#held.add(id);
    this.#timer ??= setInterval(() => void this.#extend(), this.#options.everyMs ?? HOLD_MS / 3);
  }

  /** Ends with a row that is settled. */
  release(id: string): void {
    this.#held.delete(id);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#held.clear();
  }

  /** A row that is taken for lost meanwhile, since the store was away for longer, is corrected when it is settled. */
  async #extend(): Promise<void> {
    const { store, log } = this.#options;
    if (this.#isExtending || this.#held.size === 0) return;
    this.#isExtending = true;
    try {
      await store.extendReservations([...this.#held], Date.now() + HOLD_MS);
    } catch (error) {
      log.warn({ ...faultOf(error), reservations: this.#held.size }, 'reservations not extended');
    }
    this.#isExtending = false;
  }
}
