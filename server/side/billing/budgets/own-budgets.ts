// The budgets that keys bring themselves, by the ids of the keys: calls and sessions of tasks know no more of a key.

import type { Config } from '../../../config/config.ts';
import type { BudgetConfig } from '../../../config/side-schema.ts';
import type { Store } from '../../store/contract/store.ts';
import { budgetsOfKey } from './budget.ts';

interface KeyBudgetsOptions {
  readonly store: Pick<Store, 'key'>;
  readonly config: Pick<Config, 'keys' | 'access'>;
}

/** Time for which the budgets of a stored key are believed. */
const BELIEVED_MS = 5000;
const MAX_REMEMBERED = 10_000;

export class KeyBudgets {
  readonly #options: KeyBudgetsOptions;
  readonly #remembered = new Map<string, { readonly budgets: readonly BudgetConfig[]; readonly at: number }>();

  constructor(options: KeyBudgetsOptions) {
    this.#options = options;
  }

  /** Those of a key that is over, too: its calls and sessions may go on. Rejects with a StoreError. */
  async of(id: string | undefined): Promise<readonly BudgetConfig[]> {
    const { store, config } = this.#options;
    if (id === undefined || config.access === 'open') return [];
    const ofFile = config.keys.find((key) => key.id === id);
    if (ofFile !== undefined) return budgetsOfKey(ofFile);
    const known = this.#remembered.get(id);
    if (known !== undefined && performance.now() - known.at < BELIEVED_MS) return known.budgets;
    const budgets = budgetsOfKey((await store.key({ id }))?.key);
    this.#remembered.delete(id);
    this.#remembered.set(id, { budgets, at: performance.now() });
    const [oldest] = this.#remembered.keys();
    if (this.#remembered.size > MAX_REMEMBERED && oldest !== undefined) this.#remembered.delete(oldest);
    return budgets;
  }
}
