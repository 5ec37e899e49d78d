// Client secrets: one row each, under the digest of the secret. A use is one statement, so that of many at once as many are granted as are left;
// it outlives a kill, and a start does not wait for the disk.

import type { SecretUse, StoredSecret } from '../../../../ipc/stored-keys.ts';
import { type ClientSecrets, SECRET_KEPT_MS } from '../../contract/client-secrets.ts';
import type { Database, Query } from '../../database.ts';
import { insertAll, textValue } from '../../row-mapping.ts';
import { secrets } from '../../tables.ts';
import { removeExpired } from '../keep/expired-rows.ts';
import { insertAudit } from './audit.ts';

export const addSecret = (
  { transaction }: Database,
  ...[secret, most, entry]: Parameters<ClientSecrets['addSecret']>
): Promise<boolean> =>
  transaction(async (query) => {
    if ((await countUnexpired(query, secret)) >= most) return false;
    await insertAll(query, secrets, [secret]);
    if (entry !== undefined) await insertAudit(query, entry);
    return true;
  });

async function countUnexpired(query: Query, { key, createdAt }: StoredSecret): Promise<number> {
  const [ofKey, values] = key === undefined ? ['key is null', []] : ['key = $2', [textValue(key)]];
  const sql = `select count(*) as count from client_secret where expires_at > $1 and ${ofKey}`;
  const [row] = await query(sql, [Math.round(createdAt), ...values]);
  return Number(row?.count);
}

export async function selectSecret(query: Query, digest: string): Promise<StoredSecret | undefined> {
  const [row] = await query('select * from client_secret where digest = $1', [digest]);
  return row && secrets.item(row);
}

export function useSecret(database: Database, digest: string, now: number): Promise<SecretUse> {
  return database.transaction(async (query) => {
    const granted = await query(
      'update client_secret set uses_left = uses_left - 1 where digest = $1 and uses_left > 0 and expires_at > $2 returning id',
      [digest, Math.round(now)],
    );
    if (granted.length > 0) return 'granted';
    const left = await selectSecret(query, digest);
    if (left === undefined) return 'unknown';
    return left.usesLeft > 0 ? 'expired' : 'used';
  }, 'relaxed');
}

export async function returnSecret(query: Query, digest: string): Promise<void> {
  await query('update client_secret set uses_left = uses_left + 1 where digest = $1', [digest]);
}

export const removeExpiredSecrets = (database: Pick<Database, 'query'>, now: number): Promise<number> =>
  removeExpired(database, { table: 'client_secret', before: now - SECRET_KEPT_MS });
