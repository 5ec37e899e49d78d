// Turns session events of the gateway processes into rows: sessions, turns, ledger, tasks. Batches are committed one after the other, each
// as a whole before it is acknowledged; the same batch twice changes nothing.

import type { Logger } from 'pino';
import { decodeMsgpack } from '../../../codecs/msgpack.ts';
import type { SideConfig } from '../../config/side-schema.ts';
import type {
  SessionDraining,
  SessionEnded,
  SessionEvent,
  SessionStarted,
  TurnFinished,
} from '../../ipc/session-event.ts';
import type { SessionEnd, StoredSession } from '../../ipc/stored-rows.ts';
import { faultOf } from '../../platform/log.ts';
import { type CloseName, ledgerOutcome } from '../../session/close-reason.ts';
import { budgetsFor } from '../billing/budgets/budget.ts';
import type { OwnBudgets } from '../billing/budgets/own-budgets.ts';
import type { Prices } from '../billing/prices.ts';
import { realtimeRow, type SessionUse } from '../billing/realtime-row.ts';
import { sessionTrace } from '../llm/attempt/trace-id.ts';
import { type SessionChanges, type Store, StoreError } from '../store/contract/store.ts';
import { drainingDeliveries, sessionDeliveries } from '../tasks/events.ts';
import { planStart, planTurn } from '../tasks/plan.ts';
import { idForRows, latestWanted, latestWithId, offeredId } from './reused-id.ts';

interface IngestOptions {
  readonly config: SideConfig;
  readonly store: Store;
  readonly prices: Pick<Prices, 'estimateSum'>;
  /** The instance whose gateway processes send the events. */
  readonly owner: string;
  readonly log: Logger;
  /** Budgets of keys and teams, besides `budgets`. */
  readonly ownBudgets: Pick<OwnBudgets, 'of'>;
  /** Called after each commit: there may be tasks to run and messages to send. */
  readonly onCommitted?: (events: readonly SessionEvent[]) => void;
  /** Called with the sessions whose ends are committed. */
  readonly onEnded?: (ended: readonly SessionEnd[]) => void;
}

/** Number of sessions that are kept in memory; the store is asked for others. */
const MAX_REMEMBERED = 20_000;

export class Ingest {
  readonly #options: IngestOptions;
  /** Sessions by the id that they came with; the id of their rows may differ. */
  readonly #sessions = new Map<string, StoredSession>();
  #queue: Promise<unknown> = Promise.resolve();

  constructor(options: IngestOptions) {
    this.#options = options;
  }

