// Group commit on SQLite's one connection: transactions run one after the other, and those that wait share a commit, and with it one
// wait for the disk. A transaction that fails beside others fails alone.

import type { DatabaseSync } from 'node:sqlite';
import { StoreError } from '../contract/store.ts';
import type { Durability, Query } from '../database.ts';
import { withStoreErrors } from './sqlite-error.ts';

/** Transactions that share one commit. */
const MAX_GROUP = 256;

interface Job {
  readonly work: (query: Query) => Promise<unknown>;
  readonly durability: Durability;
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

interface GroupCommitOptions {
  readonly query: Query;
  /** Called after each commit and outside of a transaction, before the results are handed out. */
  readonly onCommit: () => void;
}

export class GroupCommit {
  readonly #connection: DatabaseSync;
  readonly #options: GroupCommitOptions;
  readonly #waiting: Job[] = [];
  #running: Promise<void> | undefined;
  #isClosed = false;
  /** The mode that the connection was opened with. */
  #synchronous: 'full' | 'normal' = 'full';
  readonly #begin: () => void;
  readonly #commit: () => void;
  readonly #save: () => void;
  readonly #release: () => void;

  constructor(connection: DatabaseSync, options: GroupCommitOptions) {
    this.#connection = connection;
    this.#options = options;
    const prepared = (sql: string) => {
      const statement = connection.prepare(sql);
      return () => void withStoreErrors(() => statement.run());
    };
    // A transaction that reads before it writes would fail where another process has written in between; a reader's takes no lock.
    this.#begin = prepared('begin immediate');
    this.#commit = prepared('commit');
    this.#save = prepared('savepoint job');
    this.#release = prepared('release job');
  }

  /** Resolves when the work is committed, with `full` durability on the disk; rejects with nothing of it done. */
  run<Result>(work: (query: Query) => Promise<Result>, durability: Durability = 'full'): Promise<Result> {
    if (this.#isClosed) return Promise.reject(new StoreError('store_unavailable', new Error('closed')));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ work, durability, resolve: resolve as Job['resolve'], reject });
      this.#running ??= this.#runAll();
    });
  }

  /** Waits for the transactions that were begun, and closes the connection. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#running;
    this.#connection.close();
  }

  async #runAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      await this.#gather();
      await this.#runGroup(this.#waiting.splice(0, MAX_GROUP));
    }
    this.#running = undefined;
  }

  /** Lets requests that came together, such as the messages of one turn of the loop, get into the same commit. */
  #gather(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }

  async #runGroup(group: readonly Job[]): Promise<void> {
    const handOuts: (() => void)[] = [];
    try {
      this.#setSynchronous(group.some(({ durability }) => durability === 'full') ? 'full' : 'normal');
      this.#begin();
      for (const [index, job] of group.entries()) {
        const fault = await this.#runJob(job, group.length > 1, handOuts);
        if (this.#connection.isTransaction) continue;
        // The whole transaction has ended, on a full disk or because this was its only job; those behind begin again.
        this.#waiting.unshift(...group.slice(index + 1));
        throw fault;
      }
      this.#commit();
    } catch (error) {
      if (this.#connection.isTransaction) this.#execute('rollback');
      const startAgain = new Set(this.#waiting);
      for (const job of group) if (!startAgain.has(job)) job.reject(error);
      return;
    }
    this.#options.onCommit();
    for (const handOut of handOuts) handOut();
  }

  /** Gives a job among others a savepoint, so that it can fail alone. Returns what it failed with. */
  async #runJob({ work, resolve, reject }: Job, hasOthers: boolean, handOuts: (() => void)[]): Promise<unknown> {
    try {
      if (hasOthers) this.#save();
      const result = await work(this.#options.query);
      if (hasOthers) this.#release();
      handOuts.push(() => resolve(result));
      return undefined;
    } catch (error) {
      reject(error);
      if (this.#connection.isTransaction) this.#execute(hasOthers ? 'rollback to job; release job' : 'rollback');
      return error;
    }
  }

  /** Chooses whether the next commit waits for the disk. A durable commit also makes earlier relaxed commits durable. */
  #setSynchronous(mode: 'full' | 'normal'): void {
    if (mode !== this.#synchronous) this.#execute(`pragma synchronous = ${mode}`);
    this.#synchronous = mode;
  }

  #execute(sql: string): void {
    withStoreErrors(() => this.#connection.exec(sql));
  }
}
