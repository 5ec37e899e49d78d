// What the gateway processes handed over becomes rows: sessions, turns, ledger, tasks. One batch after the other, each committed as a
// whole before it is acknowledged; the same batch twice changes nothing.

import type { Logger } from 'pino';
import type { SideConfig } from '../../config/side-schema.ts';
import type { SessionEnd, StoredSession } from '../../ipc/records.ts';
import type { SessionEnded, SessionEvent, SessionStarted, TurnFinished } from '../../ipc/session-event.ts';
import { faultOf } from '../../platform/log.ts';
import { budgetsFor } from '../billing/budget.ts';
import type { Prices } from '../billing/prices.ts';
import { outcomeOf, realtimeRow, type SessionUse } from '../billing/realtime-row.ts';
import { type BudgetWindow, type SessionChanges, type Store, StoreError } from '../store/contract.ts';
import { sessionDeliveries } from '../tasks/events.ts';
import { planStart, planTurn } from '../tasks/plan.ts';
import { idForRows, latestWithId } from './reused-id.ts';

export interface IngestOptions {
  readonly config: SideConfig;
  readonly store: Store;
  readonly prices: Pick<Prices, 'estimate'>;
  /** The instance whose gateways hand over. */
  readonly owner: string;
  readonly log: Logger;
  /** Something was committed that may be worked on. */
  readonly onCommitted?: (items: readonly SessionEvent[]) => void;
}

export interface Ingest {
  /** Resolves when everything is committed; rejects with a StoreError. */
  commit(items: readonly SessionEvent[]): Promise<void>;
  /** Sessions that the store has ended since their instance was gone. */
  recovered(sessions: readonly StoredSession[]): Promise<void>;
}

/** Sessions that are remembered, by the id that they came with; of others the store is asked. */
const REMEMBERED = 20_000;

type Lists = Omit<Required<SessionChanges>, 'charged'>;
/** A Handover that grows. */
type Rows = { readonly [Name in keyof Lists]: NonNullable<Lists[Name]>[number][] } & {
  readonly charged: Record<string, BudgetWindow[]>;
};

export function createIngest({ config, store, prices, owner, log, onCommitted }: IngestOptions): Ingest {
  const remembered = new Map<string, StoredSession>();
  let queue: Promise<unknown> = Promise.resolve();

  async function sessionOf(id: string): Promise<StoredSession | undefined> {
    const known = remembered.get(id) ?? (await latestWithId(id, store.session));
    if (known !== undefined) remember(id, known);
    return known;
  }

  function remember(id: string, session: StoredSession): void {
    remembered.set(id, session);
    const [oldest] = remembered.keys();
    if (remembered.size > REMEMBERED && oldest !== undefined) remembered.delete(oldest);
  }

  async function add(item: SessionEvent, rows: Rows): Promise<void> {
    if (item.kind === 'started') return start(item, rows);
    const session = await sessionOf(item.kind === 'turn' ? item.session : item.id);
    // Its start was lost, or never committed: there is nothing that the rest could belong to.
    if (session === undefined)
      return log.warn({ id: 'id' in item ? item.id : item.session, kind: item.kind }, 'unknown session');
    if (item.kind === 'turn') return turn(session, item, rows);
    if (item.kind === 'ended') return end(session, item, rows);
    const { id } = session;
    await breakOff(session, { id, endedAt: item.endedAt, reason: 'gateway-lost', record: undefined }, rows);
  }

  async function start({ kind: _, ...started }: SessionStarted, rows: Rows): Promise<void> {
    const session = { ...started, id: idForRows(started, await sessionOf(started.id)), owner };
    remember(started.id, session);
    rows.started.push(session);
    rows.tasks.push(...planStart(session, config));
    spend(session, { at: session.startedAt, usage: {}, model: undefined, outcome: 'pending' }, rows);
  }

  function turn(
    session: StoredSession,
    { kind: _, usage, usageByModel, model, ...spoken }: TurnFinished,
    rows: Rows,
  ): void {
    rows.turns.push({ ...spoken, session: session.id });
    rows.tasks.push(...planTurn(session, spoken.number, config));
    spend(session, { at: spoken.endedAt, usage, usageByModel, model, outcome: 'pending' }, rows);
  }

  function end(session: StoredSession, { endedAt, record }: SessionEnded, rows: Rows): void {
    const { id } = session;
    const reason = record.reason ?? 'unknown';
    finish(session, { id, endedAt, reason, record: JSON.stringify(record) }, rows);
    const { usage, usageByModel, model } = record;
    spend(session, { at: endedAt, usage, usageByModel, model, outcome: outcomeOf(reason) }, rows);
  }

  /** A session that could not say itself how it ended: what it had used is in the ledger already. */
  async function breakOff(session: StoredSession, ended: SessionEnd, rows: Rows): Promise<void> {
    const [stored, ledger] = [await store.session(session.id), await store.ledger({ session: session.id, limit: 100 })];
    // The end that it gave itself counts.
    if (stored?.endedAt !== undefined && stored.reason !== ended.reason) return;
    finish(session, ended, rows);
    const row = ledger.find(({ kind }) => kind === 'realtime');
    if (row !== undefined) rows.ledger.push({ ...row, at: Math.max(row.at, ended.endedAt), outcome: ended.reason });
  }

  function finish(session: StoredSession, ended: SessionEnd, rows: Rows): void {
    rows.ended.push(ended);
    rows.released.push({ session: ended.id, runAt: ended.endedAt });
    rows.deliveries.push(...sessionDeliveries({ ...session, ...ended }, config));
  }

  function spend(session: StoredSession, use: SessionUse, rows: Rows): void {
    rows.ledger.push(realtimeRow(session, use, prices));
    // A rehearsal costs nobody anything; what it would have cost is for the report.
    rows.charged[session.id] = session.isRehearsal ? [] : budgetsFor(config.budgets, session, use.at);
  }

  /** Batches are committed one after the other, so that what comes later finds what came before. */
  function inTurn(work: () => Promise<void>): Promise<void> {
    const done = queue.then(work);
    queue = done.catch(() => {});
    return done;
  }

  async function commit(items: readonly SessionEvent[]): Promise<void> {
    const rows = noRows();
    for (const item of items) {
      // What cannot be understood never will be: sent again and again, it would hold up all others.
      await add(item, rows).catch((error: unknown) => {
        if (error instanceof StoreError) throw error;
        log.error({ kind: item.kind, ...faultOf(error) }, 'item lost: it cannot be stored');
      });
    }
    await store.commitSessions(rows);
    onCommitted?.(items);
  }

  return {
    commit: (items) => inTurn(() => commit(items)),
    recovered: (sessions) =>
      inTurn(async () => {
        const rows = noRows();
        for (const { id } of sessions) {
          const ended = await store.session(id);
          if (ended?.endedAt === undefined || ended.reason === undefined) continue;
          await breakOff(ended, { id, endedAt: ended.endedAt, reason: ended.reason, record: ended.record }, rows);
        }
        await store.commitSessions(rows);
      }),
  };
}

function noRows(): Rows {
  return { started: [], turns: [], ended: [], ledger: [], charged: {}, tasks: [], released: [], deliveries: [] };
}
