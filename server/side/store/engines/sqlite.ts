// The embedded database: one connection in one process, through node:sqlite. What is acknowledged has reached the disk.

import { chmodSync, closeSync, openSync, statSync } from 'node:fs';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { StoreError } from '../contract.ts';
import type { Database, Query, Row } from '../database.ts';
import { lockOwner } from './owner-lock.ts';
import { createCommits } from './sqlite-commits.ts';
import { primaryCode, SQLITE_BUSY, storeErrorOf, withStoreErrors } from './sqlite-error.ts';

export interface SqliteOptions {
  /** The database file; it is made when it is missing, for its owner's eyes only. */
  readonly path: string;
  /** Reads beside the owner, and neither makes nor changes anything. */
  readonly isReader?: boolean;
}

/** How long a statement waits for readers and checkpoints of other processes. */
const BUSY_MS = 5000;
/** Prepared statements that are kept. */
const MAX_STATEMENTS = 256;
/** So long does the write-ahead log grow before it is copied, which waits for the disk. 16 MiB. */
const PAGES_OF_LOG = 4096;
/** The write-ahead log is cut back to this after a burst. */
const MAX_IDLE_LOG_BYTES = 16 * 1024 * 1024;
/** Files up to this size are checked as a whole when they are opened, 0.1 s or so; damage in larger ones shows when it is met. */
const MAX_CHECKED_BYTES = 64 * 1024 * 1024;

/** Opens the file as its only owner, or as a reader. Throws a StoreError that says what to do. */
export function openSqlite({ path, isReader = false }: SqliteOptions): Database {
  const lock = isReader ? undefined : own(path);
  let connection: DatabaseSync;
  try {
    connection = connect(path, isReader);
  } catch (error) {
    lock?.release();
    throw storeErrorOf(error);
  }
  const query = queryOf(connection);
  let areTracesLeft = !isReader;
  const commits = createCommits(connection, {
    query,
    onCommit() {
      if (areTracesLeft) areTracesLeft = !truncateLog(connection);
    },
  });

  const transaction: Database['transaction'] = async (work, durability) => {
    let result: { readonly value: Awaited<ReturnType<typeof work>> } | undefined;
    await commits.add(async () => {
      result = { value: await work(query) };
    }, durability);
    return (result as NonNullable<typeof result>).value;
  };
  return {
    kind: 'sqlite',
    skipLocked: '',
    schemaLock: undefined,
    query: (sql, params) => transaction((run) => run(sql, params)),
    transaction,
    erase() {
      areTracesLeft = true;
      return transaction(async () => {});
    },
    async close() {
      await commits.close();
      lock?.release();
    },
  };
}

function own(path: string): { release(): void } {
  try {
    return lockOwner(`${path}.lock`);
  } catch (error) {
    if (primaryCode(error) !== SQLITE_BUSY) throw storeErrorOf(error);
    const message = `the store ${path} is in use by another process: stop it, or give this one a data directory of its own`;
    throw new StoreError('store_unavailable', error, message);
  }
}

function connect(path: string, isReader: boolean): DatabaseSync {
  // SQLite gives its other files the mode of this one.
  if (!isReader) {
    closeSync(openSync(path, 'a', 0o600));
    chmodSync(path, 0o600);
  }
  const connection = new DatabaseSync(path, {
    readOnly: isReader,
    timeout: BUSY_MS,
    enableForeignKeyConstraints: true,
  });
  try {
    if (isReader) return connection;
    connection.exec('pragma journal_mode = wal');
    connection.exec('pragma synchronous = full');
    connection.exec('pragma secure_delete = on');
    connection.exec(`pragma wal_autocheckpoint = ${PAGES_OF_LOG}`);
    connection.exec(`pragma journal_size_limit = ${MAX_IDLE_LOG_BYTES}`);
    if (statSync(path).size <= MAX_CHECKED_BYTES) check(connection);
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

function check(connection: DatabaseSync): void {
  const found = connection.prepare('pragma quick_check(1)').get() as { quick_check: string };
  if (found.quick_check !== 'ok') throw new StoreError('store_damaged', new Error(found.quick_check));
}

/** False while a reader of another process needs the log. */
function truncateLog(connection: DatabaseSync): boolean {
  // This process has more to do than to wait for a reader.
  connection.exec('pragma busy_timeout = 0');
  try {
    const { busy } = connection.prepare('pragma wal_checkpoint(truncate)').get() as { busy: number };
    return busy === 0;
  } catch {
    // A full disk: what was committed stays committed, and this is tried again.
    return false;
  } finally {
    connection.exec(`pragma busy_timeout = ${BUSY_MS}`);
  }
}

function queryOf(connection: DatabaseSync): Query {
  const statements = new Map<string, StatementSync>();
  function statement(sql: string): StatementSync {
    const known = statements.get(sql);
    if (known !== undefined) statements.delete(sql);
    // Numbered, parameters need no names at each run.
    const prepared = known ?? connection.prepare(sql.replace(/\$(\d+)/g, '?$1'));
    statements.set(sql, prepared);
    const [oldest] = statements.keys();
    if (statements.size > MAX_STATEMENTS && oldest !== undefined) statements.delete(oldest);
    return prepared;
  }
  return async (sql, params = []) => withStoreErrors(() => statement(sql).all(...params)) as Row[];
}
