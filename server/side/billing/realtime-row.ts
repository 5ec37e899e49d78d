// The ledger row of a realtime session: its usage so far and the cost. It is written again as it grows; an unknown cost is never zero.

import type { Usage } from '../../../adapters/realtime/contract/observation.ts';
import { REHEARSAL_NAME } from '../../config/file/words.ts';
import type { SessionUsage } from '../../ipc/session-record.ts';
import type { LedgerRow, StoredSession } from '../../ipc/stored-rows.ts';
import { costOfUses } from '../../session/meter/use-cost.ts';
import type { Prices } from './prices.ts';

export interface SessionUse extends SessionUsage {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** `pending` while the session lives. */
  readonly outcome: string;
}

/** Prices usage, in whole micro-USD; undefined where nothing was reported, or a price is not known. `model`: the one that was asked for. */
export function sessionCost(
  { usage, usageByModel, model: served }: SessionUsage,
  { provider, model }: Pick<StoredSession, 'provider' | 'model'>,
  prices: Pick<Prices, 'estimateSum'>,
): number | undefined {
  const costOf = (name: string, used: Usage) => prices.estimateSum(name, provider, used);
  return costOfUses(usageByModel ?? [{ model: served, usage }], model, costOf);
}

export function realtimeRow(
  session: StoredSession,
  { at, usage, usageByModel, isBeyondBound, model = session.model, outcome }: SessionUse,
  prices: Pick<Prices, 'estimateSum'>,
): LedgerRow {
  const cost = sessionCost({ usage, ...(usageByModel && { usageByModel }), model }, session, prices);
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
    target: `${session.provider}/${session.model ?? model ?? ''}`,
    asked: session.asked ?? session.model,
    tried: session.tried ?? [],
    served: model,
    provider: session.provider,
    usage,
    estimatedMicroUsd: cost,
    costMicroUsd: cost,
    costSource: cost === undefined ? 'unknown' : 'estimated',
    isFlagged: isBeyondBound === true,
    ...(isBeyondBound && { flags: ['beyond_bound'] }),
    outcome,
    why: session.why ?? (session.isRehearsal ? REHEARSAL_NAME : `${session.provider} serves ${session.route}`),
    isRehearsal: session.isRehearsal,
    endUser: session.endUser,
    tags: session.tags,
  };
}
