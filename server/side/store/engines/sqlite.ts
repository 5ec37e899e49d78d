// The embedded database: one connection in one process, through node:sqlite. Acknowledged transactions have reached the disk.

import { chmodSync, closeSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { isRunning, type RunInfo, readRun } from '../../../ipc/run-file.ts';
import { StoreError } from '../contract/store.ts';
import type { Database, Query, Row } from '../database.ts';
import { GroupCommit } from './group-commit.ts';
import { awaitOwnerLock, lockOwner } from './owner-lock.ts';
import { primaryCode, SQLITE_BUSY, storeErrorOf, withStoreErrors } from './sqlite-error.ts';

interface SqliteOptions {
  /** Database file. A missing one is made, readable by its owner only. */
  readonly path: string;
  /** True for a reader, which works beside the owner and changes nothing. */
  readonly isReader?: boolean;
  /** False for an instance that works beside the one that it follows; true when not given. */
  readonly isAlone?: boolean;
}

/** Longest wait of a statement for readers and checkpoints of other processes. */
const BUSY_MS = 5000;
/** Number of prepared statements that are kept. */
const MAX_STATEMENTS = 256;
/** Length in pages (16 MiB) at which the write-ahead log is copied into the file, which waits for the disk. */
const MAX_LOG_PAGES = 4096;
/** Length to which the write-ahead log is cut back after a burst. */
const MAX_IDLE_LOG_BYTES = 16 * 1024 * 1024;
/** Largest file that is checked as a whole when it is opened, which takes 0.1 s or so; damage in a larger one shows when it is met. */
const MAX_CHECKED_BYTES = 64 * 1024 * 1024;

/** Opens the file as its owner, or as a reader. Throws a StoreError that says what to do. */
export function openSqlite({ path, isReader = false, isAlone = true }: SqliteOptions): Database {
  const lock = isReader ? undefined : isAlone ? lockFile(path) : awaitOwnerLock(lockOf(path));
  let connection: DatabaseSync;
  try {
    connection = connect(path, isReader);
  } catch (error) {
    lock?.release();
    throw storeErrorOf(error);
  }
  let mayHoldDeleted = !isReader;
  const commits = new GroupCommit(connection, {
    query: queryOn(connection),
    onCommit() {
      if (mayHoldDeleted) mayHoldDeleted = !truncateLog(connection);
    },
  });
  const transaction: Database['transaction'] = (work, durability) => commits.run(work, durability);
  return {
    kind: 'sqlite',
    skipLocked: '',
    schemaLock: undefined,
    query: (sql, params) => transaction((query) => query(sql, params)),
    transaction,
    eraseDeleted() {
      mayHoldDeleted = true;
      return transaction(async () => {});
    },
    async close() {
      await commits.close();
      lock?.release();
    },
  };
}

/** Takes the lock of the owner. Throws a StoreError that says what to do when another process has it. */
function lockFile(path: string): { release(): void } {
  const run = runningBeside(path);
  let lock: { release(): void };
  try {
    lock = lockOwner(lockOf(path));
  } catch (error) {
    if (primaryCode(error) !== SQLITE_BUSY) throw storeErrorOf(error);
    throw inUse(path, run, error);
  }
  // It waits for the lock of the one that it follows.
  const follower = runningBeside(path);
  if (follower === undefined) return lock;
  lock.release();
  throw inUse(path, follower);
}

const lockOf = (path: string): string => `${path}.lock`;

/** Returns the gateway of this data directory where another one than ours runs. */
function runningBeside(path: string): RunInfo | undefined {
  const run = readRun(dirname(path));
  return run !== undefined && run.pid !== process.ppid && isRunning(run) ? run : undefined;
}

function inUse(path: string, run: RunInfo | undefined, cause?: unknown): StoreError {
  const owner = run === undefined ? 'another process' : `the gateway that runs as process ${run.pid}`;
  const message = `the store ${path} is in use by ${owner}: stop it, or give this one a data directory of its own (--data)`;
  return new StoreError('store_unavailable', cause, message);
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
    connection.exec(`pragma wal_autocheckpoint = ${MAX_LOG_PAGES}`);
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

/** Copies the log into the file and empties it. False while a reader of another process needs the log. */
function truncateLog(connection: DatabaseSync): boolean {
  // The event loop must not wait for a reader of another process.
  connection.exec('pragma busy_timeout = 0');
  try {
    const { busy } = connection.prepare('pragma wal_checkpoint(truncate)').get() as { busy: number };
    return busy === 0;
  } catch {
    // Committed transactions stay committed on a full disk, and the next commit tries again.
    return false;
  } finally {
    connection.exec(`pragma busy_timeout = ${BUSY_MS}`);
  }
}

/** Node looks for the name of each parameter, through all that have a number: those that come in order have none. */
function positional(sql: string): string {
  const parameters = sql.match(/\$\d+/g) ?? [];
  const isInOrder = parameters.every((parameter, at) => parameter === `$${at + 1}`);
  return sql.replace(/\$(\d+)/g, isInOrder ? '?' : '?$1');
}

/** Keeps prepared statements, the least recently used of them going first. */
function queryOn(connection: DatabaseSync): Query {
  const statements = new Map<string, StatementSync>();
  function statement(sql: string): StatementSync {
    const known = statements.get(sql);
    if (known !== undefined) statements.delete(sql);
    const prepared = known ?? connection.prepare(positional(sql));
    statements.set(sql, prepared);
    const [oldest] = statements.keys();
    if (statements.size > MAX_STATEMENTS && oldest !== undefined) statements.delete(oldest);
    return prepared;
  }
  return async (sql, params = []) => withStoreErrors(() => statement(sql).all(...params)) as Row[];
}
