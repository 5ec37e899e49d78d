// The contract of the store. One SQL text runs on SQLite and on Postgres; each method is one transaction.

import type {
  DataClass,
  Delivery,
  LedgerRow,
  Quality,
  SessionEnd,
  StoredSession,
  StoredTurn,
  Task,
  TaskState,
} from '../../ipc/records.ts';

/** A budget that a call must fit into. `id` is deterministic: `<key>|<class>|<window>|<windowStart>`, `*` for any. */
export interface BudgetWindow {
  readonly id: string;
  readonly limitMicroUsd: number;
  /** When its window ends, ms since the epoch; undefined for one without a window. */
  readonly resetsAt: number | undefined;
}

/** All budgets took the amount, or the first one that could not. */
export type Reservation =
  | { readonly kind: 'reserved' }
  | { readonly kind: 'exceeded'; readonly budget: BudgetWindow; readonly leftMicroUsd: number };

/** What became of a row, and what it had reserved where. */
export interface Settlement {
  readonly row: LedgerRow;
  readonly budgets: readonly BudgetWindow[];
  readonly reservedMicroUsd: number;
}

export interface SessionChanges {
  readonly started: readonly StoredSession[];
  readonly turns: readonly StoredTurn[];
  readonly ended: readonly SessionEnd[];
  /** Realtime rows: cumulative for each session; a later one (higher total) replaces the one before. */
  readonly ledger: readonly LedgerRow[];
  /** By the id of a realtime row: the budgets that its cost counts in as it grows. They are charged, even beyond their limit. */
  readonly charged?: Readonly<Record<string, readonly BudgetWindow[]>> | undefined;
  /** Tasks to arm (state `queued`); one whose id exists is left alone. */
  readonly tasks: readonly Task[];
  /** Ids of armed tasks that may run from the given time on. */
  readonly released: readonly { readonly session: string; readonly runAt: number }[];
  /** Messages about sessions (`session.ended`); one whose id exists is left alone, delivered or not. */
  readonly deliveries?: readonly (Delivery & { readonly session: string })[] | undefined;
}

export interface TaskFilter {
  readonly session?: string | undefined;
  /** null: open mode's own; undefined: all keys. */
  readonly key?: string | null | undefined;
  readonly state?: TaskState | undefined;
  readonly limit: number;
  /** Only tasks that come after the one of this id in the list. */
  readonly before?: string | undefined;
}

export interface TaskOutcome {
  readonly id: string;
  readonly version: number;
  readonly state: 'queued' | 'done' | 'failed' | 'dead';
  /** For `queued`: when it is tried again. */
  readonly runAt?: number | undefined;
  /** The attempt was broken off by its runner, and does not count. */
  readonly isReturned?: boolean | undefined;
  readonly result?: string | undefined;
  readonly error?: string | undefined;
  readonly quality?: Quality | undefined;
  readonly at: number;
  /** Written with the outcome, in the same transaction: messages, tasks that follow, and the score that a ledger row gets. */
  readonly deliveries: readonly Delivery[];
  readonly tasks?: readonly Task[] | undefined;
  readonly grade?: { readonly row: string; readonly score: number } | undefined;
}

/** ms since the epoch. `key`: rows of this one only, null for those of open mode; undefined: of all. */
export interface ReportSpan {
  readonly since: number;
  readonly until: number;
  readonly key?: string | null | undefined;
}

export interface ReportRow {
  /** By the fields that were asked for, in order. */
  readonly by: readonly string[];
  readonly calls: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly costMicroUsd: number;
  /** Calls whose cost is unknown; it is not in the sum. */
  readonly unknownCosts: number;
  /** Calls that a rehearsal answered: what they cost is an estimate that nobody pays. */
  readonly rehearsals: number;
  readonly valid: number;
  readonly repaired: number;
  readonly failed: number;
  /** Mean of the scores, where there are any. */
  readonly score: number | undefined;
  readonly latencyMs: number | undefined;
}
export const REPORT_FIELDS = ['class', 'model', 'path', 'team', 'key', 'day', 'gateway', 'kind', 'outcome'] as const;
export type ReportField = (typeof REPORT_FIELDS)[number];

/** All methods reject with a StoreError when the database does. */
export interface Store {
  readonly kind: 'sqlite' | 'postgres';
  /** Commits a batch of what the gateways handed over. Handing the same things over again changes nothing. */
  commitSessions(handover: SessionChanges): Promise<void>;

  /** Says that an instance lives until then. */
  renewLease(owner: string, until: number): Promise<void>;
  /**
   * Ends open sessions of instances whose lease ran out (or, for SQLite's single owner, of all others), and releases their tasks.
   * Returns them, and again those whose row in the ledger is still pending.
   */
  recoverSessions(owner: string, now: number): Promise<readonly StoredSession[]>;
  /** On leaving: open sessions of this instance are recovered at once by whoever comes next. */
  releaseLease(owner: string): Promise<void>;

