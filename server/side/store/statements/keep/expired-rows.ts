// Deletes rows that have expired, of the tables whose rows have a digest and a time until which they count.

import type { Database } from '../../database.ts';

/** Number of rows that one transaction deletes. */
const MAX_EXPIRED = 1000;

interface Expired {
  readonly table: 'handed_out' | 'client_secret';
  readonly before: number;
}

/** Returns how many. */
export async function removeExpired({ query }: Pick<Database, 'query'>, { table, before }: Expired): Promise<number> {
  for (let removed = 0; ; ) {
    const rows = await query(
      `delete from ${table} where digest in
         (select digest from ${table} where expires_at < $1 order by expires_at limit ${MAX_EXPIRED})
       returning digest`,
      [Math.round(before)],
    );
    removed += rows.length;
    if (rows.length < MAX_EXPIRED) return removed;
  }
}
