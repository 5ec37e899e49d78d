// Keys that were made at run time. Their secrets are not stored. Whoever changes one counts up, and holds the count until its transaction ends: the
// order of versions is that of commits.

import type { KeyQuestion, StoredKey } from '../../../../ipc/stored-keys.ts';
import { type AuditEntry, ID_KEPT_MS, type KeyChanges, type KeyStore } from '../../contract/keys.ts';
import type { Database, Query } from '../../database.ts';
import { insertAll, textValue } from '../../row-mapping.ts';
import { apiKeys, type KeyRow } from '../../tables.ts';
import { insertAudit } from './audit.ts';

const MAX_CHANGES = 1000;

export async function selectKey(query: Query, asked: KeyQuestion): Promise<StoredKey | undefined> {
  const [where, value] = 'id' in asked ? ['id = $1', asked.id] : ['digest = $1 or old_digest = $1', asked.digest];
  const [row] = await query(`select * from api_key where ${where}`, [textValue(value)]);
  return row && keyOf(apiKeys.item(row));
}

export async function selectKeys(
  query: Query,
  { after = '', limit }: Parameters<KeyStore['keys']>[0],
): Promise<readonly StoredKey[]> {
  const sql = 'select * from api_key where id > $1 and deleted_at is null order by id limit $2';
  return (await query(sql, [textValue(after), limit])).map((row) => keyOf(apiKeys.item(row)));
}

/** The texts of settings have no index: all keys are read, once in the life of a process. */
export async function selectKeysWithBudgets(query: Query, limit: number): Promise<readonly StoredKey[]> {
  const sql = `select * from api_key where settings like '%"budgets":%' and revoked_at is null and deleted_at is null
    order by version desc limit $1`;
  const found = (await query(sql, [limit])).map((row) => keyOf(apiKeys.item(row)));
  // A tag may have that name.
  return found.filter(({ key }) => key.budgets !== undefined);
}

export function addKey({ transaction }: Database, key: StoredKey, entry: AuditEntry): Promise<boolean> {
  return transaction(async (query) => {
    const version = await countUp(query);
    await query('delete from api_key where id = $1 and deleted_at <= $2', [
      textValue(key.key.id),
      key.createdAt - ID_KEPT_MS,
    ]);
    const isAdded = await insertKey(query, { ...key, version }, entry);
    // One that was made while the key before was deleted must not open sessions of this one.
    if (isAdded) await removeSecrets(query, key.key.id);
    return isAdded;
  });
}

export function replaceKey({ transaction }: Database, key: StoredKey, entry: AuditEntry): Promise<boolean> {
  return transaction(async (query) => {
    const version = await countUp(query);
    const gone = await query('delete from api_key where id = $1 and version = $2 returning id', [
      textValue(key.key.id),
      key.version,
    ]);
    if (gone.length === 0) return false;
    if (key.deletedAt !== undefined) await removeSecrets(query, key.key.id);
    return insertKey(query, { ...key, version }, entry);
  });
}

/** Client secrets go with their key: its id may be that of another one later. */
async function removeSecrets(query: Query, key: string): Promise<void> {
  await query('delete from client_secret where key = $1', [textValue(key)]);
}

export async function keyChanges(query: Query, since: number | undefined): Promise<KeyChanges> {
  const [count] = await query("select value from change_count where name = 'key'");
  const version = (count?.value as number | undefined) ?? 0;
  if (since === undefined || version <= since) return { version, keys: [] };
  const sql = `select * from api_key where version > $1 order by version limit ${MAX_CHANGES}`;
  const keys = (await query(sql, [since])).map((row) => keyOf(apiKeys.item(row)));
  const last = keys.at(-1)?.version ?? version;
  // Others may have changed more between the two statements.
  return { version: keys.length < MAX_CHANGES ? Math.max(version, last) : last, keys };
}

async function insertKey(query: Query, key: StoredKey, entry: AuditEntry): Promise<boolean> {
  const added = await insertAll(query, apiKeys, [rowOf(key)], 'on conflict (id) do nothing returning id');
  if (added.length > 0) await insertAudit(query, entry);
  return added.length > 0;
}

async function countUp(query: Query): Promise<number> {
  const [row] = await query(
    `insert into change_count (name, value) values ('key', 1)
     on conflict (name) do update set value = change_count.value + 1 returning value`,
  );
  return row?.value as number;
}

function rowOf({ key, ...rest }: StoredKey): KeyRow {
  const { id, team, expiresAt, ...settings } = key;
  return { id, team, settings, expiresAt: expiresAt === undefined ? undefined : Date.parse(expiresAt), ...rest };
}

function keyOf({ id, team, settings, expiresAt, ...rest }: KeyRow): StoredKey {
  const until = expiresAt === undefined ? {} : { expiresAt: new Date(expiresAt).toISOString() };
  return { key: { id, ...(team === undefined ? {} : { team }), ...settings, ...until }, ...rest };
}
