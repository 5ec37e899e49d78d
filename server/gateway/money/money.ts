// Keeps what a gateway process knows of money: which budgets have no room, what models cost, and what a session may cost.

import type { Refusal } from '../../../adapters/realtime/refusal.ts';
import type { Config } from '../../config/config.ts';
import type { Leash } from '../../session/meter/meter.ts';
import type { Admission } from '../admission/admission.ts';
import { ClosedBudgets } from '../side/budgets.ts';
import { leashOf } from './leash.ts';
import { SessionPrices } from './prices.ts';

export class SessionMoney {
  readonly closedBudgets = new ClosedBudgets();
  readonly #prices = new SessionPrices();

  /** Resolves when the first session with a limit need not wait for prices. */
  prepare(config: Config): Promise<void> {
    return this.#prices.prepare(config);
  }

  /** See `leashOf`. */
  leash(admission: Admission): Promise<Leash | Refusal> | undefined {
    return leashOf(admission, this.#prices);
  }
}
