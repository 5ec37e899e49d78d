// Messages that wait for their webhooks. A body is kept only until it is sent; the id stays, so that it is sent once.

import type { Delivery } from '../../../ipc/stored-rows.ts';
import type { DeliveryClaim } from '../contract/store.ts';
import type { Database, Query } from '../database.ts';
import { byId } from '../row-mapping.ts';
import { deliveries } from '../tables.ts';

/** Ends a message that is delivered, given up, or forgotten. */
export const END_DELIVERY = "is_over = 1, body = ''";

export async function claimDeliveries(
  query: Query,
  { now, leaseUntil, count, without = [], skipLocked }: DeliveryClaim & Pick<Database, 'skipLocked'>,
): Promise<readonly Delivery[]> {
  const notTo = without.map((_, index) => `and url <> $${index + 4}`).join(' ');
  const rows = await query(
    `update delivery set next_at = $2
     where id in (select id from delivery where is_over = 0 and next_at <= $1 ${notTo} order by next_at, id limit $3 ${skipLocked})
     returning *`,
    [Math.round(now), Math.round(leaseUntil), count, ...without],
  );
  return rows
    .map(deliveries.item)
    .map(({ session: _, ...delivery }) => delivery)
    .sort(byId);
}

interface DeliveryOutcome {
  readonly id: string;
  readonly attempts: number;
  readonly nextAt: number | undefined;
}

export async function settleDelivery(query: Query, { id, attempts, nextAt }: DeliveryOutcome): Promise<void> {
  const change = nextAt === undefined ? END_DELIVERY : 'next_at = $3';
  const params = [id, attempts, ...(nextAt === undefined ? [] : [Math.round(nextAt)])];
  await query(`update delivery set attempts = $2, ${change} where id = $1 and is_over = 0`, params);
}
