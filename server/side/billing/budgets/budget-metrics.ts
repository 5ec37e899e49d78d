// The budgets in the metrics: as they were read last, one series for each that is configured.

import { Gauge, type Registry } from 'prom-client';
import type { BudgetUse } from '../../../ipc/stored-rows.ts';
import { leftOf } from './budget-state.ts';

/** Series of one gauge at most: a scrape of thousands helps nobody. */
const MAX_SERIES = 1000;

/** `key`, `team` and `class` are empty where the budget counts all of them, `path` where it counts both. `uses` is asked at each scrape. */
export function exportBudgets(registry: Registry, uses: () => readonly BudgetUse[]): void {
  const gauge = (name: string, help: string, amount: (use: BudgetUse) => number): void => {
    const made: Gauge = new Gauge({
      name,
      help,
      labelNames: ['key', 'team', 'class', 'path', 'window'],
      // Machines that share a store say the same, and so would several processes.
      aggregator: 'max',
      registers: [registry],
      collect() {
        made.reset();
        for (const use of uses().slice(0, MAX_SERIES)) made.set(labelsOf(use), amount(use));
      },
    });
  };
  gauge(
    'trunkline_budget_used_micro_usd',
    'spent of a budget in its present window, in millionths of a USD',
    ({ spentMicroUsd }) => spentMicroUsd,
  );
  gauge(
    'trunkline_budget_left_micro_usd',
    'what a budget has left in its present window beside reservations, in millionths of a USD',
    leftOf,
  );
}

const labelsOf = ({ key = '', team = '', class: name = '', path = 'both', window }: BudgetUse) => ({
  ...{ key, team, class: name, window },
  path: path === 'both' ? '' : path,
});
