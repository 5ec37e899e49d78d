// Counts and tells what all side processes do with the store, where it is done: attempts, and budgets that have moved or are nearly spent.

import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Config } from '../../config/config.ts';
import { exportGauge, subjectLabels } from '../../platform/metrics.ts';
import type { Store } from '../store/contract/store.ts';
import type { StoreHealth } from '../store/health.ts';
import { countAttempts } from './attempt-metrics.ts';
import { exportBudgets } from './budgets/budget-metrics.ts';
import { BudgetWarnings, type WarningsOptions } from './budgets/budget-warnings.ts';
import { BudgetWatch, type OnBudgetsClosed, tellMoves } from './budgets/budget-watch.ts';

interface StoreWatchOptions extends Pick<WarningsOptions, 'messages'> {
  /** The configuration in force. */
  readonly config: Pick<Config, 'budgets' | 'metrics'>;
  readonly log: Logger;
  readonly registry: Registry;
  readonly health: StoreHealth;
  readonly onBudgets: OnBudgetsClosed;
}

/** Returns the store of the process that owns it, with the watch over its budgets. */
export function watchedStore({ config, log, registry, health, onBudgets, messages }: StoreWatchOptions): {
  readonly budgets: BudgetWatch;
  readonly store: Store;
} {
  exportGauge(registry, {
    name: 'trunkline_store_up',
    help: '1 while the store takes what it is asked to write, 0 while it fails',
    read: () => (health.look() === undefined ? 1 : 0),
  });
  const store = countAttempts(health.store, registry, subjectLabels(config.metrics));
  const { look: onRead } = new BudgetWarnings({ store, registry, log, messages });
  const budgets = new BudgetWatch({ budgets: () => config.budgets, store, onClosed: onBudgets, onRead, log });
  exportBudgets(registry, () => budgets.uses);
  return { budgets, store: tellMoves(store, (...moved) => budgets.moved(...moved)) };
}
