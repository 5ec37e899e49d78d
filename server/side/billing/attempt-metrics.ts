// Metrics of attempts and their cost, counted where settlements are written to the store, so that none is missed.

import { Counter, Histogram, type Registry } from 'prom-client';
import type { LedgerRow } from '../../ipc/stored-rows.ts';
import { type SubjectLabels, subjectLabels } from '../../platform/metrics.ts';
import type { Store } from '../store/contract/store.ts';

const FIRST_TOKEN_BOUNDS_S = [0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 10, 20, 30, 60, 120];

/** Targets that have a time series of their own; `other` has what is beyond them. */
const MAX_TARGETS = 200;

/** Returns the store with settlements counted. Labels are names of the configuration and short codes, and those of `subjects`. */
export function countAttempts(store: Store, registry: Registry, subjects: SubjectLabels = subjectLabels()): Store {
  const registers = [registry];
  const attempts = new Counter({
    name: 'trunkline_side_attempts_total',
    help: 'attempts of calls to LLM gateways, by what became of them',
    labelNames: ['gateway', 'kind', 'outcome', ...subjects.names],
    registers,
  });
  const cost = new Counter({
    name: 'trunkline_side_cost_micro_usd_total',
    help: 'what attempts cost, in millionths of a USD; unknown costs are not in it',
    labelNames: ['gateway', 'class', ...subjects.names],
    registers,
  });
  const unknown = new Counter({
    name: 'trunkline_side_unknown_costs_total',
    help: 'attempts whose cost is unknown',
    labelNames: ['gateway', 'class', ...subjects.names],
    registers,
  });
  const flagged = new Counter({
    name: 'trunkline_side_flagged_attempts_total',
    help: 'attempts whose report is wrong or against the policy, by what is wrong',
    labelNames: ['gateway', 'class', 'flag', ...subjects.names],
    registers,
  });
  const firstTokens = new Histogram({
    name: 'trunkline_side_first_token_seconds',
    help: 'time until the first content of a streamed answer, by target: a configured model at an LLM gateway',
    labelNames: ['gateway', 'model'],
    buckets: FIRST_TOKEN_BOUNDS_S,
    registers,
  });
  // A pattern stands for hundreds of models, and each would be a time series for ever.
  const targets = new Set<string>();
  const shown = (gateway: string, model: string) => {
    const target = `${gateway}/${model}`;
    if (targets.size >= MAX_TARGETS && !targets.has(target)) return { gateway, model: 'other' };
    targets.add(target);
    return { gateway, model };
  };
  function count(row: LedgerRow): void {
    const { gateway, asked = '', kind, outcome, costMicroUsd, firstTokenMs, flags = [] } = row;
    const key = row.key === undefined ? undefined : { id: row.key, team: row.team };
    const subject = subjects.of({ key, model: asked });
    const of = { gateway, class: row.promptClass, ...subject };
    if (firstTokenMs !== undefined) firstTokens.observe(shown(gateway, asked), firstTokenMs / 1000);
    for (const flag of flags) flagged.inc({ ...of, flag });
    attempts.inc({ gateway, kind, outcome, ...subject });
    if (costMicroUsd === undefined) unknown.inc(of);
    else cost.inc(of, costMicroUsd);
  }
  return {
    ...store,
    async settle(settlements, leased) {
      await store.settle(settlements, leased);
      const ended = (leased?.calls ?? []).filter(({ row }) => row.outcome !== 'pending');
      for (const { row } of [...settlements, ...ended]) count(row);
    },
  };
}
