// Warns of budgets that are nearly spent, and tells of those that are: in the log, in a metric, and to webhooks. Once for each window; webhooks
// are told once by all machines together, since the id of a message follows from what it tells of.

import type { Logger } from 'pino';
import { Counter, type Registry } from 'prom-client';
import type { Delivery } from '../../../ipc/stored-rows.ts';
import { faultOf } from '../../../platform/log.ts';
import type { BudgetAmounts, BudgetWindow } from '../../store/contract/budgets.ts';
import type { Store } from '../../store/contract/store.ts';

/** Part of a budget that may be spent before it is warned of. */
export const WARNED_PART = 0.8;
/** Part of it that is spent where a session that asked for more has ended: some is left that is too little for any. */
const ENDED_PART = 0.9;
const MAX_TOLD = 20_000;

type BudgetEvent = 'budget.warning' | 'budget.reached';

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
  readonly store: Pick<Store, 'commitSessions'>;
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
      help: 'windows of budgets of which this machine has found that 80 % are spent (warning) or all (reached)',
      labelNames: ['event'],
      registers: [options.registry],
    });
  }

  /** Takes what was read. A function of its own. */
  readonly look = (uses: readonly WindowUse[]): void => {
    for (const use of uses) for (const event of eventsOf(use)) this.#tell(use, event);
  };

  #tell(use: WindowUse, event: BudgetEvent): void {
    const { log, messages, store } = this.#options;
    const { id, scope, limitMicroUsd } = use.window;
    const name = `${event} ${id}`;
    if (this.#told.has(name)) return;
    if (this.#told.size >= MAX_TOLD) this.#told.clear();
    this.#told.add(name);
    this.#counter.inc({ event });
    log.warn({ ...scope, limitMicroUsd, ...use.amounts, event }, WORDS[event]);
    const deliveries = messages(use, event).map((message) => ({ ...message, session: undefined }));
    if (deliveries.length === 0) return;
    store.commitSessions({ deliveries }).catch((error: unknown) => {
      this.#told.delete(name);
      log.warn(faultOf(error), 'message about a budget not stored: it is tried again');
    });
  }
}

function eventsOf({ window: { limitMicroUsd }, amounts: { spentMicroUsd }, isShort }: WindowUse): BudgetEvent[] {
  const isReached = spentMicroUsd >= limitMicroUsd || (isShort && spentMicroUsd >= limitMicroUsd * ENDED_PART);
  if (isReached) return ['budget.warning', 'budget.reached'];
  return spentMicroUsd >= limitMicroUsd * WARNED_PART ? ['budget.warning'] : [];
}
