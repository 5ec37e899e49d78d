// Statements that sessions and calls send to the store, and what they add up to in a second. `test/server/side/store/statements.test.ts` counts
// them at the drivers of both databases.

export interface StatementCount {
  readonly statements: number;
  readonly commits: number;
}

/** One event in a batch of its own, and as many as a batch has. */
interface EventCount {
  readonly alone: StatementCount;
  readonly batch: StatementCount;
}

const count = (statements: number, commits = 1): StatementCount => ({ statements, commits });

/** Events of a full batch, as `server/gateway/side/outbox.ts` sends it. */
export const BATCH_EVENTS = 64;

/** Counts of a session whose key has a budget, and of calls in a class with one. */
export const STATEMENTS = {
  events: {
    started: { alone: count(3, 2), batch: count(68, 65) },
    turn: { alone: count(7), batch: count(13) },
    ended: { alone: count(6), batch: count(198) },
    handedOut: { alone: count(1), batch: count(2) },
  },
  session: {
    placeTaken: count(3),
    placeGiven: count(1),
    sliceTaken: count(4),
    slicesHeld: count(1),
    turnWithSlice: count(8),
    endWithSlice: count(7),
    secretRead: count(1),
    secretUsed: count(1),
  },
  calls: {
    reservedAndLeased: count(6, 2),
    settled: count(2),
    leasedAlone: count(3),
    leasedBatch: count(4),
  },
  looks: { keysRead: count(1), budgetsRead: count(1), tasksClaimed: count(1), leaseRenewed: count(4, 2) },
} as const;

/** Postgres is sent a `begin` and a `commit` for each transaction. */
const sentOf = ({ statements, commits }: StatementCount): number => statements + 2 * commits;

/** Looks of an instance into its store: keys and budgets each second, tasks twice, its lease every ten. */
const idleOfInstance = (): number => {
  const { keysRead, budgetsRead, tasksClaimed, leaseRenewed } = STATEMENTS.looks;
  return sentOf(keysRead) + sentOf(budgetsRead) + 2 * sentOf(tasksClaimed) + sentOf(leaseRenewed) / 10;
};

/** Events of one gateway process in a second. */
interface EventRates {
  readonly started: number;
  readonly turn: number;
  readonly ended: number;
}

interface StoreLoad {
  /** Events of a second of one gateway process. */
  readonly rates: EventRates;
  readonly processes: number;
  readonly instances: number;
  /** Batches of one process in a second, while they are not full. */
  readonly batches: number;
  /** The keys have `maxSessions`: each session takes a place in the store. */
  readonly hasPlaces: boolean;
}

/** Statements a second, of all processes. A batch pays once for each kind of event that it holds. */
export function sentInSecond({ rates, processes, instances, batches, hasPlaces }: StoreLoad): number {
  const all = rates.started + rates.turn + rates.ended;
  // A batch begins with an event, and takes what comes until it is sent.
  const most = Math.max(batches, all / BATCH_EVENTS);
  const batchesWith = (rate: number): number => most * (1 - Math.exp(-rate / most));
  let sent = 2 * batchesWith(all);
  for (const kind of ['started', 'turn', 'ended'] as const) {
    const { once, each } = partsOf(STATEMENTS.events[kind]);
    sent += batchesWith(rates[kind]) * once + rates[kind] * each;
  }
  const { placeTaken, placeGiven } = STATEMENTS.session;
  if (hasPlaces) sent += rates.started * sentOf(placeTaken) + rates.ended * sentOf(placeGiven);
  return sent * processes + instances * idleOfInstance();
}

/** Splits the cost of a kind: once in a batch, without the commit, and for each event. */
function partsOf({ alone, batch }: EventCount) {
  const each = (sentOf(batch) - sentOf(alone)) / (BATCH_EVENTS - 1);
  return { once: sentOf(alone) - 2 - each, each };
}
