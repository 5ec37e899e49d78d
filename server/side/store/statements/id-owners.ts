// Ids that providers handed out, and the key that each belongs to. The ids themselves are not stored.

import type { HandedOutId } from '../../../ipc/stored-keys.ts';
import type { Database, Query } from '../database.ts';
import { insertAll, queryForIds } from '../row-mapping.ts';
import { handedOut } from '../tables.ts';
import { removeExpired } from './keep/expired-rows.ts';

/** An id that is handed out to its key again is kept for longer. */
const KEEP = `on conflict (digest) do update set expires_at = excluded.expires_at
  where handed_out.key = excluded.key and handed_out.expires_at < excluded.expires_at`;

export async function keepIds(query: Query, ids: readonly HandedOutId[]): Promise<void> {
  // One statement must not meet a row twice, and transactions must meet rows in one order.
  const once = new Map<string, HandedOutId>();
  for (const id of ids) {
    const { key = id.key, expiresAt = 0 } = once.get(id.digest) ?? {};
    if (key === id.key && expiresAt < id.expiresAt) once.set(id.digest, id);
  }
  const inOrder = [...once.values()].sort((a, b) => (a.digest < b.digest ? -1 : 1));
  await insertAll(query, handedOut, inOrder, KEEP);
}

export async function idOwners(
  query: Query,
  digests: readonly string[],
  now: number,
): Promise<Readonly<Record<string, string>>> {
  const sql = 'select digest, key from handed_out where digest in (:ids) and expires_at >= $1';
  const rows = await queryForIds(query, digests, sql, [Math.round(now)]);
  return Object.fromEntries(rows.map(({ digest, key }) => [digest as string, key as string]));
}

export const removeExpiredIds = (database: Pick<Database, 'query'>, now: number): Promise<number> =>
  removeExpired(database, { table: 'handed_out', before: now });
