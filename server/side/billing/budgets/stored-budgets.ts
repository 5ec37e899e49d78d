// The budgets of keys that are made at run time, for those who look at all budgets: asked for once, and then kept by the changes of keys.

import type { BudgetConfig } from '../../../config/side-schema.ts';
import type { StoredKey } from '../../../ipc/stored-keys.ts';
import type { Store } from '../../store/contract/store.ts';
import { budgetsOfKey } from './own-budgets.ts';

/** Keys whose budgets are looked at: those that were made or changed last. Those of others hold too, and are warned of when they move. */
const MAX_KEYS = 1000;

export class StoredBudgets {
  readonly #store: Pick<Store, 'keysWithBudgets'>;
  readonly #keys = new Map<string, StoredKey>();
  #newest: readonly StoredKey[] | undefined;
  #isStarted = false;

  constructor(store: Pick<Store, 'keysWithBudgets'>) {
    this.#store = store;
  }

  /** Rejects with a StoreError. */
  async start(): Promise<void> {
    this.changed(await this.#store.keysWithBudgets(MAX_KEYS));
    this.#isStarted = true;
  }

  /** Takes keys as they are now. One that is over has no budgets any more. */
  changed(keys: readonly StoredKey[]): void {
    for (const stored of keys) {
      const { id } = stored.key;
      const known = this.#keys.get(id);
      if (known === undefined || known.version <= stored.version) this.#keys.set(id, stored);
    }
    this.#newest = undefined;
  }

  /** Leaves out those of keys whose ids these are: the configuration has keys of the same ids, which count. */
  besides(ids: ReadonlySet<string>): readonly BudgetConfig[] {
    this.#newest ??= this.#readNewest();
    return this.#newest.filter(({ key }) => !ids.has(key.id)).flatMap(({ key }) => budgetsOfKey(key));
  }

  #readNewest(): readonly StoredKey[] {
    const newest = [...this.#keys.values()].filter(hasBudgets).sort((a, b) => b.version - a.version);
    newest.length = Math.min(newest.length, MAX_KEYS);
    // An answer that was read before a change may arrive after it, and only then.
    if (this.#isStarted) {
      this.#keys.clear();
      for (const stored of newest) this.#keys.set(stored.key.id, stored);
    }
    return newest;
  }
}

const hasBudgets = ({ key, revokedAt, deletedAt }: StoredKey): boolean =>
  key.budgets !== undefined && revokedAt === undefined && deletedAt === undefined;
