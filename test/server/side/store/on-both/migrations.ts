// Migrations: once, together or not at all, and never backwards.

import { expect, test } from 'vitest';
import type { Database } from '../../../../../server/side/store/database.ts';
import { openPostgres } from '../../../../../server/side/store/engines/postgres.ts';
import { openSqlite } from '../../../../../server/side/store/engines/sqlite.ts';
import { migrate } from '../../../../../server/side/store/migrations.ts';
import { openReader, openStore, type StoreLocation } from '../../../../../server/side/store/open.ts';
import { MIGRATIONS } from '../../../../../server/side/store/schema.ts';
import { aHandover, aSession } from '../../../../support/side-records.ts';
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

export function migrations({ kind, place, open }: Stores): void {
  test('what is there stays when the store is opened again', async () => {
    const where = await place();
    const first = await openStore(where);
    await first.commitSessions(aHandover({ started: [aSession('s1')] }));
    await first.close();
    expect(await (await open(where)).session('s1')).toEqual(aSession('s1'));
  });

  test('new steps run once, on what earlier ones left', async () => {
    const where = await place();
    const more = [...MIGRATIONS, ['alter table session add column mood text', "update session set mood = 'good'"]];
    await (await openStore(where)).close();
    await within(where, async (database) => {
      await database.query("insert into lease (owner, expires_at) values ('one', 1)");
      await migrate(database, more);
      await migrate(database, more);
      expect(await database.query('select version from schema_version')).toEqual([{ version: more.length }]);
      expect(await database.query('select mood from session')).toEqual([]);
    });
  });

  test('a step that fails leaves nothing of it', async () => {
    const where = await place();
    await within(where, async (database) => {
      await migrate(database);
      const broken = [...MIGRATIONS, ['create table half (id text)', 'insert into nowhere values (1)']];
      await expect(migrate(database, broken)).rejects.toThrow('store_unavailable');
      await expect(database.query('select * from half')).rejects.toThrow('store_unavailable');
      expect(await database.query('select version from schema_version')).toEqual([{ version: MIGRATIONS.length }]);
    });
  });

  test('a store of a newer version is refused, by readers too, and stays as it is', async () => {
    const where = await place();
    await within(where, (database) => migrate(database, [...MIGRATIONS, []]));
    const known = MIGRATIONS.length;
    const versions = `(tables ${known + 1}, known here ${known})`;
    await expect(openStore(where)).rejects.toThrow(`written by a newer version of trunkline ${versions}`);
    await expect(openReader(where)).rejects.toThrow('written by a newer version');
    await within(where, async (database) => {
      expect(await database.query('select version from schema_version')).toEqual([{ version: known + 1 }]);
    });
  });

  // A file has one instance at a time: there is nothing to test on it.
  const onServers = kind === 'sqlite' ? () => {} : test;
  onServers('instances that start together make the tables once', async () => {
    const where = await place();
    const stores = await Promise.all(Array.from({ length: 5 }, () => open(where)));
    await stores[0]?.commitSessions(aHandover({ started: [aSession('s1')] }));
    expect(await stores[4]?.session('s1')).toEqual(aSession('s1'));
  });
}
