// Tells the ledger of calls that were refused before any target was asked: by policy, budget, ceiling, breaker. Those of an attempt have rows.

import { RefusalRows, type RefusalRowsOptions } from '../../../http/request/refusal/refusal-rows.ts';
import type { Store } from '../../store/contract/store.ts';
import { type LiveRouter, withRun } from '../router.ts';

interface RowsOptions extends Pick<RefusalRowsOptions, 'log'> {
  readonly store: Pick<Store, 'addRefusals'>;
  readonly metrics: Pick<RefusalRowsOptions, 'registry'>;
}

export const refusalRows = ({ store, metrics, log }: RowsOptions): RefusalRows =>
  new RefusalRows({ write: store.addRefusals, registry: metrics.registry, log });

/** Returns a router that runs calls as the given one does. */
export function withRefusalRows(router: LiveRouter, { add, flush }: Pick<RefusalRows, 'add' | 'flush'>): LiveRouter {
  const recorded = withRun(router, async (call, sink) => {
    const outcome = await router.run(call, sink);
    if (outcome.kind === 'answered' || outcome.hasRow || outcome.code === 'cancelled') return outcome;
    // Nobody refused it: it is asked in another form now.
    if (outcome.lacksForm) return outcome;
    const { kind, key, team, endUser, tags, session, task, promptClass, dataClass, isRehearsal, model: asked } = call;
    const told = { kind, key, team, endUser, tags, session, task, promptClass, dataClass, isRehearsal, asked };
    add({ ...told, path: 'routed', outcome: outcome.code, why: outcome.message });
    return outcome;
  });
  recorded.close = async () => {
    await router.close();
    await flush();
  };
  return recorded;
}
