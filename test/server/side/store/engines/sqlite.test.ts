// Tests what only SQLite has: one owner, files that nobody else reads, and what a full disk, a damaged file and a kill leave.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import type { Database, Durability, Query } from '../../../../../server/side/store/database.ts';
import { openSqlite } from '../../../../../server/side/store/engines/sqlite.ts';
import { createSqlStore, openStore } from '../../../../../server/side/store/open.ts';
import { createTables } from '../../../../../server/side/store/schema.ts';
import { aRealtime, aSession, aTurn } from '../../../../support/side-records.ts';
import { temporaryFolder } from '../../../../support/temporary-folder.ts';

const folder = temporaryFolder('sqlite');
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

function aPlace() {
  const dataDirectory = mkdtempSync(join(folder, 'data-'));
  return { place: { url: 'sqlite', dataDirectory }, path: join(dataDirectory, 'trunkline.db') };
}

async function aStore({ place } = aPlace()) {
  const store = await openStore(place);
  closing.push(() => store.close());
  return store;
}

async function aDatabase(path = aPlace().path): Promise<Database> {
  const database = openSqlite({ path });
  closing.push(() => database.close());
  await createTables(database);
  return database;
}

const sessionsOf = (ids: readonly string[]) => ({ started: ids.map((id) => aSession(id)) });

describe('owner of the file', () => {
  test('only the owner may read the files', async () => {
    const where = aPlace();
    await (await aStore(where)).commitSessions(sessionsOf(['s1']));
    const files = readdirSync(where.place.dataDirectory);
    expect(files).toEqual(expect.arrayContaining(['trunkline.db', 'trunkline.db-wal', 'trunkline.db.lock']));
    for (const file of files) expect(statSync(join(where.place.dataDirectory, file)).mode & 0o777).toBe(0o600);
  });

  test('a second owner in the same process is refused, and the first goes on', async () => {
    const where = aPlace();
    const first = await aStore(where);
    await expect(openStore(where.place)).rejects.toThrow(/trunkline\.db is in use by another process/);
    await first.commitSessions(sessionsOf(['s1']));
    expect(await first.session('s1')).toBeDefined();
    await first.close();
    expect(await (await aStore(where)).session('s1')).toBeDefined();
  });

  test('an owner in another process is respected while it lives, and gone when it is killed', async () => {
    const where = aPlace();
    const writer = await aWriter(where.place.dataDirectory, 'w');
    await expect(openStore(where.place)).rejects.toThrow(/in use by another process/);
    await writer.kill();
    expect(await (await aStore(where)).sessions({ limit: 1 })).toBeDefined();
  });

  test('a closed store finishes what was begun, and answers no more', async () => {
    const store = await aStore();
    const last = store.commitSessions(sessionsOf(['s1']));
    await store.close();
    await last;
    await expect(store.session('s1')).rejects.toThrow('store_unavailable');
  });
});

interface Writer {
  readonly acknowledged: string[];
  /** Resolves when a first row is acknowledged. */
  first(): Promise<unknown>;
  kill(): Promise<void>;
}

