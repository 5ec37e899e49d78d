// The contract of the store. One SQL text runs on SQLite and on Postgres, each method is one transaction, and doing anything twice is
// doing it once. Times are milliseconds since the epoch, money is micro-USD.

import type { HandedOutId } from '../../../ipc/stored-keys.ts';
import type {
  Delivery,
  Draining,
  Feedback,
  LedgerRow,
  MeasureMoments,
  Quality,
  ReportField,
  ReportRow,
  SessionEnd,
  StoredSession,
  StoredTurn,
  Task,
  TaskState,
} from '../../../ipc/stored-rows.ts';
import type {
  BudgetAmounts,
  BudgetLeases,
  BudgetNews,
  BudgetReservation,
  BudgetWindow,
  LeasedCalls,
  SessionSlices,
  Settlement,
} from './budgets.ts';
import type { ClientSecrets } from './client-secrets.ts';
import type { KeyStore } from './keys.ts';
import type { SharedLimits } from './limits.ts';
import type { MovedSessions } from './moved-sessions.ts';
import type { ResponseStore } from './responses.ts';

/** Changes of a batch of session events. */
export interface SessionChanges {
  readonly started?: readonly StoredSession[] | undefined;
  readonly turns?: readonly StoredTurn[] | undefined;
  readonly ended?: readonly SessionEnd[] | undefined;
  readonly draining?: readonly { readonly id: string; readonly draining: Draining }[] | undefined;
  /** Realtime rows, cumulative for each session: one with a higher total replaces the one before. */
  readonly ledger?: readonly LedgerRow[] | undefined;
  /** The budgets that the cost of a realtime row counts in as it grows, by the row's id. They are charged even beyond their limit. */
  readonly charged?: Readonly<Record<string, readonly BudgetWindow[]>> | undefined;
  /** The scopes whose rate counts the tokens of a realtime row as they grow, by the row's id. */
  readonly counted?: Readonly<Record<string, readonly string[]>> | undefined;
  /** Sessions that hold no slices of budgets any longer. `isSpent`: nobody knows what became of what they held, so it counts as spent. */
  readonly slicesEnded?: readonly { readonly session: string; readonly isSpent: boolean }[] | undefined;
  /** Tasks to arm (state `queued`). A task whose id exists is left alone. */
  readonly tasks?: readonly Task[] | undefined;
  /** Sessions whose armed tasks may run from the given time on. */
  readonly released?: readonly { readonly session: string; readonly runAt: number }[] | undefined;
  /** Messages about sessions (`session.ended`). A message whose id exists is left alone, delivered or not. */
  readonly deliveries?: readonly (Delivery & { readonly session: string })[] | undefined;
  /** Ids belong to the key that got them first, until they expire. */
  readonly handedOut?: readonly HandedOutId[] | undefined;
}

/** Session with its end, where it has one. `draining`: its gateway is about to end it. */
export type SessionRow = StoredSession & Partial<SessionEnd> & { readonly draining?: Draining | undefined };

interface PageFilter {
  /** `null`: rows without a key; `undefined`: all rows. */
  readonly key?: string | null | undefined;
  readonly limit: number;
  /** Id of the last row of the previous page, newest first: lists only older rows. */
  readonly before?: string | undefined;
}

/** `since` and `until` are about the starts of sessions; `until` is excluded. */
export interface SessionFilter extends PageFilter {
  readonly since?: number | undefined;
  readonly until?: number | undefined;
  readonly model?: string | undefined;
  readonly state?: 'open' | 'closed' | undefined;
  readonly endUser?: string | undefined;
  readonly tag?: readonly [name: string, value: string] | undefined;
}

export interface TaskFilter extends PageFilter {
  readonly session?: string | undefined;
  readonly state?: TaskState | undefined;
}

export interface RequeueFilter {
  readonly state: 'dead' | 'failed';
  /** Time from which on the tasks ended so. */
  readonly since: number;
  readonly now: number;
}

export type LedgerFilter = Omit<SessionFilter, 'key' | 'model' | 'state' | 'endUser' | 'tag'> &
  Partial<Pick<LedgerRow, 'session' | 'task'>>;

export interface DeliveryClaim {
  readonly now: number;
  readonly leaseUntil: number;
  readonly count: number;
  readonly without?: readonly string[];
}

export interface TaskOutcome {
  readonly id: string;
  readonly version: number;
  readonly state: 'queued' | 'done' | 'failed' | 'dead';
  /** Time of the next try of a `queued` task. */
  readonly runAt?: number | undefined;
  /** The attempt does not count: the runner broke it off, or nobody was there to be asked. */
  readonly isReturned?: boolean | undefined;
  readonly result?: string | undefined;
  readonly error?: string | undefined;
  readonly quality?: Quality | undefined;
  readonly at: number;
  /** Messages, tasks that follow, and the score of a ledger row, written in the same transaction. */
  readonly deliveries: readonly Delivery[];
  readonly tasks?: readonly Task[] | undefined;
  readonly grade?: { readonly row: string; readonly score: number } | undefined;
}

