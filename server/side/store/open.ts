// Opens the store that the configuration names, and puts its statements together.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type LongReads, type Store, StoreError } from './contract/store.ts';
import type { Database } from './database.ts';
import { createTables, requireTables } from './schema.ts';
import { budgetUse, budgetUses, budgetWindows, reserve, tellOfBudget } from './statements/budgets.ts';
import { claimDeliveries, settleDelivery } from './statements/deliveries.ts';
import { idOwners, removeExpiredIds } from './statements/id-owners.ts';
import { deleteOld } from './statements/keep/old-rows.ts';
import { forget, sweep } from './statements/keep/retention.ts';
import { insertAudit, selectAudit } from './statements/keys/audit.ts';
import {
  addSecret,
  removeExpiredSecrets,
  returnSecret,
  selectSecret,
  useSecret,
} from './statements/keys/client-secrets.ts';
import {
  addKey,
  keyChanges,
  replaceKey,
  selectKey,
  selectKeys,
  selectKeysWithBudgets,
} from './statements/keys/keys.ts';
import { holdLeases, returnLease, takeLease } from './statements/leases/leases.ts';
import { holdSlices, takeSlice } from './statements/leases/slices.ts';
import {
  addRefusals,
  extendReservations,
  grade,
  recoverLeases,
  selectLedger,
  selectSessionCosts,
  settle,
  settleLost,
} from './statements/ledger.ts';
import { givePlaces, removeOldLimits, replacePlaces } from './statements/limits/places.ts';
import { correctRate, takeLimits } from './statements/limits/take-limits.ts';
import { report, selectMoments } from './statements/report.ts';
import { addFeedback, forgetComments, selectFeedback, selectSubject } from './statements/sessions/feedback.ts';
import {
  dropMoved,
  leaveSession,
  movedSession,
  removeExpiredMoved,
  takeMoved,
} from './statements/sessions/moved-sessions.ts';
import {
  endLost,
  markResponse,
  removeResponse,
  selectItemResponses,
  selectLogParts,
  selectLostResponses,
  selectResponse,
  selectResponseChain,
  selectResponseMarks,
  selectResponseNotes,
  selectResponsesOfChat,
  selectResponseTexts,
  sweepResponses,
  writeResponses,
} from './statements/sessions/responses.ts';
import { commitSessions } from './statements/sessions/session-events.ts';
import {
  recoverSessions,
  releaseLease,
  renewLease,
  selectSession,
  selectSessions,
  selectTurns,
} from './statements/sessions/sessions.ts';
import {
  claimTasks,
  extendTaskLease,
  insertTask,
  requeueTask,
  requeueTasks,
  selectSummaries,
  selectTask,
  selectTasks,
  settleTask,
} from './statements/tasks.ts';

export interface StoreLocation {
  /** `sqlite`, or a URL of Postgres. */
  readonly url: string;
  /** Folder of SQLite's file, `trunkline.db`. */
  readonly dataDirectory: string;
  /** False for an instance that works beside the one of this machine that it follows; true when not given. */
  readonly isAlone?: boolean | undefined;
}

/** Rejects with a StoreError that says what is wrong: damaged, written by a newer version, owned by another process, not reached. */
export async function openStore(location: StoreLocation): Promise<Store> {
  const { url, dataDirectory, isAlone } = location;
  if (url !== 'sqlite') return opened(location, { isReader: false }, storeIn);
  const { startSqliteThread } = await import('./engines/sqlite-thread.ts');
  return startSqliteThread({ dataDirectory, isAlone });
}

/** Opens the SQLite store of this folder in the thread that calls it. */
export const openSqliteStore = (dataDirectory: string, isAlone?: boolean): Promise<Store> =>
  opened({ url: 'sqlite', dataDirectory, isAlone }, { isReader: false }, storeIn);

/** Opens what takes long to read of the SQLite store of this folder, in the thread that calls it: beside the owner, who has made its tables. */
export const openLongReads = async (dataDirectory: string): Promise<LongReads> =>
  longReadsIn(await openReader({ url: 'sqlite', dataDirectory }));

async function storeIn(database: Database): Promise<Store> {
  await createTables(database);
  // Text that was deleted just before the last end may still be in SQLite's log.
  await database.eraseDeleted();
  return createSqlStore(database);
}

