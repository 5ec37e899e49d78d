// Suite of the schema: tables are made once, together or not at all. Those of an earlier version are brought up, those of others refused.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Database } from '../../../../../server/side/store/database.ts';
import { openPostgres } from '../../../../../server/side/store/engines/postgres.ts';
import { openSqlite } from '../../../../../server/side/store/engines/sqlite.ts';
import { openReader, openStore, type StoreLocation } from '../../../../../server/side/store/open.ts';
import { createTables, SCHEMA_VERSION } from '../../../../../server/side/store/schema.ts';
import { anEnd, aResponse, aSession, NOON } from '../../../../support/side-records.ts';
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

/** Made by the code that wrote the version, with a row in each table that sessions and calls write. */
const statementsOf = (version: number): readonly string[] =>
  readFileSync(new URL(`../../../../fixtures/store-${version}.sql`, import.meta.url), 'utf8')
    .split(';\n')
    .filter((text) => text !== '');

/** Names of all columns and indexes, sorted. */
async function columnsIn({ query }: Database, kind: Stores['kind']): Promise<readonly string[]> {
  const sql =
    kind === 'sqlite'
      ? `select m.name || '.' || c.name as name from sqlite_master m, pragma_table_info(m.name) c where m.type = 'table'
         union all select name from sqlite_master where type = 'index' and sql is not null order by 1`
      : `select table_name || '.' || column_name as name from information_schema.columns where table_schema = 'public'
         union all select indexname from pg_indexes where schemaname = 'public' order by 1`;
  return (await query(sql)).map(({ name }) => String(name));
}

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
    [6, 'written by an older version of trunkline', 'move it away to begin a new one'],
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

  test.each([7, 8])(
    'brings the tables of version %i up with all that is in them, and they are those of a new store',
    async (version) => {
      const where = await place();
      await within(where, async (database) => {
        for (const statement of statementsOf(version)) await database.query(statement);
      });
      await expect(openReader(where)).rejects.toThrow('written by an older version');
      const store = await open(where);
      const more = version === 7 ? {} : { endUser: 'u1', tags: { plan: 'free' }, clientSecret: 'secret-1' };
      expect(await store.session('open')).toEqual(aSession('open', more));
      expect((await store.key({ id: 'web' }))?.key.team).toBe(version === 7 ? undefined : 'support');
      expect(await store.session('closed')).toMatchObject({ ...anEnd('closed'), continues: 'open' });
      expect((await store.turns('closed'))[0]?.user).toBe('question 1');
      expect(await store.task('closed.summary')).toMatchObject({ state: 'queued', session: 'closed' });
      expect(await store.budgetUse('demo|*|total|0')).toMatchObject({ reservedMicroUsd: 1300 });
      expect((await store.ledger({ limit: 10 })).map(({ id }) => id).sort()).toEqual(['call', 'closed']);
      expect(await store.idOwners(['d1'], NOON)).toEqual({ d1: 'demo' });
      await store.writeResponses({ added: [aResponse('resp_1')] });
      expect(await store.response('resp_1')).toMatchObject({ id: 'resp_1', key: 'demo' });
      await store.commitSessions({ started: [aSession('new', { endUser: 'u1', tags: { campaign: 'spring' } })] });
      expect(await store.session('new')).toEqual(aSession('new', { endUser: 'u1', tags: { campaign: 'spring' } }));
      await store.close();

      const fresh = await place();
      await (await openStore(fresh)).close();
      const columns = await within(where, (database) => columnsIn(database, kind));
      expect(columns).toEqual(await within(fresh, (database) => columnsIn(database, kind)));
      expect(columns.length).toBeGreaterThan(100);
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
