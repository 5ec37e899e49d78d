// Counts and tells what all side processes do with the store, where it is done: attempts, and budgets that have moved or are nearly spent.

import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Config } from '../../config/config.ts';
import type { BudgetConfig } from '../../config/side-schema.ts';
import { exportGauge, subjectLabels } from '../../platform/metrics.ts';
import type { KeyChanges } from '../store/contract/keys.ts';
import type { Store } from '../store/contract/store.ts';
import type { StoreHealth } from '../store/health.ts';
import { countAttempts } from './attempt-metrics.ts';
import { exportBudgets } from './budgets/budget-metrics.ts';
import { BudgetWarnings, type WarningsOptions } from './budgets/budget-warnings.ts';
import { BudgetWatch, type OnBudgetsClosed, tellMoves } from './budgets/budget-watch.ts';
import { writtenBudgets } from './budgets/own-budgets.ts';
import { StoredBudgets } from './budgets/stored-budgets.ts';

interface StoreWatchOptions extends Pick<WarningsOptions, 'messages'> {
  /** The configuration in force. */
  readonly config: Pick<Config, 'budgets' | 'teams' | 'keys' | 'access' | 'metrics'>;
  readonly log: Logger;
  readonly registry: Registry;
  readonly health: StoreHealth;
  readonly onBudgets: OnBudgetsClosed;
  readonly onKeys: OnKeys;
}

type OnKeys = (changes: KeyChanges) => void;

/** Returns the store of the process that owns it, with the watch over its budgets, which is to hear of changes of keys, too. */
export function watchedStore({ config, log, registry, health, onBudgets, messages, ...options }: StoreWatchOptions): {
  readonly budgets: BudgetWatch;
  readonly onKeys: OnKeys;
  readonly store: Store;
} {
  exportGauge(registry, {
    name: 'trunkline_store_up',
    help: '1 while the store takes what it is asked to write, 0 while it fails',
    read: () => (health.look() === undefined ? 1 : 0),
  });
  const store = countAttempts(health.store, registry, subjectLabels(config.metrics));
  const { look: onRead } = new BudgetWarnings({ store, registry, log, messages });
  const stored = new StoredBudgets(store);
  const budgets = new BudgetWatch({
    ...{ prepare: () => stored.start(), budgets: () => allBudgets(config, stored) },
    ...{ store, onClosed: onBudgets, onRead, log },
  });
  exportBudgets(registry, () => budgets.uses);
  const onKeys: OnKeys = (changes) => {
    stored.changed(changes.keys);
    options.onKeys(changes);
  };
  return { budgets, onKeys, store: tellMoves(store, (...moved) => budgets.moved(...moved)) };
}

/** The budgets in force of everybody, of teams and of keys, those that are made at run time included. */
function allBudgets(config: StoreWatchOptions['config'], stored: StoredBudgets): readonly BudgetConfig[] {
  const written = writtenBudgets(config).map(({ budget }) => budget);
  if (config.access === 'open') return written;
  return [...written, ...stored.besides(new Set(config.keys.map(({ id }) => id)))];
}
