// Transactions on SQLite's one connection, one after the other. Those that wait share a commit, and with it one wait for the disk.

import type { DatabaseSync } from 'node:sqlite';
import { StoreError } from '../contract.ts';
import type { Durability, Query } from '../database.ts';
import { withStoreErrors } from './sqlite-error.ts';

/** Transactions that share one commit. */
const MAX_TOGETHER = 256;

type Work = (query: Query) => Promise<void>;

interface Job {
  readonly work: Work;
  readonly mayBeLostWithPower: boolean;
  resolve(): void;
  reject(error: unknown): void;
}

interface Commits {
  /** Resolves when what `work` did is on the disk, if it has to be; rejects with nothing of it done. */
  add(work: Work, durability?: Durability): Promise<void>;
  /** Waits for what was added, and closes the connection. */
  close(): Promise<void>;
}

interface CommitsOptions {
  readonly query: Query;
  /** Runs outside of a transaction, before those who wait are told. */
  onCommit(): void;
}

export function createCommits(connection: DatabaseSync, { query, onCommit }: CommitsOptions): Commits {
  const waiting: Job[] = [];
  let running: Promise<void> | undefined;
  let isClosed = false;
  let hasRunInThisTurn = false;
  /** As the connection was opened. */
  let isWaiting = true;
  const exec = (sql: string) => withStoreErrors(() => connection.exec(sql));
  const [begin, commit, save, release] = ['begin', 'commit', 'savepoint job', 'release job'].map((sql) => {
    const statement = connection.prepare(sql);
    return () => void withStoreErrors(() => statement.run());
  }) as [() => void, () => void, () => void, () => void];

  /** Beside others it gets a savepoint, so that it can fail alone. Returns what it failed with. */
  async function runAlone({ work, reject }: Job, hasOthers: boolean): Promise<unknown> {
    try {
      if (hasOthers) save();
      await work(query);
      if (hasOthers) release();
      return undefined;
    } catch (error) {
      reject(error);
      if (connection.isTransaction) exec(hasOthers ? 'rollback to job; release job' : 'rollback');
      return error ?? new Error('thrown without a value');
    }
  }

  /** Whether a commit waits for the disk; the log is written in order, so that the next one that waits takes along those that did not. */
  function setWaiting(isWanted: boolean): void {
    if (isWanted !== isWaiting) exec(`pragma synchronous = ${isWanted ? 'full' : 'normal'}`);
    isWaiting = isWanted;
  }

  async function runTogether(group: readonly Job[]): Promise<void> {
    const done: Job[] = [];
    try {
      setWaiting(!group.every((job) => job.mayBeLostWithPower));
      begin();
      for (const [index, job] of group.entries()) {
        const fault = await runAlone(job, group.length > 1);
        if (fault === undefined) done.push(job);
        if (connection.isTransaction) continue;
        // The whole transaction has ended, on a full disk or for want of others; those behind begin again.
        waiting.unshift(...group.slice(index + 1));
        throw fault;
      }
      commit();
    } catch (error) {
      if (connection.isTransaction) exec('rollback');
      const isAgain = new Set(waiting);
      for (const job of group) if (!isAgain.has(job)) job.reject(error);
      return;
    }
    onCommit();
    for (const job of done) job.resolve();
  }

  /** Whoever else asks for the same reason, such as messages that came together, gets into the same commit. */
  async function gather(): Promise<void> {
    await new Promise<void>((resolve) => (hasRunInThisTurn ? setImmediate : process.nextTick)(resolve));
    hasRunInThisTurn = true;
    setImmediate(() => {
      hasRunInThisTurn = false;
    });
  }

  /** One commit in a turn of the loop: who asks again and again must not keep it from turning. */
  async function runAll(): Promise<void> {
    while (waiting.length > 0) {
      await gather();
      await runTogether(waiting.splice(0, MAX_TOGETHER));
    }
    running = undefined;
  }

  return {
    add(work, { mayBeLostWithPower = false } = {}) {
      if (isClosed) return Promise.reject(new StoreError('store_unavailable', new Error('closed')));
      return new Promise((resolve, reject) => {
        waiting.push({ work, mayBeLostWithPower, resolve, reject });
        running ??= runAll();
      });
    },
    async close() {
      if (isClosed) return;
      isClosed = true;
      await running;
      connection.close();
    },
  };
}
