// Warns of budgets that are nearly spent, and tells of those that are: in the log, in a metric, and to webhooks. Rule: all machines together tell
// once of a window and its limit, which the store decides; a limit that was raised since then is told of again.

import type { Logger } from 'pino';
import { Counter, type Registry } from 'prom-client';
import type { Delivery } from '../../../ipc/stored-rows.ts';
import { faultOf } from '../../../platform/log.ts';
import type { BudgetAmounts, BudgetEvent, BudgetWindow } from '../../store/contract/budgets.ts';
import type { Store } from '../../store/contract/store.ts';

/** Part of a budget that may be spent before it is warned of. */
export const WARNED_PART = 0.8;
/** Part of it that is spent where a session that asked for more has ended: some is left that is too little for any. */
const ENDED_PART = 0.9;
const MAX_TOLD = 20_000;

const WORDS: Readonly<Record<BudgetEvent, string>> = {
  'budget.warning': 'a budget is nearly spent',
  'budget.reached': 'a budget is spent',
};

/** A window as it was read; `isShort`: a session was granted nothing of it. */
export interface WindowUse {
  readonly window: BudgetWindow;
  readonly amounts: BudgetAmounts;
  readonly isShort: boolean;
}

export interface WarningsOptions {
  readonly store: Pick<Store, 'tellOfBudget'>;
  readonly registry: Registry;
  readonly log: Logger;
  /** Makes the messages for the webhooks that want the event. */
  readonly messages: (use: WindowUse, event: BudgetEvent) => readonly Delivery[];
}

export class BudgetWarnings {
  readonly #options: WarningsOptions;
  readonly #counter: Counter<'event'>;
  readonly #told = new Set<string>();

  constructor(options: WarningsOptions) {
    this.#options = options;
    this.#counter = new Counter({
      name: 'trunkline_budget_events_total',
      help: 'windows of budgets of which 80 % are spent (warning) or all (reached), counted by the machine that told of it',
      labelNames: ['event'],
      registers: [options.registry],
    });
  }

  /** Takes what was read. A function of its own. */
  readonly look = (uses: readonly WindowUse[]): void => {
    for (const use of uses)
      for (const event of eventsOf(use)) {
        const name = `${event} ${use.window.id} ${use.window.limitMicroUsd}`;
        if (this.#told.has(name)) continue;
        if (this.#told.size >= MAX_TOLD) this.#told.clear();
        this.#told.add(name);
        void this.#tell(use, event).catch((error: unknown) => {
          this.#told.delete(name);
          this.#options.log.warn(faultOf(error), 'nobody is told of a budget now: it is tried again');
        });
      }
  };

  /** Leaves it to another machine, or to the process before this one, where that was first. */
  async #tell(use: WindowUse, event: BudgetEvent): Promise<void> {
    const { log, messages, store } = this.#options;
    const { window, amounts } = use;
    if (!(await store.tellOfBudget({ window, event, deliveries: messages(use, event) }))) return;
    this.#counter.inc({ event });
    log.warn({ ...window.counted, limitMicroUsd: window.limitMicroUsd, ...amounts, event }, WORDS[event]);
  }
}

function eventsOf({ window: { limitMicroUsd }, amounts: { spentMicroUsd }, isShort }: WindowUse): BudgetEvent[] {
  const isReached = spentMicroUsd >= limitMicroUsd || (isShort && spentMicroUsd >= limitMicroUsd * ENDED_PART);
  if (isReached) return ['budget.warning', 'budget.reached'];
  return spentMicroUsd >= limitMicroUsd * WARNED_PART ? ['budget.warning'] : [];
}
