// Keeps what a gateway process knows of money: which budgets have no room, what models cost, and what its sessions may cost.

import type { Refusal } from '../../../adapters/realtime/refusal.ts';
import type { Config } from '../../config/config.ts';
import { HOLD_MS } from '../../side/store/contract/budgets.ts';
import type { Admission } from '../admission/admission.ts';
import { ClosedBudgets } from '../side/budgets.ts';
import type { SessionFunds, SliceStore } from './funds.ts';
import { leashOf, type OpeningLeash } from './leash.ts';
import { SessionPrices } from './prices.ts';

export class SessionMoney {
  readonly closedBudgets = new ClosedBudgets();
  readonly #prices = new SessionPrices();
  readonly #slices: SliceStore | undefined;
  /** Those of sessions that hold slices. */
  readonly #funds = new Set<SessionFunds>();
  #timer: NodeJS.Timeout | undefined;

  constructor(slices: SliceStore | undefined) {
    this.#slices = slices;
  }

  /** Resolves when the first session with a limit need not wait for prices. */
  prepare(config: Config): Promise<void> {
    return this.#prices.prepare(config);
  }

  /** See `leashOf`. */
  leash(admission: Admission): Promise<OpeningLeash | Refusal> | undefined {
    return leashOf(admission, {
      prices: this.#prices,
      slices: this.#slices,
      onFunds: (funds) => this.#hold(funds),
      onClosed: (funds) => this.#letGo(funds),
    });
  }

  /** Sessions that have no need of more hold what they have, too. */
  #hold(funds: SessionFunds): void {
    this.#funds.add(funds);
    this.#timer ??= setInterval(() => {
      const sessions = [...this.#funds].map(({ session }) => session);
      void this.#slices?.holdSlices({ sessions, until: Date.now() + HOLD_MS }).catch(() => {});
    }, HOLD_MS / 3).unref();
  }

  #letGo(funds: SessionFunds): void {
    this.#funds.delete(funds);
    if (this.#funds.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
