// A store in memory for tests of its users. Its rows are lists that a test fills and reads.

import type {
  LedgerRow,
  ReportRow,
  SessionEnd,
  StoredSession,
  StoredTurn,
  Task,
} from '../../server/ipc/stored-rows.ts';
import type { Store } from '../../server/side/store/contract/store.ts';
import { aTask } from './side-records.ts';

type Session = StoredSession & Partial<SessionEnd>;

export interface FakeStore extends Store {
  readonly rows: {
    sessions: Session[];
    turns: StoredTurn[];
    tasks: Task[];
    ledger: LedgerRow[];
    report: ReportRow[];
  };
  /** Counts look-ups of sessions. */
  readonly looks: { sessions: number };
  /** Every method rejects with it while it is set. */
  fault: Error | undefined;
}

export function createFakeStore(): FakeStore {
  const rows: FakeStore['rows'] = { sessions: [], turns: [], tasks: [], ledger: [], report: [] };
  const looks = { sessions: 0 };
  const unused = (): never => {
    throw new Error('not part of this fake');
  };
  const check = (): void => {
    if (fake.fault !== undefined) throw fake.fault;
  };
  const newestFirst = <Row extends { id: string }>(list: readonly Row[], { limit, before }: Page): Row[] =>
    list
      .filter(({ id }) => before === undefined || id < before)
      .sort((a, b) => (a.id < b.id ? 1 : -1))
      .slice(0, limit);
  const fake = {
    kind: 'sqlite',
    rows,
    looks,
    fault: undefined,
    leaveSession: unused,
    movedSession: async () => undefined,
    takeMoved: unused,
    dropMoved: unused,
    removeExpiredMoved: unused,
    async session(id) {
      check();
      looks.sessions += 1;
      return rows.sessions.find((one) => one.id === id);
    },
    async turns(session) {
      check();
      return rows.turns.filter((turn) => turn.session === session);
    },
    async forget(session) {
      check();
      rows.turns = rows.turns.filter((turn) => turn.session !== session);
      rows.tasks = rows.tasks.map((task) => (task.session === session ? { ...task, result: undefined } : task));
      return rows.sessions.some(({ id }) => id === session);
    },
    async addTask(task) {
      check();
      rows.tasks.push(task);
    },
    async task(id) {
      check();
      return rows.tasks.find((task) => task.id === id);
    },
    async tasks({ session, key, state, ...page }) {
      check();
      const isWanted = (task: Task) =>
        (session === undefined || task.session === session) &&
        (key === undefined || (task.key ?? null) === key) &&
        (state === undefined || task.state === state);
      return newestFirst(rows.tasks.filter(isWanted), page);
    },
    async summaries(session) {
      check();
      const isKept = (task: Task) => task.state === 'done' && task.result !== undefined;
      return rows.tasks.filter((task) => task.session === session && task.kind === 'rolling-summary' && isKept(task));
    },
    async requeueTask(id, now) {
      check();
      const at = rows.tasks.findIndex((task) => task.id === id && (task.state === 'dead' || task.state === 'failed'));
      const task = rows.tasks[at];
      if (task !== undefined) rows.tasks[at] = { ...task, state: 'queued', runAt: now, updatedAt: now };
      return task !== undefined;
    },
    async requeueTasks({ state, since, now }) {
      check();
      const isWanted = (task: Task) => task.state === state && task.updatedAt >= since;
      const count = rows.tasks.filter(isWanted).length;
      rows.tasks = rows.tasks.map((task) => (isWanted(task) ? { ...task, state: 'queued', updatedAt: now } : task));
      return count;
    },
    async ledger({ session, since = 0, until = Number.POSITIVE_INFINITY, ...page }) {
      check();
      const isWanted = (row: LedgerRow) =>
        (session === undefined || row.session === session) && row.at >= since && row.at < until;
      return newestFirst(rows.ledger.filter(isWanted), page);
    },
    /** The first of a row's fields is its key. */
    async report(_by, { key }) {
      check();
      if (key === undefined) return rows.report;
      return rows.report.filter(({ by }) => by[0] === (key ?? '')).map((row) => ({ ...row, by: row.by.slice(1) }));
    },
    close: async () => {},
    commitSessions: unused,
    renewLease: unused,
    recoverSessions: unused,
    releaseLease: unused,
    sessions: unused,
    sessionCosts: unused,
    sweep: unused,
    deleteOld: unused,
    claimTasks: unused,
    extendTaskLease: unused,
    settleTask: unused,
    reserve: unused,
    settle: unused,
    extendReservations: unused,
    settleLost: unused,
    addRefusals: unused,
    moments: unused,
    feedbackSubject: unused,
    addFeedback: unused,
    feedback: async () => [],
    grade: unused,
    takeLease: unused,
    takeSlice: unused,
    holdSlices: unused,
    holdLeases: unused,
    returnLease: unused,
    recoverLeases: unused,
    takeLimits: unused,
    correctRate: unused,
    givePlaces: unused,
    replacePlaces: unused,
    removeOldLimits: unused,
    budgetUse: unused,
    budgetUses: unused,
    budgetWindows: unused,
    tellOfBudget: unused,
    idOwners: unused,
    removeExpiredIds: unused,
    claimDeliveries: unused,
    settleDelivery: unused,
    addSecret: unused,
    secret: unused,
    useSecret: unused,
    returnSecret: unused,
    removeExpiredSecrets: unused,
    key: unused,
    keys: unused,
    keysWithBudgets: unused,
    addKey: unused,
    replaceKey: unused,
    keyChanges: unused,
    addAudit: unused,
    audit: unused,
    writeResponses: unused,
    response: unused,
    responseChain: unused,
    responseTexts: unused,
    responseNotes: unused,
    itemResponses: unused,
    responsesOfChat: unused,
    logParts: unused,
    responseMarks: unused,
    markResponse: unused,
    deleteResponse: unused,
    lostResponses: unused,
    endLost: unused,
    sweepResponses: unused,
  } as FakeStore;
  return fake;
}

interface Page {
  readonly limit: number;
  readonly before?: string | undefined;
}

export const storedSession = (more: Partial<Session> & { id: string }): Session => ({
  key: undefined,
  team: undefined,
  provider: 'openai',
  route: '/v1/realtime',
  dialect: 'openai-realtime',
  model: 'gpt-realtime-2.1',
  promptClass: 'voice',
  dataClass: 'open',
  isRehearsal: false,
  owner: 'here',
  startedAt: 1_000,
  ...more,
});

export const storedTask = (more: Partial<Task> & { id: string }): Task =>
  aTask(more.id, {
    ...{ key: undefined, team: undefined },
    ...{ runAt: 1_000, dueAt: 1_000, createdAt: 1_000, updatedAt: 1_000 },
    ...more,
  });

export const ledgerRow = (more: Partial<LedgerRow> & { id: string }): LedgerRow => ({
  at: 1_000,
  kind: 'task',
  path: 'routed',
  session: undefined,
  task: undefined,
  key: undefined,
  team: undefined,
  promptClass: 'commodity',
  dataClass: 'open',
  gateway: 'router',
  asked: 'some/model',
  tried: [],
  served: 'some/model',
  provider: undefined,
  usage: { inputTokens: 10, outputTokens: 5 },
  reportedMicroUsd: 12,
  estimatedMicroUsd: 11,
  costMicroUsd: 12,
  costSource: 'reported',
  isFlagged: false,
  flags: [],
  latencyMs: 20,
  firstTokenMs: undefined,
  outcome: 'ok',
  quality: 'valid',
  score: undefined,
  isRehearsal: false,
  ...more,
});
