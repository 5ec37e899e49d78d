// The ledger row of a realtime session: its usage so far and the cost. It is written again as it grows; an unknown cost is never zero.

import type { Usage } from '../../../adapters/realtime/contract.ts';
import type { ModelUsage, SessionUsage } from '../../ipc/session-record.ts';
import type { LedgerRow, StoredSession } from '../../ipc/stored-rows.ts';
import type { Prices } from './prices.ts';

export interface SessionUse extends SessionUsage {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** `pending` while the session lives. */
  readonly outcome: string;
}

export function realtimeRow(
  session: StoredSession,
  { at, usage, usageByModel, isBeyondBound, model, outcome }: SessionUse,
  prices: Pick<Prices, 'estimateSum'>,
): LedgerRow {
  const served = model ?? session.model;
  const cost = costOf(session, usageByModel ?? [{ model: served, usage }], prices);
  return {
    id: session.id,
    at,
    kind: 'realtime',
    path: 'direct',
    session: session.id,
    key: session.key,
    team: session.team,
    promptClass: session.promptClass,
    dataClass: session.dataClass,
    gateway: session.provider,
    asked: session.model,
    tried: [],
    served,
    usage,
    estimatedMicroUsd: cost,
    costMicroUsd: cost,
    costSource: cost === undefined ? 'unknown' : 'estimated',
    isFlagged: isBeyondBound === true,
    ...(isBeyondBound && { flags: ['beyond_bound'] }),
    outcome,
    isRehearsal: session.isRehearsal,
  };
}

/** Sums over all models. The whole is unknown if the cost of one is. */
function costOf(
  session: StoredSession,
  uses: readonly ModelUsage[],
  prices: Pick<Prices, 'estimateSum'>,
): number | undefined {
  const costs = uses.map(({ model = session.model, usage }) =>
    model !== undefined && isCounted(usage) ? prices.estimateSum(model, session.provider, usage) : undefined,
  );
  return costs.reduce((sum, cost) => (sum === undefined || cost === undefined ? undefined : sum + cost), 0);
}

/** Usage without any count was not reported; it is not free. */
function isCounted(usage: Usage): boolean {
  return Object.values(usage).some((amount) => typeof amount === 'number');
}
