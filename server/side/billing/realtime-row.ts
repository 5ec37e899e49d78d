// The ledger row of a realtime session: what it has used so far and what that costs. Written again as it grows; an unknown cost is no zero.

import type { Usage } from '../../../adapters/realtime/contract.ts';
import type { LedgerRow, StoredSession } from '../../ipc/records.ts';
import type { ModelUsage } from '../../ipc/session-record.ts';
import type { Prices } from './prices.ts';

export interface SessionUse {
  /** ms since the epoch. */
  readonly at: number;
  readonly usage: Usage;
  /** Where several models served; `model` is the last of them. */
  readonly usageByModel?: readonly ModelUsage[] | undefined;
  /** As the provider named it; undefined: as it was asked for. */
  readonly model: string | undefined;
  /** `pending` while the session lives. */
  readonly outcome: string;
}

export function realtimeRow(
  session: StoredSession,
  { at, usage, usageByModel, model, outcome }: SessionUse,
  prices: Pick<Prices, 'estimate'>,
): LedgerRow {
  const served = model ?? session.model;
  const cost = costOf(session, usageByModel ?? [{ model: served, usage }], prices);
  return {
    id: session.id,
    at,
    kind: 'realtime',
    path: 'direct',
    session: session.id,
    task: undefined,
    key: session.key,
    team: session.team,
    promptClass: session.promptClass,
    dataClass: session.dataClass,
    gateway: session.provider,
    asked: session.model,
    tried: [],
    served,
    provider: undefined,
    usage,
    reportedMicroUsd: undefined,
    estimatedMicroUsd: cost,
    costMicroUsd: cost,
    costSource: cost === undefined ? 'unknown' : 'estimated',
    isFlagged: false,
    latencyMs: undefined,
    firstTokenMs: undefined,
    outcome,
    quality: undefined,
    score: undefined,
    isRehearsal: session.isRehearsal,
  };
}

/** Of all models together; what one of them cost is not known: then nor is the whole. */
function costOf(
  session: StoredSession,
  uses: readonly ModelUsage[],
  prices: Pick<Prices, 'estimate'>,
): number | undefined {
  const costs = uses.map(({ model = session.model, usage }) =>
    model !== undefined && isCounted(usage) ? prices.estimate(model, session.provider, usage) : undefined,
  );
  return costs.reduce((sum, cost) => (sum === undefined || cost === undefined ? undefined : sum + cost), 0);
}

/** A provider that reported nothing did not work for nothing. */
function isCounted(usage: Usage): boolean {
  return Object.values(usage).some((amount) => typeof amount === 'number');
}

/** Ends that nobody has to look into. */
const GOOD_ENDS = ['client-closed', 'provider-closed', 'idle', 'duration-reached', 'drained'];

/** `ok`, or why the session ended. */
export function outcomeOf(reason: string): string {
  return GOOD_ENDS.includes(reason) ? 'ok' : reason;
}
