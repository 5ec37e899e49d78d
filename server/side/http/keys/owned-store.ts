// The store of the process that owns it, with those who watch what all side processes do there: its budgets, and its keys.

import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { LiveConfig } from '../../../config/live/live.ts';
import type { BudgetWatch, OnBudgetsClosed } from '../../billing/budgets/budget-watch.ts';
import { watchedStore } from '../../billing/store-watch.ts';
import type { Store } from '../../store/contract/store.ts';
import type { StoreHealth } from '../../store/health.ts';
import { budgetDeliveries } from '../../tasks/events.ts';
import { KeyWatch, type OnKeysChanged, tellKeyChanges } from './key-watch.ts';

interface OwnedStoreOptions {
  readonly live: LiveConfig;
  readonly log: Logger;
  readonly metrics: { readonly registry: Registry };
  readonly health: StoreHealth;
  /** The count of changes of keys that was told last; undefined: none. */
  readonly keysToldAt: number | undefined;
  readonly onBudgets: OnBudgetsClosed;
  readonly onKeys: OnKeysChanged;
}

interface OwnedStore {
  readonly budgets: BudgetWatch;
  readonly keys: KeyWatch;
  readonly store: Store;
}

export function ownedStore({ live, log, metrics, health, ...options }: OwnedStoreOptions): OwnedStore {
  const { store, budgets, ...told } = watchedStore({
    ...{ config: live.config, log, registry: metrics.registry, health },
    ...{ onBudgets: options.onBudgets, onKeys: options.onKeys },
    messages: (use, event) => budgetDeliveries(use, event, live.config),
  });
  const keys = new KeyWatch({ store, since: options.keysToldAt, onChanged: told.onKeys, log });
  return { budgets, keys, store: tellKeyChanges(store, () => keys.changed()) };
}