/** Opens the database for exports: reads beside the owner, and changes nothing. */
export const openReader = (location: StoreLocation): Promise<Database> =>
  opened(location, { isReader: true }, async (database) => {
    await requireTables(database);
    return database;
  });

interface Access {
  readonly isReader: boolean;
}

async function opened<Result>(
  location: StoreLocation,
  access: Access,
  prepare: (database: Database) => Promise<Result>,
): Promise<Result> {
  let database: Database | undefined;
  try {
    database = await openDatabase(location, access);
    return await prepare(database);
  } catch (error) {
    await database?.close();
    throw error instanceof StoreError && error.message === error.code ? explained(error, location) : error;
  }
}

function explained({ code, cause }: StoreError, { url, dataDirectory }: StoreLocation): StoreError {
  const name = url === 'sqlite' ? fileIn(dataDirectory) : withoutCredential(url);
  const reason = cause instanceof Error ? cause.message || (cause as NodeJS.ErrnoException).code : String(cause);
  const message = {
    store_damaged: `the store ${name} is damaged (${reason}): restore a copy, or move it away to begin a new one`,
    store_full: `the store ${name} cannot be opened: its disk is full`,
    store_unavailable: `the store ${name} cannot be opened: ${reason}`,
  }[code];
  return new StoreError(code, cause, message);
}

function withoutCredential(url: string): string {
  if (!URL.canParse(url)) return 'in Postgres';
  const { protocol, host, pathname } = new URL(url);
  // A password with a slash in it is a part of the path.
  if (pathname.includes('@')) return 'in Postgres';
  return `${protocol}//${host}${pathname}`;
}

const fileIn = (dataDirectory: string): string => join(dataDirectory, 'trunkline.db');

/** Loads only the engine that is used. */
async function openDatabase(
  { url, dataDirectory, isAlone = true }: StoreLocation,
  { isReader }: Access,
): Promise<Database> {
  if (url !== 'sqlite') {
    const { openPostgres } = await import('./engines/postgres.ts');
    return openPostgres({ url, isReader, ...(isReader ? { connections: 1 } : {}) });
  }
  const { openSqlite } = await import('./engines/sqlite.ts');
  if (!isReader) mkdirSync(dataDirectory, { recursive: true, mode: 0o700 });
  return openSqlite({ path: fileIn(dataDirectory), isReader, isAlone });
}