  /** Resolves when the whole batch is committed; rejects with a StoreError. */
  commit(events: readonly SessionEvent[]): Promise<void> {
    return this.#inOrder(async () => {
      for (let taken = await this.#commit(events); taken.length > 0; taken = await this.#commit(events))
        for (const id of taken) this.#sessions.delete(offeredId(id));
      this.#options.onCommitted?.(events);
    });
  }

  /** Commits a list of events as MessagePack. One that cannot be read is dropped: it never will be, and sent again and again it would hold up all others. */
  async commitBatch(batch: Uint8Array): Promise<void> {
    let events: readonly SessionEvent[];
    try {
      events = decodeMsgpack(batch) as readonly SessionEvent[];
    } catch (error) {
      this.#options.log.error({ bytes: batch.length, ...faultOf(error) }, 'batch lost: it cannot be read');
      return;
    }
    if (events.length > 0) await this.commit(events);
  }

  /** Resolves with the id of the row of a session of this instance, behind all that came before. */
  rowOf(id: string): Promise<string | undefined> {
    return this.#inOrder(async () => (await this.#find(id))?.id);
  }

  /** Writes the ledger rows and the messages of sessions that the store ended because their instance was gone. */
  finishRecovered(sessions: readonly StoredSession[]): Promise<void> {
    return this.#inOrder(async () => {
      const { store } = this.#options;
      const changes: SessionChanges[] = [];
      for (const { id } of sessions) {
        const session = await store.session(id);
        if (session?.endedAt === undefined || session.reason === undefined) continue;
        const { endedAt, reason, record } = session;
        changes.push(await this.#endWithoutRecord(session, { id, endedAt, reason, record }));
      }
      await this.#write(merged(changes));
    });
  }

  /** Starts the work after the batch before it, so that later events find the sessions of earlier ones. */
  #inOrder<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = this.#queue.then(work);
    this.#queue = done.catch(() => {});
    return done;
  }

  /** Returns the ids that sessions of another machine have got since they were looked for: the next time others are found for those that start. */
  async #commit(events: readonly SessionEvent[]): Promise<readonly string[]> {
    const changes: SessionChanges[] = [];
    for (const event of events) changes.push(await this.#readableChanges(event));
    return this.#write(merged(changes));
  }

  async #write(changes: SessionChanges): Promise<readonly string[]> {
    const { store, onEnded } = this.#options;
    const taken = await store.commitSessions(changes);
    if (taken.length === 0 && changes.ended?.length) onEnded?.(changes.ended);
    return taken;
  }

  /** Leaves out an event that cannot be understood: it never will be, and sent again and again it would hold up all others. */
  async #readableChanges(event: SessionEvent): Promise<SessionChanges> {
    try {
      return await this.#changes(event);
    } catch (error) {
      if (error instanceof StoreError) throw error;
      this.#options.log.error({ kind: event.kind, ...faultOf(error) }, 'item lost: it cannot be stored');
      return {};
    }
  }

  async #changes(event: SessionEvent): Promise<SessionChanges> {
    if (event.kind === 'started') return this.#start(event);
    if (event.kind === 'handed-out') return { handedOut: event.ids };
    const id = event.kind === 'turn' ? event.session : event.id;
    const session = await this.#find(id);
    if (session === undefined) {
      // The start was lost, or never committed: there is nothing that the rest could belong to.
      this.#options.log.warn({ id, kind: event.kind }, 'unknown session');
      return {};
    }
    switch (event.kind) {
      case 'turn':
        return this.#addTurn(session, event);
      case 'draining':
        return this.#drain(session, event);
      case 'ended':
        return this.#end(session, event);
      case 'lost': {
        const reason: CloseName = 'gateway-lost';
        const end = { id: session.id, endedAt: event.endedAt, reason, record: undefined };
        return this.#endWithoutRecord(session, end);
      }
    }
  }

  /** Finds a session of this machine: another one may have had the same id since then. */
  async #find(id: string): Promise<StoredSession | undefined> {
    const { store, owner } = this.#options;
    const isOwn = (session: StoredSession) => session.owner === owner;
    const session = this.#sessions.get(id) ?? (await latestWanted(id, store.session, isOwn));
    if (session !== undefined) this.#remember(id, session);
    return session;
  }

  #remember(id: string, session: StoredSession): void {
    this.#sessions.set(id, session);
    const [oldest] = this.#sessions.keys();
    if (this.#sessions.size > MAX_REMEMBERED && oldest !== undefined) this.#sessions.delete(oldest);
  }

  async #start({ kind: _, isTextless, ...started }: SessionStarted): Promise<SessionChanges> {
    const { config, store, owner } = this.#options;
    const latest = this.#sessions.get(started.id) ?? (await latestWithId(started.id, store.session));
    const session = { ...started, id: idForRows({ ...started, owner }, latest), owner };
    this.#remember(started.id, session);
    return {
      started: [session],
      tasks: isTextless ? [] : planStart(session, config),
      ...(await this.#used(session, { at: session.startedAt, usage: {}, model: undefined, outcome: 'pending' })),
    };
  }

  async #addTurn(
    session: StoredSession,
    { kind: _, usage, usageByModel, isBeyondBound, model, countedIn, ...turn }: TurnFinished,
  ): Promise<SessionChanges> {
    // A side that said nothing has an empty text where texts are kept.
    const isTextless = turn.user === undefined && turn.assistant === undefined;
    return {
      turns: [{ ...turn, session: session.id }],
      tasks: isTextless ? [] : planTurn(session, turn.number, this.#options.config),
      ...(await this.#used(session, {
        at: turn.endedAt,
        usage,
        usageByModel,
        isBeyondBound,
        model,
        outcome: 'pending',
      })),
      ...counts(session, countedIn),
    };
  }

  #drain(session: StoredSession, { from, until }: SessionDraining): SessionChanges {
    return {
      draining: [{ id: session.id, draining: { from, until } }],
      deliveries: drainingDeliveries(session, { from, until }, this.#options.config),
    };
  }

  async #end(session: StoredSession, { endedAt, record, countedIn }: SessionEnded): Promise<SessionChanges> {
    const { usage, usageByModel, isBeyondBound, model } = record;
    const reason = record.reason ?? 'unknown';
    const outcome = ledgerOutcome(reason);
    const used = await this.#used(session, { at: endedAt, usage, usageByModel, isBeyondBound, model, outcome });
    // Only sessions with a limit of money have counted it themselves.
    const { costMicroUsd = used.ledger[0].costMicroUsd } = record;
    const stored = JSON.stringify({ ...record, costMicroUsd });
    return {
      ...this.#ended(session, { id: session.id, endedAt, reason, record: stored }),
      ...used,
      ...counts(session, countedIn),
    };
  }

  /** Ends a session that could not say itself how it ended. What it had used is in the ledger already. */
  async #endWithoutRecord(session: StoredSession, end: SessionEnd): Promise<SessionChanges> {
    const { store } = this.#options;
    const [stored, rows] = [await store.session(session.id), await store.ledger({ session: session.id, limit: 100 })];
    // The end that a session gave itself counts.
    if (stored?.endedAt !== undefined && stored.reason !== end.reason) return {};
    const row = rows.find(({ kind }) => kind === 'realtime');
    return {
      ...this.#ended(session, end),
      ledger: row && [{ ...row, at: Math.max(row.at, end.endedAt), outcome: end.reason }],
    };
  }

  #ended(session: StoredSession, end: SessionEnd): SessionChanges {
    return {
      ended: [end],
      released: [{ session: end.id, runAt: end.endedAt }],
      // A session may have used what it had leased and never reported.
      slicesEnded: [{ session: end.id, isSpent: end.record === undefined }],
      deliveries: sessionDeliveries(session, end, this.#options.config),
    };
  }

  /** Charges no budget for a rehearsal: it costs nobody anything, and what it would have cost is for the report. */
  async #used(session: StoredSession, use: SessionUse) {
    const { config, prices, ownBudgets } = this.#options;
    const all = session.isRehearsal ? [] : [...config.budgets, ...(await ownBudgets.of(session))];
    const row = realtimeRow(session, use, prices);
    const { telemetry } = config;
    return {
      ledger: [telemetry ? { ...row, trace: sessionTrace(session, telemetry.sample).traceId } : row] as const,
      charged: { [session.id]: budgetsFor(all, { ...session, path: 'direct' }, use.at) },
    };
  }
}

const counts = ({ id }: StoredSession, countedIn: readonly string[] | undefined): SessionChanges =>
  countedIn === undefined ? {} : { counted: { [id]: countedIn } };

function merged(changes: readonly SessionChanges[]): SessionChanges {
  return {
    started: changes.flatMap(({ started = [] }) => started),
    turns: changes.flatMap(({ turns = [] }) => turns),
    ended: changes.flatMap(({ ended = [] }) => ended),
    draining: changes.flatMap(({ draining = [] }) => draining),
    ledger: changes.flatMap(({ ledger = [] }) => ledger),
    charged: Object.assign({}, ...changes.map(({ charged }) => charged)),
    counted: Object.assign({}, ...changes.map(({ counted }) => counted)),
    tasks: changes.flatMap(({ tasks = [] }) => tasks),
    released: changes.flatMap(({ released = [] }) => released),
    slicesEnded: changes.flatMap(({ slicesEnded = [] }) => slicesEnded),
    deliveries: changes.flatMap(({ deliveries = [] }) => deliveries),
    handedOut: changes.flatMap(({ handedOut = [] }) => handedOut),
  };
}