/**
 * `tasks-done`: the text of turns and the input of tasks go where a session has ended and none of its tasks is queued or running;
 * results stay. `older`: text and results go of sessions that ended before `than`. Tasks without a session lose their input when they
 * are done (failed ones: a week later), and their result by age.
 */
export type RetentionRule = { readonly kind: 'tasks-done' } | { readonly kind: 'older'; readonly than: number };

/** Ledger rows and audit entries by their time, and tasks by that of their end. */
export interface OldRows {
  readonly of: 'ledger' | 'task' | 'audit';
  readonly than: number;
}

export interface ReportSpan {
  readonly since: number;
  readonly until: number;
  /** `null`: rows without a key; `undefined`: all rows. */
  readonly key?: string | null | undefined;
  /** Only rows with these values; '' stands for those without one. */
  readonly where?: Readonly<Partial<Record<ReportField, string>>> | undefined;
  /** So many sums at most, those of the highest cost. */
  readonly most?: number | undefined;
}

/** All methods reject with a StoreError when the database does. Lists are newest first where nothing else is said. */
export interface Store
  extends BudgetLeases,
    SessionSlices,
    SharedLimits,
    KeyStore,
    ClientSecrets,
    ResponseStore,
    MovedSessions {
  readonly kind: 'sqlite' | 'postgres';
  /**
   * Returns the ids of those that were to start and that another instance has begun a moment ago: then nothing is changed but other sessions
   * that start.
   */
  commitSessions(changes: SessionChanges): Promise<readonly string[]>;

  /** Says that an instance lives until then. */
  renewLease(owner: string, until: number): Promise<void>;
  /**
   * Ends open sessions of instances whose lease ran out (of all others where this one is alone), and releases their tasks. Those that were left wait for
   * whoever takes them.
   * Returns them, and again those whose ledger row is still pending.
   */
  recoverSessions(owner: string, now: number, isAlone?: boolean): Promise<readonly StoredSession[]>;
  /** Ends the lease of an instance that leaves: the next one recovers its open sessions at once. */
  releaseLease(owner: string): Promise<void>;

  session(id: string): Promise<SessionRow | undefined>;
  sessions(filter: SessionFilter): Promise<readonly SessionRow[]>;
  /** Sums in micro-USD of what these sessions have cost so far, with their tasks and calls; one whose cost is unknown has none. */
  sessionCosts(ids: readonly string[]): Promise<Readonly<Record<string, number>>>;
  /** Turns in their order. */
  turns(session: string): Promise<readonly StoredTurn[]>;
  /**
   * Removes text, results and waiting messages; ledger rows stay. Open tasks fail as `forgotten`, and nothing that comes later brings
   * text back. False when there is no such session.
   */
  forget(session: string, now: number): Promise<boolean>;
  /** Removes what the rule does not let stay. Returns how many sessions, and tasks without a session, it has changed. */
  sweep(rule: RetentionRule, now: number): Promise<number>;

  /**
   * Deletes rows that are older, at most 10,000 in one call: none of a call or a session that is under way, and no task that has not ended.
   * Budgets stay as they are. Returns how many.
   */
  deleteOld(rows: OldRows): Promise<number>;

  /** Adds a task. One whose id exists is left alone. */
  addTask(task: Task): Promise<void>;
  task(id: string): Promise<Task | undefined>;
  tasks(filter: TaskFilter): Promise<readonly Task[]>;
  /** Finds all rolling summaries of a session that are done and still kept, without their results, in no order. */
  summaries(session: string): Promise<readonly SummaryEntry[]>;
  /**
   * Leases due tasks (queued and due, or running with an expired lease), oldest first, and counts up `attempts` and `version`; none of
   * the classes in `without`.
   */
  claimTasks(now: number, leaseUntil: number, count: number, without?: readonly string[]): Promise<readonly Task[]>;
  /** False when the lease was lost. */
  extendTaskLease(id: string, version: number, leaseUntil: number): Promise<boolean>;
  /** Writes the outcome of a leased task. False, and nothing written, when the lease was lost. */
  settleTask(outcome: TaskOutcome): Promise<boolean>;
  /** Puts a `dead` or `failed` task back in the queue, with no attempts made. False in another state, or when its session's text is gone. */
  requeueTask(id: string, now: number): Promise<boolean>;
  /** Puts back all that ended so, as `requeueTask` does. Returns how many. */
  requeueTasks(filter: RequeueFilter): Promise<number>;

  /** Reserves the amount in every budget, or in none. The row keeps its reservation, for `HOLD_MS` from its time on. */
  reserve(budgets: readonly BudgetWindow[], amountMicroUsd: number, pending: LedgerRow): Promise<BudgetReservation>;
  /** Lets the reservations of calls that still run hold until then. */
  extendReservations(ids: readonly string[], until: number): Promise<void>;
  /**
   * Replaces pending rows, and settles the budgets in which they are reserved: all or none. After `settleLost` it corrects what that has
   * charged. A row that was never pending is added, and settles the budgets given here. `leased` are calls that
   * are stored first, with what became of those that have ended.
   */
  settle(settlements: readonly Settlement[], leased?: LeasedCalls): Promise<void>;
  /**
   * Charges pending attempts whose reservation holds no longer, since their process is gone, at that and flags them: outcome `lost`. The
   * cost is unknown where nothing was reserved. Leases that nobody holds any longer count as spent until they are returned.
   */
  settleLost(now: number): Promise<number>;
  /** Adds rows of what was refused. They count in no budget. */
  addRefusals(rows: readonly LedgerRow[]): Promise<void>;
  /** Sets quality or score of a ledger row. */
  grade(id: string, grade: { readonly quality?: Quality; readonly score?: number }): Promise<void>;
  /** The ledger row that feedback is about. */
  feedbackSubject(subject: FeedbackSubject): Promise<LedgerRow | undefined>;
  /** Keeps it, unless its id is there or the row has `most`. Returns what is kept under its id. */
  addFeedback(feedback: Feedback, most: number): Promise<Feedback | undefined>;
  /** Feedback by the ids of ledger rows, oldest first. */
  feedback(rows: readonly string[]): Promise<readonly Feedback[]>;
  ledger(filter: LedgerFilter): Promise<readonly LedgerRow[]>;
  /** Sums in the order of `by`, `until` excluded and attempts under way left out. An unknown value of a field is ''. */
  report(by: readonly ReportField[], span: ReportSpan): Promise<readonly ReportRow[]>;
  /**
   * MeasureMoments of `score`, `feedback`, `costMicroUsd`, `latencyMs` and `ok` (1 where the outcome is) by the value of the field. Rows under way, and
   * refusals, are left out.
   */
  moments(field: ReportField, values: readonly string[], span: ReportSpan): Promise<MomentsByValue>;
  budgetUse(budget: string): Promise<BudgetAmounts>;
  /** Amounts of windows by their ids; one that nothing counted in yet is left out. */
  budgetUses(ids: readonly string[]): Promise<Readonly<Record<string, BudgetAmounts>>>;
  /**
   * Writes the messages, and returns true, unless somebody has told the same of this window before, with a limit as high: on any machine, and also
   * before a restart.
   */
  tellOfBudget(news: BudgetNews): Promise<boolean>;
  /** Windows whose id begins so, those that most was spent in first. */
  budgetWindows(prefix: string, limit: number): Promise<readonly (BudgetAmounts & { readonly id: string })[]>;

  /** Keys by the digests of ids that were handed out to them; one that nobody got, or that has expired, is left out. */
  idOwners(digests: readonly string[], now: number): Promise<Readonly<Record<string, string>>>;
  /** Forgets ids that have expired. Returns how many. */
  removeExpiredIds(now: number): Promise<number>;

  /** Leases due messages, oldest first, but none for the URLs of `without`; `attempts` is what `settleDelivery` wrote last. */
  claimDeliveries(claim: DeliveryClaim): Promise<readonly Delivery[]>;
  /** `attempts`: made so far. `nextAt` undefined: delivered, or given up; the body is removed. */
  settleDelivery(id: string, attempts: number, nextAt: number | undefined): Promise<void>;

  close(): Promise<void>;
}

/** Methods that read much of the ledger at once: on SQLite beside everything else, as of the last commit. */
export type LongReads = Pick<Store, 'report' | 'moments' | 'close'>;

export type MomentsByValue = Readonly<Record<string, Readonly<Record<string, MeasureMoments>>>>;

/** `id`: of an attempt, of a response, or of a session as it is stored. */
export interface FeedbackSubject {
  readonly of: 'attempt' | 'response' | 'session';
  readonly id: string;
}

/** Fields of a rolling summary's task that tell which turns it covers. */
export type SummaryEntry = Pick<Task, 'id' | 'input' | 'runAt' | 'updatedAt'>;

/** Refusal of the database: full disk, lost connection, damaged file. `isTransient` says that the same may succeed later. */
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
