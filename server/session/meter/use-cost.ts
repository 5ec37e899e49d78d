// The cost of what a session has used, by the model that did it: the same for the ledger and for the meter of a live session.

import type { Usage } from '../../../adapters/realtime/contract/observation.ts';
import type { ModelUsage } from '../../ipc/session-record.ts';

/** Returns whole micro-USD; undefined where no price is known. */
export type CostOf = (model: string, usage: Usage) => number | undefined;

/** Sums over all models. The whole is unknown if the cost of one is. `asked`: the model where nothing names another; '' is one that nobody names. */
export function costOfUses(uses: readonly ModelUsage[], asked = '', costOf: CostOf): number | undefined {
  const costs = uses.map(({ model = asked, usage }) => (isCounted(usage) ? costOf(model, usage) : undefined));
  return costs.reduce((sum, cost) => (sum === undefined || cost === undefined ? undefined : sum + cost), 0);
}

/** Usage without any count was not reported; it is not free. */
export function isCounted(usage: Usage): boolean {
  return Object.values(usage).some((amount) => typeof amount === 'number');
}
