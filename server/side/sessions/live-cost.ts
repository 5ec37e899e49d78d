// Prices live sessions when somebody looks at them: what was reported so far, without an estimate of what has passed since. Sessions that have a
// limit of money count their cost themselves.

import type { SessionRecord } from '../../ipc/session-record.ts';
import type { Prices } from '../billing/prices.ts';
import { sessionCost } from '../billing/realtime-row.ts';

/** The part of a record that is priced. */
export type LiveUse = Pick<SessionRecord, 'provider' | 'model' | 'usage' | 'usageByModel'>;

type SumPrices = Pick<Prices, 'estimateSum'>;

/** Returns whole micro-USD; undefined where nothing was reported yet, and where a price is not known. */
export const liveCost = ({ provider, ...use }: LiveUse, prices: SumPrices): number | undefined =>
  sessionCost(use, { provider, model: use.model }, prices);

/** Adds its cost so far to a live record that has none. */
export function withCost(live: object | undefined, prices: SumPrices | undefined): object | undefined {
  const record = live as SessionRecord | undefined;
  if (record === undefined || prices === undefined || record.costMicroUsd !== undefined) return live;
  return { ...record, costMicroUsd: liveCost(record, prices) };
}
