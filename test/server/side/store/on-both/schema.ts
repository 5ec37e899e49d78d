// Suite of the schema: tables are made once, together or not at all, and never changed by another version.

import { expect, test } from 'vitest';
import type { Database } from '../../../../../server/side/store/database.ts';
import { openPostgres } from '../../../../../server/side/store/engines/postgres.ts';
import { openSqlite } from '../../../../../server/side/store/engines/sqlite.ts';
import { openReader, openStore, type StoreLocation } from '../../../../../server/side/store/open.ts';
import { createTables, SCHEMA_VERSION } from '../../../../../server/side/store/schema.ts';
import { aSession } from '../../../../support/side-records.ts';
import type { Stores } from '../../../../support/stores.ts';

const databaseAt = ({ url, dataDirectory }: StoreLocation): Database =>
  url === 'sqlite' ? openSqlite({ path: `${dataDirectory}/trunkline.db` }) : openPostgres({ url });

async function within<Result>(where: StoreLocation, work: (database: Database) => Promise<Result>): Promise<Result> {
  const database = databaseAt(where);
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}

const versionIn = (database: Database) => database.query('select version from schema_version');

export function schema({ kind, place, open }: Stores): void {
  test('keeps what is there when the store is opened again', async () => {
    const where = await place();
    const first = await openStore(where);
    await first.commitSessions({ started: [aSession('s1')] });
    await first.close();
    await within(where, async (database) => {
      expect(await versionIn(database)).toEqual([{ version: SCHEMA_VERSION }]);
    });
    expect(await (await open(where)).session('s1')).toEqual(aSession('s1'));
  });

  test('leaves no table behind when one of them cannot be made', async () => {
    const where = await place();
    await within(where, async (database) => {
      await database.query('create table lease (id text)');
      await expect(createTables(database)).rejects.toThrow('store_unavailable');
      await expect(database.query('select * from session')).rejects.toThrow('store_unavailable');
      await expect(versionIn(database)).rejects.toThrow('store_unavailable');
    });
  });

  test.each([
    [SCHEMA_VERSION + 1, 'written by a newer version of trunkline', 'use that one'],
    [SCHEMA_VERSION - 1, 'written by an older version of trunkline', 'move it away to begin a new one'],
  ])(
    'refuses tables of version %i, to readers too, says what to do and changes nothing',
    async (version, who, cure) => {
      const where = await place();
      await within(where, async (database) => {
        await createTables(database);
        await database.query('update schema_version set version = $1', [version]);
      });
      const refused = new RegExp(`${who} \\(tables ${version}, known here ${SCHEMA_VERSION}\\).*${cure}`);
      await expect(openStore(where)).rejects.toThrow(refused);
      await expect(openReader(where)).rejects.toThrow(refused);
      await within(where, async (database) => expect(await versionIn(database)).toEqual([{ version }]));
    },
  );

  // SQLite has one instance at a time.
  const onServers = kind === 'sqlite' ? () => {} : test;
  onServers('makes the tables once when instances start together', async () => {
    const where = await place();
    const stores = await Promise.all(Array.from({ length: 5 }, () => open(where)));
    await stores[0]?.commitSessions({ started: [aSession('s1')] });
    expect(await stores[4]?.session('s1')).toEqual(aSession('s1'));
  });
}