async function aWriter(dataDirectory: string, prefix: string): Promise<Writer> {
  const script = fileURLToPath(new URL('../../../../support/store-writer.ts', import.meta.url));
  const child: ChildProcess = spawn(process.execPath, [script, dataDirectory, prefix], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  await once(lines, 'line');
  const acknowledged: string[] = [];
  lines.on('line', (line) => acknowledged.push(line));
  const read = once(lines, 'close');
  return {
    acknowledged,
    first: async () => acknowledged.length > 0 || once(lines, 'line'),
    async kill() {
      child.kill('SIGKILL');
      await exited;
      await read;
    },
  };
}

describe('kill -9', () => {
  test('acknowledged rows are there once after a kill, and the next owner goes on', async () => {
    const where = aPlace();
    const acknowledged: string[] = [];
    for (let round = 0; round < 5; round++) {
      const writer = await aWriter(where.place.dataDirectory, `r${round}`);
      await writer.first();
      await new Promise((later) => setTimeout(later, Math.random() * 200));
      await writer.kill();
      // The kill may cut the last line off.
      acknowledged.push(...writer.acknowledged.filter((line) => /^r\d+-\d+-\d+$/.test(line)));
    }
    expect(acknowledged.length).toBeGreaterThan(0);
    const store = await aStore(where);
    const stored = new Set((await store.sessions({ limit: 1_000_000 })).map(({ id }) => id));
    expect(acknowledged.filter((id) => !stored.has(id))).toEqual([]);
    for (const id of stored) expect(await store.turns(id)).toHaveLength(2);

    const rows = await store.ledger({ limit: 1_000_000 });
    const settled = rows.filter(({ outcome }) => outcome === 'ok');
    const pending = rows.filter(({ outcome }) => outcome === 'pending').length;
    const cost = settled.reduce((sum, { costMicroUsd = 0 }) => sum + costMicroUsd, 0);
    expect(await store.budgetUse('all')).toEqual({ spentMicroUsd: cost, reservedMicroUsd: pending * 10 });
    const settledIds = new Set(settled.map(({ id }) => id));
    expect(acknowledged.filter((id) => !settledIds.has(`${id}.attempt`))).toEqual([]);
  });
});

describe('a full disk', () => {
  /** Opens a database that may not grow any more, as if the disk were full. */
  async function full() {
    const database = await aDatabase();
    const [{ page_count: pages } = {}] = await database.query('pragma page_count');
    const limit = (more: number) => database.query(`pragma max_page_count = ${Number(pages) + more}`);
    await limit(0);
    return { database, store: createSqlStore(database), makeSpace: () => limit(1_000_000) };
  }
  const large = (id: string) => ({
    started: [aSession(id)],
    turns: [aTurn(id, 1, { user: 'word '.repeat(10_000) })],
    ledger: [aRealtime(id, 1)],
  });

  test('a full disk is reported as such, leaves nothing half written, and everything goes on when there is space', async () => {
    const { store, makeSpace } = await full();
    await expect(store.commitSessions(large('s1'))).rejects.toMatchObject({ code: 'store_full', isTransient: true });
    expect(await store.session('s1')).toBeUndefined();
    expect(await store.ledger({ limit: 1 })).toEqual([]);
    await expect(store.commitSessions(large('s1'))).rejects.toMatchObject({ code: 'store_full' });
    await makeSpace();
    await store.commitSessions(large('s1'));
    expect(await store.turns('s1')).toHaveLength(1);
    expect(await store.session('s1')).toBeDefined();
  });

  test('a full disk fails a transaction as a whole, alone or with those that share its commit', async () => {
    const { store, makeSpace } = await full();
    const ids = Array.from({ length: 20 }, (_, index) => `s${index}`);
    const taken = await Promise.allSettled(
      ids.map((id) => store.commitSessions(id === 's7' ? large(id) : sessionsOf([id]))),
    );
    expect(taken[7]).toMatchObject({ status: 'rejected', reason: { code: 'store_full' } });
    const stored = (await store.sessions({ limit: 100 })).map(({ id }) => id).sort();
    expect(stored).toEqual(ids.filter((_, index) => taken[index]?.status === 'fulfilled').sort());
    await makeSpace();
    await store.commitSessions({ started: ids.map((id) => aSession(id)) });
    expect(await store.sessions({ limit: 100 })).toHaveLength(20);
  });
});

describe('transactions that share a commit', () => {
  test('transactions that share a commit fail alone, see those before them, and nothing of those that failed', async () => {
    const database = await aDatabase();
    const lease = (owner: string) => `insert into lease (owner, expires_at) values ('${owner}', 1)`;
    const count = 'select count(*) as count from lease';
    const results = await Promise.allSettled([
      database.query(lease('a')),
      database.transaction(async (query) => {
        await query(lease('b'));
        await query(lease('a'));
      }),
      database.transaction(async (query) => {
        await query(lease('c'));
        throw new RangeError('not the fault of the database');
      }),
      database.query(count),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
    expect(results[1]).toMatchObject({ reason: { code: 'store_unavailable' } });
    expect(results[2]).toMatchObject({ reason: expect.any(RangeError) });
    expect(results[3]).toMatchObject({ value: [{ count: 1 }] });
    expect(await database.query(count)).toEqual([{ count: 1 }]);
  });
});

describe('frequent statements', () => {
  test('frequent statements find their rows by an index, however much is stored', async () => {
    const database = await aDatabase();
    const plans: string[] = [];
    const explained =
      (query: Query): Query =>
      async (sql, params = []) => {
        const steps = await query(`explain query plan ${sql}`, params);
        plans.push(steps.map(({ detail }) => detail).join(', '));
        return query(sql, params);
      };
    const store = createSqlStore({
      ...database,
      query: explained(database.query),
      transaction: (work) => database.transaction((query) => work(explained(query))),
    });
    const planOf = async (work: Promise<unknown>) => {
      await work;
      return plans.splice(0).join('; ');
    };
    expect(await planOf(store.claimTasks(1, 2, 3))).toMatch(/task_due \(<expr><\?\)(?!.*TEMP)/);
    expect(await planOf(store.claimDeliveries({ now: 1, leaseUntil: 2, count: 3 }))).toMatch(
      /delivery_due \(is_over=\? AND next_at<\?\)(?!.*TEMP)/,
    );
    expect(await planOf(store.settleLost(1))).toMatch(/ledger_pending \(outcome=\? AND held_until<\?\)(?!.*TEMP)/);
    expect(await planOf(store.recoverSessions('one', 1))).toContain('SCAN session USING INDEX session_open');
    expect(await planOf(store.sweep({ kind: 'tasks-done' }, 1))).toMatch(/session_swept.*task_session.*task_spoken/);
    expect(await planOf(store.sweep({ kind: 'older', than: 1 }, 1))).toMatch(/session_kept.*task_alone/);
    const lists = [store.sessions({ limit: 1, key: 'a' }), store.tasks({ limit: 1, state: 'dead', before: 'x' })];
    expect(
      await planOf(Promise.all([...lists, store.ledger({ session: 's', limit: 1 }), store.summaries('s')])),
    ).not.toMatch(/SCAN|TEMP/);
  });
});

describe('a commit', () => {
  test('a commit waits for the disk whenever one of the transactions that share it has to', async () => {
    const database = await aDatabase();
    const FULL = 2;
    const waits = (durability: Durability) =>
      database.transaction(async (query) => (await query('pragma synchronous'))[0]?.synchronous === FULL, durability);
    expect(await waits('full')).toBe(true);
    expect(await waits('relaxed')).toBe(false);
    expect(await Promise.all([waits('relaxed'), waits('full')])).toEqual([true, true]);
    expect(await Promise.all([waits('relaxed'), waits('relaxed')])).toEqual([false, false]);
    await database.query('select 1');
    expect(await waits('full')).toBe(true);
  });
});

describe('a damaged file', () => {
  async function filled() {
    const where = aPlace();
    const store = await openStore(where.place);
    await store.commitSessions(sessionsOf(Array.from({ length: 200 }, (_, index) => `s${index}`)));
    await store.close();
    return where;
  }

  test.each<[string, (path: string) => void]>([
    ['is no database', (path) => writeFileSync(path, 'not a database '.repeat(1000))],
    ['was cut off', (path) => truncateSync(path, statSync(path).size / 2)],
    [
      'has other bytes in its middle',
      (path) => {
        const bytes = readFileSync(path);
        bytes.fill(0xa5, bytes.length / 4, (bytes.length / 4) * 3);
        writeFileSync(path, bytes);
      },
    ],
  ])('a file that %s is refused with what to do, and left as it is', async (_, damage) => {
    const { place, path } = await filled();
    damage(path);
    const before = readFileSync(path);
    await expect(openStore(place)).rejects.toMatchObject({
      code: 'store_damaged',
      isTransient: false,
      message: expect.stringMatching(/trunkline\.db is damaged .*restore a copy, or move it away/),
    });
    expect(readFileSync(path).equals(before)).toBe(true);
    expect(existsSync(`${path}-wal`) && statSync(`${path}-wal`).size > 0).toBe(false);
  });
});
