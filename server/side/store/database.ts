// Contract of the two databases under the store: one SQL text with `$1` parameters, and transactions. Everything they throw is a
// StoreError.

export type Value = string | number | null;
export type Row = Readonly<Record<string, Value>>;

/** Runs one statement; parameters are `$1`, `$2`, ... and each must occur in the text. Rows come from `select` and `returning`. */
export type Query = (sql: string, params?: readonly Value[]) => Promise<readonly Row[]>;

/** `full`: a commit waits for the disk; `relaxed`: it survives a kill, and may be lost when the power fails. */
export type Durability = 'full' | 'relaxed';

export interface Database {
  readonly kind: 'sqlite' | 'postgres';
  /** Ends a `select` of rows that are about to be claimed. No other text of a statement differs. */
  readonly skipLocked: '' | 'for update skip locked';
  /** Statement that keeps other instances from making tables until the end of a transaction; undefined where there are none. */
  readonly schemaLock: string | undefined;
  /** Runs one statement in a transaction of its own. */
  readonly query: Query;
  /**
   * Commits what `work` did, or nothing when it throws. `work` awaits nothing but its queries, and may be run again from the start
   * when the database asks for that. Durability is `full` where nothing else is said.
   */
  transaction<Result>(work: (query: Query) => Promise<Result>, durability?: Durability): Promise<Result>;
  /** Makes what was deleted by committed transactions unreadable in the files, where the files are ours. */
  eraseDeleted(): Promise<void>;
  close(): Promise<void>;
}
