// Brings a database to this version's tables when it is opened: forward only, all steps in one transaction, one instance at a time.

import { StoreError } from './contract.ts';
import type { Database, Query } from './database.ts';
import { MIGRATIONS } from './schema.ts';

/** Throws a StoreError that says so when a newer version wrote the database. */
export async function migrate(database: Database, migrations = MIGRATIONS): Promise<void> {
  await database.transaction(async (query) => {
    if (database.migrationLock !== undefined) await query(database.migrationLock);
    await query('create table if not exists schema_version (version bigint not null)');
    const version = await versionOf(query);
    if (version === undefined) await query('insert into schema_version (version) values (0)');
    refuseNewer(version ?? 0, migrations.length);
    for (const statement of migrations.slice(version ?? 0).flat()) await query(statement);
    if (version !== migrations.length) await query('update schema_version set version = $1', [migrations.length]);
  });
}

/** For readers, which change nothing: throws a StoreError when the tables are not those of this version. */
export async function expectMigrated(database: Database): Promise<void> {
  const version = (await versionOf(database.query)) ?? 0;
  refuseNewer(version, MIGRATIONS.length);
  if (version === MIGRATIONS.length) return;
  const message = `the store is of version ${version}, this program needs ${MIGRATIONS.length}: serve once, so that it is brought up`;
  throw new StoreError('store_unavailable', new Error(message), message);
}

async function versionOf(query: Query): Promise<number | undefined> {
  const [row] = await query('select version from schema_version');
  return row?.version as number | undefined;
}

function refuseNewer(version: number, known: number): void {
  if (version <= known) return;
  const message = `the store was written by a newer version of trunkline (tables ${version}, known here ${known}): use that one`;
  throw new StoreError('store_unavailable', new Error(message), message);
}
