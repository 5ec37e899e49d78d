// Postgres, for several machines: a bounded pool. The next request replaces a lost connection; conflicting transactions are tried again.

import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { StoreError } from '../contract/store.ts';
import type { Database, Query, Row } from '../database.ts';

export interface PostgresOptions {
  readonly url: string;
  /** Number of connections of this process. */
  readonly connections?: number;
  /** Time after which the server ends a statement. */
  readonly statementMs?: number;
  /** Longest wait for a connection, new or of the pool. */
  readonly connectMs?: number;
  /** Number of tries of a transaction that meets others (SQLSTATE 40001, 40P01). */
  readonly tries?: number;
  readonly isReader?: boolean;
}

/** Silence beyond the server's own limit, after which a connection is dead. */
const SILENCE_MS = 5000;
const LONGEST_PAUSE_MS = 50;
const CONFLICTS = ['40001', '40P01'];
const FULL = '53100';
const DAMAGED = ['XX001', 'XX002'];
const INT8 = 20;

/** Reads int8 as a number, in this pool only: all of ours are below 2^53. */
const types = {
  getTypeParser: ((oid: number, format?: 'text') =>
    oid === INT8 ? Number : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
};

export function openPostgres(options: PostgresOptions): Database {
  const { url, connections = 10, statementMs = 30_000, connectMs = 10_000, tries = 8, isReader = false } = options;
  const pool = new pg.Pool({
    connectionString: url,
    application_name: 'trunkline',
    max: connections,
    connectionTimeoutMillis: connectMs,
    query_timeout: statementMs + SILENCE_MS,
    keepAlive: true,
    types,
  });
  // Settings last for one transaction: PgBouncer refuses them at the start, and gives each transaction to another connection.
  const begin = `begin${isReader ? ' read only' : ''}; set local statement_timeout = ${statementMs};
    set local idle_in_transaction_session_timeout = ${statementMs + SILENCE_MS}`;
  // The pool replaces an idle connection that breaks; without a listener its error would end the process.
  pool.on('error', () => {});

  const transaction: Database['transaction'] = async (work) => {
    for (let tried = 1; ; tried++) {
      try {
        return await runOnce(pool, begin, work);
      } catch (error) {
        if (!isConflict(error) || tried >= tries) throw error;
        await pause(Math.random() * Math.min(LONGEST_PAUSE_MS, 2 ** tried));
      }
    }
  };
  return {
    kind: 'postgres',
    skipLocked: 'for update skip locked',
    schemaLock: "select pg_advisory_xact_lock(hashtext('trunkline.schema'))",
    query: (sql, params) => transaction((query) => query(sql, params)),
    transaction,
    eraseDeleted: async () => {},
    close: async () => {
      if (!pool.ending) await pool.end();
    },
  };
}

async function runOnce<Result>(pool: pg.Pool, begin: string, work: (query: Query) => Promise<Result>): Promise<Result> {
  const client = await pool.connect().catch((error: unknown) => {
    throw storeErrorFrom(error);
  });
  let lost: Error | undefined;
  // Errors between two statements have no other listener.
  const lose = (error: Error) => {
    lost = error;
  };
  client.on('error', lose);
  const query: Query = async (sql, params = []) => {
    try {
      return (await client.query<Row>(sql, [...params])).rows;
    } catch (error) {
      if (!isFromServer(error)) lost = error as Error;
      throw storeErrorFrom(error);
    }
  };
  try {
    await query(begin);
    const result = await work(query);
    await query('commit');
    return result;
  } catch (error) {
    if (lost === undefined) await query('rollback').catch(lose);
    throw error;
  } finally {
    client.off('error', lose);
    client.release(lost);
  }
}

const isFromServer = (error: unknown): error is pg.DatabaseError => error instanceof pg.DatabaseError;

const isConflict = (error: unknown) =>
  error instanceof StoreError && isFromServer(error.cause) && CONFLICTS.includes(error.cause.code ?? '');

function storeErrorFrom(error: unknown): StoreError {
  const code = isFromServer(error) ? (error.code ?? '') : '';
  if (code === FULL) return new StoreError('store_full', error);
  return new StoreError(DAMAGED.includes(code) ? 'store_damaged' : 'store_unavailable', error);
}