export function createSqlStore(database: Database): Store {
  const { kind, query, skipLocked } = database;
  return {
    kind,
    commitSessions: (changes) => database.transaction((run) => commitSessions(run, changes)),
    renewLease: (owner, until) => renewLease(query, owner, until),
    recoverSessions: (owner, now, isAlone = false) => recoverSessions(database, { owner, now, isAlone }),
    releaseLease: (owner) => releaseLease(query, owner),
    leaveSession: (left) => leaveSession(database, left),
    movedSession: (...asked) => movedSession(query, ...asked),
    takeMoved: (...taken) => takeMoved(database, ...taken),
    dropMoved: (id) => dropMoved(query, id),
    removeExpiredMoved: (now) => removeExpiredMoved(query, now),
    session: (id) => selectSession(query, id),
    sessions: (filter) => selectSessions(query, filter),
    sessionCosts: (ids) => selectSessionCosts(query, ids),
    turns: (session) => selectTurns(query, session),
    forget: (session, now) => forget(database, session, now),
    sweep: (rule, now) => sweep(database, rule, now),
    deleteOld: (rows) => deleteOld(database, rows),
    addTask: (task) => insertTask(query, task),
    task: (id) => selectTask(query, id),
    tasks: (filter) => selectTasks(query, filter),
    summaries: (session) => selectSummaries(query, session),
    claimTasks: (now, leaseUntil, count, without = []) =>
      claimTasks(query, { now, leaseUntil, count, without, skipLocked }),
    extendTaskLease: (id, version, leaseUntil) => extendTaskLease(query, { id, version, leaseUntil }),
    settleTask: (outcome) => database.transaction((run) => settleTask(run, outcome)),
    requeueTask: (id, now) => requeueTask(query, id, now),
    requeueTasks: (filter) => requeueTasks(database, filter),
    reserve: (budgets, amountMicroUsd, pending) => reserve(database, { budgets, amountMicroUsd, pending }),
    settle: (settlements, leased) => database.transaction((run) => settle(run, settlements, leased)),
    takeLease: (wish) => takeLease(database, wish),
    holdLeases: (held) => holdLeases(database, held),
    returnLease: (holder, amounts) => returnLease(database, holder, amounts),
    recoverLeases: (gone) => database.transaction((run) => recoverLeases(run, gone)),
    takeSlice: (wish) => takeSlice(database, wish),
    holdSlices: (held) => holdSlices(database, held),
    takeLimits: (wish) => takeLimits(database, wish),
    correctRate: (correction) => correctRate(database, correction),
    givePlaces: (owner, ids) => givePlaces(database, owner, ids),
    replacePlaces: (owner, places, asOf) => replacePlaces(database, { owner, places, asOf }),
    removeOldLimits: (than) => removeOldLimits(database, than),
    extendReservations: (ids, until) => extendReservations(query, ids, until),
    settleLost: (now) => settleLost(database, now),
    addRefusals: (rows) => addRefusals(query, rows),
    grade: (id, values) => grade(query, id, values),
    feedbackSubject: (subject) => selectSubject(query, subject),
    addFeedback: (feedback, most) => addFeedback(query, feedback, most),
    feedback: (rows) => selectFeedback(query, rows),
    ledger: (filter) => selectLedger(query, filter),
    budgetUse: (budget) => budgetUse(query, budget),
    budgetUses: (ids) => budgetUses(query, ids),
    tellOfBudget: (news) => database.transaction((run) => tellOfBudget(run, news)),
    budgetWindows: (prefix, limit) => budgetWindows(query, prefix, limit),
    idOwners: (digests, now) => idOwners(query, digests, now),
    removeExpiredIds: (now) => removeExpiredIds(database, now),
    key: (asked) => selectKey(query, asked),
    keys: (page) => selectKeys(query, page),
    keysWithBudgets: (limit) => selectKeysWithBudgets(query, limit),
    addKey: (key, entry) => addKey(database, key, entry),
    replaceKey: (key, entry) => replaceKey(database, key, entry),
    keyChanges: (since) => keyChanges(query, since),
    addAudit: (entry) => insertAudit(query, entry),
    audit: (filter) => selectAudit(query, filter),
    addSecret: (...added) => addSecret(database, ...added),
    secret: (digest) => database.transaction((run) => selectSecret(run, digest), 'relaxed'),
    useSecret: (digest, now) => useSecret(database, digest, now),
    returnSecret: (digest) => returnSecret(query, digest),
    removeExpiredSecrets: (now) => removeExpiredSecrets(database, now),
    writeResponses: (changes) => writeResponses(database, changes),
    response: (id) => selectResponse(query, id),
    responseChain: (id, most) => selectResponseChain(query, id, most),
    responseTexts: (ids) => selectResponseTexts(query, ids),
    responseNotes: (ids) => selectResponseNotes(query, ids),
    itemResponses: (items) => selectItemResponses(query, items),
    responsesOfChat: (...of) => selectResponsesOfChat(query, ...of),
    logParts: (...asked) => selectLogParts(query, ...asked),
    responseMarks: (holder) => selectResponseMarks(query, holder),
    markResponse: (...marked) => markResponse(query, ...marked),
    deleteResponse: (id, now) => removeResponse(database, id, now),
    lostResponses: (now, id) => selectLostResponses(query, now, id),
    endLost: (...lost) => endLost(database, ...lost),
    async sweepResponses(before) {
      await forgetComments(query, before.keptBefore);
      return sweepResponses(database, before);
    },
    claimDeliveries: (claim) => claimDeliveries(query, { ...claim, skipLocked }),
    settleDelivery: (id, attempts, nextAt) => settleDelivery(query, { id, attempts, nextAt }),
    ...longReadsIn(database),
  };
}

const longReadsIn = ({ query, close }: Database): LongReads => ({
  report: (by, span) => report(query, by, span),
  moments: (field, values, span) => selectMoments(query, { field, values, span }),
  close,
});