  session(id: string): Promise<(StoredSession & Partial<SessionEnd>) | undefined>;
  /** Newest first. */
  sessions(filter: {
    readonly key?: string | null | undefined;
    readonly limit: number;
    readonly before?: string | undefined;
  }): Promise<readonly (StoredSession & Partial<SessionEnd>)[]>;
  turns(session: string): Promise<readonly StoredTurn[]>;
  /**
   * Removes text, results and waiting messages; ledger rows stay. Its open tasks fail as `forgotten`, and nothing that is handed over
   * later brings text back. False when there is no such session.
   */
  forget(session: string, now: number): Promise<boolean>;
  /**
   * `tasks-done`: removes the text of turns and the input of tasks where a session has ended and none of its tasks is queued or running;
   * results stay. `older`: text and results of sessions that ended before then. Tasks without a session lose their input when they are
   * done (those that failed: a week later), and their result by age. Returns how many sessions and such tasks were swept.
   */
  sweep(
    rule: { readonly kind: 'tasks-done' } | { readonly kind: 'older'; readonly than: number },
    now: number,
  ): Promise<number>;

  /** One whose id exists is left alone. */
  addTask(task: Task): Promise<void>;
  task(id: string): Promise<Task | undefined>;
  /** Newest first. */
  tasks(filter: TaskFilter): Promise<readonly Task[]>;
  /** Leases up to `count` due tasks (queued and due, or running with an expired lease), oldest first, `attempts` and `version` counted up. */
  claimTasks(now: number, leaseUntil: number, count: number): Promise<readonly Task[]>;
  /** Prolongs a lease; false when it was lost. */
  extendTaskLease(id: string, version: number, leaseUntil: number): Promise<boolean>;
  /** Writes what became of a leased task; false (and nothing written) when the lease was lost. */
  settleTask(outcome: TaskOutcome): Promise<boolean>;
  /** Puts a `dead` or `failed` task back in the queue, with no attempts made; false in another state, or when its session's text is gone. */
  requeueTask(id: string, now: number): Promise<boolean>;

  /** Reserves the amount in every budget, or in none. The row keeps its reservation; the same row again reserves nothing more. */
  reserve(budgets: readonly BudgetWindow[], amountMicroUsd: number, pending: LedgerRow): Promise<Reservation>;
  /**
   * Replaces the pending row by what happened, and settles the budgets in which it is reserved. Twice is once, and after `settleLost` it
   * changes nothing. A row that was never pending is added, and settles the budgets given here.
   */
  settle(row: LedgerRow, budgets: readonly BudgetWindow[], reservedMicroUsd: number): Promise<void>;
  /** The same for several, all or none. */
  settleAll(settlements: readonly Settlement[]): Promise<void>;
  /**
   * Pending attempts older than that are charged at their reservation and flagged (their caller is gone): outcome `lost`. Where nothing was
   * reserved, the cost is unknown.
   */
  settleLost(before: number): Promise<number>;
  /** Sets quality or score of rows. */
  grade(id: string, grade: { readonly quality?: Quality; readonly score?: number }): Promise<void>;
  /** Newest first; `until` is excluded, `before` is the id of a row. */
  ledger(filter: {
    readonly session?: string;
    readonly task?: string;
    readonly since?: number;
    readonly until?: number;
    readonly limit: number;
    readonly before?: string;
  }): Promise<readonly LedgerRow[]>;
  /** From `since` up to, but not including, `until`, in the order of `by`; what is unknown in a field is ''. Attempts under way are left out. */
  report(by: readonly ReportField[], span: ReportSpan): Promise<readonly ReportRow[]>;
  /** What is spent and reserved of a budget. */
  budgetUse(budget: string): Promise<{ readonly spentMicroUsd: number; readonly reservedMicroUsd: number }>;

  /** Leases up to `count` that are due, oldest first, but none for the URLs of `without`; `attempts` is what `settleDelivery` wrote last. */
  claimDeliveries(
    now: number,
    leaseUntil: number,
    count: number,
    without?: readonly string[],
  ): Promise<readonly Delivery[]>;
  /** `attempts`: made so far. `nextAt` undefined: delivered, or given up; the body is removed. */
  settleDelivery(id: string, attempts: number, nextAt: number | undefined): Promise<void>;

  close(): Promise<void>;
}

/** The database refused: full disk, lost connection, damaged file. `isTransient`: the same may succeed later. */
export class StoreError extends Error {
  readonly code: 'store_full' | 'store_unavailable' | 'store_damaged';
  readonly isTransient: boolean;
  /** `message` where a person can do something about it: when the store is opened. */
  constructor(code: StoreError['code'], cause: unknown, message: string = code) {
    super(message, { cause });
    this.code = code;
    this.isTransient = code !== 'store_damaged';
  }
}

export type { DataClass };
