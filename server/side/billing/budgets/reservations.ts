// Reserves what calls may cost: from the leases of this process, else in the store, which is exact near a limit. Reservations have a deadline in the
// store, which moves on while their process lives. One that passes belongs to a process that is gone, on this machine or another.

import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { LedgerRow } from '../../../ipc/stored-rows.ts';
import { faultOf } from '../../../platform/log.ts';
import { type BudgetReservation, type BudgetWindow, HOLD_MS, type LeasedCall } from '../../store/contract/budgets.ts';
import type { Store } from '../../store/contract/store.ts';
import type { SettlementWriter } from '../settlement.ts';
import type { Leases } from './leases.ts';

interface ReservationsOptions {
  readonly store: Pick<Store, 'reserve' | 'extendReservations'>;
  readonly settlements: Pick<SettlementWriter, 'begin' | 'isKeepingUp' | 'flush'>;
  /** undefined: all reservations are made in the store. */
  readonly leases?: Pick<Leases, 'reserve' | 'cancel' | 'missed' | 'giveBack'> | undefined;
  readonly log: Logger;
  readonly everyMs?: number;
}

/** Pause before the store is asked again, and the most of them, while processes return what they have leased. */
const [AGAIN_MS, MOST_AGAIN] = [100, 20];

export class Reservations {
  readonly #options: ReservationsOptions;
  /** Ids of ledger rows that are reserved and not settled yet. */
  readonly #held = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #isExtending = false;

  constructor(options: ReservationsOptions) {
    this.#options = options;
  }

  /** Reserves the amount in every budget, or in none, and keeps the pending row. Rejects with a StoreError. */
  async reserve(
    budgets: readonly BudgetWindow[],
    amountMicroUsd: number,
    pending: LedgerRow,
  ): Promise<BudgetReservation> {
    const { settlements, leases } = this.#options;
    const reservedMicroUsd = Math.ceil(amountMicroUsd);
    if (settlements.isKeepingUp && leases?.reserve(budgets, reservedMicroUsd, pending.at)) {
      if (this.#isBegun({ row: pending, budgets: budgets.map(({ id }) => id), reservedMicroUsd }))
        return { kind: 'reserved' };
      leases.cancel(budgets, reservedMicroUsd);
    }
    const reservation = await this.#reserveInStore(budgets, amountMicroUsd, pending);
    if (reservation.kind === 'reserved') leases?.missed(budgets, reservedMicroUsd, pending.at);
    return reservation;
  }

  /** False where the disk takes nothing: the store may be elsewhere. */
  #isBegun(call: LeasedCall): boolean {
    const { settlements, log } = this.#options;
    try {
      settlements.begin(call);
      return true;
    } catch (error) {
      log.warn(faultOf(error), 'journal of calls not written');
      return false;
    }
  }

  /** Nobody is refused while money is leased and free: this process returns it at once, others when they look. */
  async #reserveInStore(
    budgets: readonly BudgetWindow[],
    amountMicroUsd: number,
    pending: LedgerRow,
  ): Promise<BudgetReservation> {
    const { store, settlements, leases } = this.#options;
    for (let again = 0; ; again++) {
      const reservation = await store.reserve(budgets, amountMicroUsd, pending);
      if (reservation.kind === 'reserved' || !reservation.isLeased || again === MOST_AGAIN) return reservation;
      await Promise.all([leases?.giveBack(reservation.budget.id), settlements.flush()]);
      if (again > 0) await delay(AGAIN_MS);
    }
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
