// Tests what only Postgres has: lost connections, conflicts, limits. Every failure is reported, and the next try works by itself.

import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import pg from 'pg';
import { afterEach, describe, expect, test } from 'vitest';
import type { Store } from '../../../../../server/side/store/contract/store.ts';
import { openPostgres, type PostgresOptions } from '../../../../../server/side/store/engines/postgres.ts';
import { openStore } from '../../../../../server/side/store/open.ts';
import { hasPgBouncer, startPgBouncer } from '../../../../support/pgbouncer.ts';
import { postgresForTests } from '../../../../support/postgres.ts';
import { seededRandom } from '../../../../support/random.ts';
import { ARMED, anAttempt, aRealtime, aSession, aSettled, aTask, NOON } from '../../../../support/side-records.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const postgres = await postgresForTests();
if (!hasPgBouncer) console.warn('a test with PgBouncer is skipped: it is not installed');

describe.skipIf(postgres === undefined)('with a server', () => {
  async function aDatabase(options: Partial<PostgresOptions> = {}) {
    const url = (await postgres?.database()) ?? '';
    const database = openPostgres({ url, ...options });
    closing.push(() => database.close());
    await database.query('create table pair (id text primary key, amount bigint not null)');
    await database.query("insert into pair values ('a', 9007199254740991), ('b', 0)");
    return { database, url };
  }
  const endConnections = (url: string) =>
    postgres?.run(
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${new URL(url).pathname.slice(1)}'`,
    );

  test('64-bit integers are numbers in this pool, and stay what they were in others', async () => {
    const { database, url } = await aDatabase();
    expect(await database.query("select amount from pair where id = 'a'")).toEqual([{ amount: 9007199254740991 }]);
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    expect((await client.query("select amount from pair where id = 'b'")).rows).toEqual([{ amount: '0' }]);
    await client.end();
  });

  test('a connection begins without settings, which PgBouncer would refuse', async () => {
    const url = new URL((await postgres?.database()) ?? '');
    const first: Buffer[] = [];
    const port = Number(url.port);
    const relay = createServer((socket) => {
      socket.once('data', (data) => first.push(Buffer.from(data)));
      const server = connect(port, url.hostname);
      socket.pipe(server).pipe(socket);
      for (const end of [socket, server]) end.on('error', () => {});
    }).listen(0, '127.0.0.1');
    await once(relay, 'listening');
    closing.push(async () => relay.close());
    url.port = String((relay.address() as { port: number }).port);
    for (const isReader of [false, true]) {
      const database = openPostgres({ url: url.href, isReader, connections: 1, statementMs: 5000 });
      closing.unshift(() => database.close());
      const settings = await database.query(
        `select current_setting('statement_timeout') as statement, current_setting('transaction_read_only') as reads`,
      );
      expect(settings).toEqual([{ statement: '5s', reads: isReader ? 'on' : 'off' }]);
    }
    // Parameters stand behind length and version, each text with a NUL behind it.
    const names = first.map((data) =>
      data
        .subarray(8)
        .toString()
        .split('\0')
        .filter((_, index) => index % 2 === 0),
    );
    for (const sent of names) {
      expect(sent.filter(Boolean).sort()).toEqual(['application_name', 'client_encoding', 'database', 'user']);
    }
  });

  test.skipIf(!hasPgBouncer)('two machines share two connections of a PgBouncer in transaction mode', async () => {
    const pool = await startPgBouncer((await postgres?.database()) ?? '', 2);
    closing.push(() => pool.stop());
    const stores = await Promise.all([0, 1].map(() => openStore({ url: pool.url, dataDirectory: '' })));
    closing.unshift(() => Promise.all(stores.map((store) => store.close())));
    const budget = { id: 'demo|*|day|0', limitMicroUsd: 500, resetsAt: NOON };
    const ids = Array.from({ length: 60 }, (_, index) => `a${index}`);
    const call = async (id: string, index: number): Promise<string> => {
      const store = stores[index % 2] as Store;
      const { kind } = await store.reserve([budget], 10, anAttempt(id));
      if (kind === 'reserved') await store.settle([{ row: aSettled(id, 10), budgets: [budget], reservedMicroUsd: 10 }]);
      return kind;
    };
    const kinds = await Promise.all(ids.map(call));
    expect(kinds.filter((kind) => kind === 'reserved')).toHaveLength(50);
    expect(await stores[0]?.budgetUse(budget.id)).toEqual({ spentMicroUsd: 500, reservedMicroUsd: 0 });

    for (const id of ids) await stores[0]?.addTask(aTask(id));
    const claimed = await Promise.all(ids.map((_, index) => stores[index % 2]?.claimTasks(NOON, ARMED, 1)));
    expect(new Set(claimed.flatMap((tasks = []) => tasks.map(({ id }) => id))).size).toBe(60);

    // Settings of one transaction are not left to the next one that gets its connection.
    const client = new pg.Client({ connectionString: pool.url });
    await client.connect();
    const { rows } = await client.query("select current_setting('statement_timeout') as statement");
    await client.end();
    expect(rows).toEqual([{ statement: '0' }]);
  });

  test('the pool replaces idle connections that are lost', async () => {
    const { database, url } = await aDatabase();
    await Promise.all(Array.from({ length: 10 }, () => database.query('select 1 as one')));
    await endConnections(url);
    const results = await Promise.allSettled(
      Array.from({ length: 30 }, () => database.query('select amount from pair')),
    );
    const faults = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
    expect(faults.every(({ code, isTransient }) => code === 'store_unavailable' && isTransient)).toBe(true);
    expect(await database.query("select amount from pair where id = 'b'")).toEqual([{ amount: 0 }]);
  });

  test('a connection that is lost in a transaction fails it, and nothing of it stays', async () => {
    const { database, url } = await aDatabase();
    const lost = database.transaction(async (query) => {
      await query("update pair set amount = 5 where id = 'b'");
      await endConnections(url);
      await query("update pair set amount = 6 where id = 'b'");
    });
    await expect(lost).rejects.toMatchObject({ code: 'store_unavailable', isTransient: true });
    expect(await database.query("select amount from pair where id = 'b'")).toEqual([{ amount: 0 }]);
  });

  test('transactions that deadlock are tried again until both are done', async () => {
    const { database } = await aDatabase();
    await database.query("update pair set amount = 0 where id = 'a'");
    let tried = 0;
    let holding = 0;
    const both = Promise.withResolvers<void>();
    const add = ([first, second]: readonly [string, string]) =>
      database.transaction(async (query) => {
        tried++;
        await query('update pair set amount = amount + 1 where id = $1', [first]);
        // Each of the two transactions holds what the other wants.
        if (++holding === 2) both.resolve();
        await both.promise;
        await query('update pair set amount = amount + 1 where id = $1', [second]);
      });
    await Promise.all([add(['a', 'b']), add(['b', 'a'])]);
    expect(await database.query('select amount from pair order by id')).toEqual([{ amount: 2 }, { amount: 2 }]);
    expect(tried).toBeGreaterThan(2);
  });

  test('a conflict that does not end is reported after a number of tries', async () => {
    const { database } = await aDatabase({ tries: 3 });
    let tried = 0;
    const conflict = database.transaction(async (query) => {
      tried++;
      await query("do $$ begin raise exception using errcode = '40001'; end $$");
    });
    await expect(conflict).rejects.toMatchObject({ code: 'store_unavailable', isTransient: true });
    expect(tried).toBe(3);
  });

  test('a statement that takes too long is ended, and its connection can be used again', async () => {
    const { database } = await aDatabase({ statementMs: 100, connections: 1 });
    await expect(database.query('select pg_sleep(60)')).rejects.toMatchObject({ code: 'store_unavailable' });
    expect(await database.query('select 1 as one')).toEqual([{ one: 1 }]);
  });

  test('the pool makes no more connections than allowed, and other requests wait', async () => {
    const { database, url } = await aDatabase({ connections: 2 });
    const name = new URL(url).pathname.slice(1);
    const seen = await Promise.all(
      Array.from({ length: 12 }, () =>
        database.query(
          `select count(*) as count, pg_sleep(0.01) from pg_stat_activity where datname = '${name}' and application_name = 'trunkline'`,
        ),
      ),
    );
    expect(Math.max(...seen.map(([row]) => Number(row?.count)))).toBe(2);
  });

  test('an error of the work itself passes through unchanged, and undoes the transaction', async () => {
    const { database } = await aDatabase();
    const thrown = database.transaction(async (query) => {
      await query('delete from pair');
      throw new RangeError('not the fault of the database');
    });
    await expect(thrown).rejects.toBeInstanceOf(RangeError);
    expect(await database.query('select id from pair order by id')).toEqual([{ id: 'a' }, { id: 'b' }]);
  });

  test('a reader cannot write', async () => {
    const { url } = await aDatabase();
    const reader = openPostgres({ url, isReader: true });
    closing.push(() => reader.close());
    await expect(reader.query('delete from pair')).rejects.toThrow('store_unavailable');
    expect(await reader.query('select id from pair order by id')).toHaveLength(2);
  });

  test('a store goes on by itself when its server goes away and comes back', async () => {
    const url = (await postgres?.database()) ?? '';
    const store = await openStore({ url, dataDirectory: '' });
    closing.push(() => store.close());
    const name = new URL(url).pathname.slice(1);
    await postgres?.run(`alter database ${name} allow_connections false`);
    await endConnections(url);
    const take = (id: string) => store.commitSessions({ started: [aSession(id)] });
    await expect(take('s1')).rejects.toMatchObject({ code: 'store_unavailable', isTransient: true });
    await postgres?.run(`alter database ${name} allow_connections true`);
    await take('s1').catch(() => take('s1'));
    expect(await store.session('s1')).toBeDefined();
  });

  test('calls and sessions of two machines that share budgets, in any order, lose no ledger row (complaint 3)', async () => {
    const url = (await postgres?.database()) ?? '';
    const stores = await Promise.all([0, 1].map(() => openStore({ url, dataDirectory: '' })));
    closing.push(() => Promise.all(stores.map((store) => store.close())));
    const budgets = ['a', 'b', 'c', 'd'].map((id) => ({ id, limitMicroUsd: 1e9, resetsAt: NOON }));
    const random = seededRandom(3);
    const inSomeOrder = () => (random.below(2) ? budgets : budgets.toReversed());
    const call = async (store: Store, id: string): Promise<void> => {
      await store.reserve(inSomeOrder(), 10, anAttempt(id));
      await store.settle([{ row: aSettled(id, 7), budgets: inSomeOrder(), reservedMicroUsd: 10 }]);
    };
    /** Two sessions that two machines commit at the same time, in opposite orders. */
    const session = async (store: Store, ids: readonly string[]): Promise<void> => {
      const started = ids.map((id) => aSession(id));
      for (const tokens of [1, 2, 3]) {
        const ledger = ids.map((id) => aRealtime(id, tokens));
        const charged = Object.fromEntries(ids.map((id) => [id, inSomeOrder()]));
        await store.commitSessions({ started, ledger, charged });
      }
    };
    const work = Array.from({ length: 30 }, (_, index) => {
      const pair = [`session${index}`, `session${index}-too`];
      return stores.flatMap((store, machine) => [
        call(store, `call${index}-${machine}`),
        session(store, machine ? pair : pair.toReversed()),
      ]);
    });
    await Promise.all([...work.flat(), ...stores.map((store) => store.settleLost(NOON))]);

    const rows = (await stores[0]?.ledger({ limit: 1000 })) ?? [];
    expect(rows.filter(({ kind, outcome }) => kind === 'chat' && outcome === 'ok')).toHaveLength(60);
    expect(rows.filter(({ kind, costMicroUsd }) => kind === 'realtime' && costMicroUsd === 30)).toHaveLength(60);
    expect(rows).toHaveLength(120);
    const spentMicroUsd = rows.reduce((sum, { costMicroUsd = 0 }) => sum + costMicroUsd, 0);
    for (const { id } of budgets)
      expect(await stores[1]?.budgetUse(id)).toEqual({ spentMicroUsd, reservedMicroUsd: 0 });
    // No deadlock occurred at all: rows are lost where the server ends one of two transactions.
    await Promise.all(stores.map((store) => store.close()));
    const name = new URL(url).pathname.slice(1);
    const stats = await postgres?.run(`select deadlocks from pg_stat_database where datname = '${name}'`);
    expect(stats).toEqual([{ deadlocks: '0' }]);
  });
});

describe('without a server', () => {
  test('the error names the server, without the password', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    server.close();
    await once(server, 'close');
    const url = `postgres://user:hunter2@127.0.0.1:${port}/calls`;
    const refused = await openStore({ url, dataDirectory: '' }).catch((error: unknown) => error as Error);
    expect(refused).toMatchObject({ code: 'store_unavailable', isTransient: true });
    expect((refused as Error).message).toMatch(`the store postgres://127.0.0.1:${port}/calls cannot be opened: `);
    expect((refused as Error).message).not.toContain('hunter2');
  });

  test('opening gives up on a server that says nothing', async () => {
    const server = createServer(() => {}).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const database = openPostgres({ url: `postgres://u@127.0.0.1:${port}/calls`, connectMs: 100 });
    await expect(database.query('select 1 as one')).rejects.toMatchObject({ code: 'store_unavailable' });
    await database.close();
    server.close();
  });
});
