// GET and DELETE of a session: shows what is kept of it, and deletes its texts and results. Ledger rows stay. And what a client needs that comes back.

import type { TelemetryConfig } from '../../../config/side/telemetry-schema.ts';
import type { HttpProblem } from '../../../http/problem.ts';
import type { SessionRecord } from '../../../ipc/session-record.ts';
import type { SessionEnd, StoredSession } from '../../../ipc/stored-rows.ts';
import { sessionTrace } from '../../llm/attempt/trace-id.ts';
import { withCost } from '../../sessions/live-cost.ts';
import { wantedWithId } from '../../sessions/reused-id.ts';
import type { Store } from '../../store/contract/store.ts';
import { canReadSession, ownerLabel, type RoutedRequest, type RouteHandler, sendJson } from '../handler.ts';
import { feedbackView, isoTime, ledgerView, sessionView, taskView, turnView } from '../views.ts';

/** Limit of the rows in one answer; `/v1/tasks` lists the rest. */
export const MAX_ROWS = 1000;

export interface FoundSession {
  readonly id: string;
  /** Undefined until the session has arrived in the store. */
  readonly stored: (StoredSession & Partial<SessionEnd>) | undefined;
  readonly live: object | undefined;
  readonly isOpen: boolean;
}

/** Finds the session of the path, if it exists for the requester. */
export async function findReadableSession(request: RoutedRequest, store: Store): Promise<FoundSession | undefined> {
  const id = (request.parameters.id ?? '').toLowerCase();
  // Gateway processes give a live record only to the key that it belongs to.
  const { live } = request;
  const liveKey = live !== undefined && 'key' in live ? [live.key] : [];
  const stored = await wantedWithId(
    id,
    store.session,
    (session) => canReadSession(request, session) && liveKey.every((other) => other === session.key),
  );
  if (stored === undefined && live === undefined) return undefined;
  const isOpen = live === undefined ? stored?.endedAt === undefined : 'state' in live && live.state !== 'closed';
  return { id: stored?.id ?? id, stored, live, isOpen };
}

export const unknownSession = (request: RoutedRequest): HttpProblem => ({
  status: 404,
  code: 'unknown_session',
  message: `no session${ownerLabel(request)} has this id`,
});

export const getSession: RouteHandler = async (request, { store, prices, config }) => {
  const found = await findReadableSession(request, store);
  if (found === undefined) return unknownSession(request);
  const { id, stored, live } = found;
  // The bill is for the owner of the key: its rows name LLM gateways and the sources of prices.
  const isBilled = request.requester.secret === undefined;
  const [turns, tasks, ledger] = await Promise.all([
    store.turns(id),
    store.tasks({ session: id, limit: MAX_ROWS }),
    isBilled ? store.ledger({ session: id, limit: MAX_ROWS }) : undefined,
  ]);
  const feedback = ledger && (await store.feedback([...new Set([id, ...ledger.map((row) => row.id)])]));
  return sendJson(request, 200, {
    ...sessionView(stored, withCost(live, prices)),
    trace: traceOf(stored, config.telemetry),
    turns: turns.map(turnView),
    tasks: tasks.map(taskView),
    ledger: ledger?.map(ledgerView),
    feedback: feedback?.map(feedbackView),
  });
};

/** Returns the id of the trace of a session; undefined where none is exported. */
function traceOf(stored: FoundSession['stored'], telemetry: TelemetryConfig | undefined): string | undefined {
  if (stored === undefined || telemetry === undefined) return undefined;
  const { traceId, isSampled } = sessionTrace(stored, telemetry.sample);
  return isSampled ? traceId : undefined;
}

export const deleteSession: RouteHandler = async (request, { store }) => {
  const found = await findReadableSession(request, store);
  if (found === undefined) return unknownSession(request);
  if (found.isOpen) {
    return { status: 409, code: 'session_open', message: 'this session lives: end it first, then delete it' };
  }
  // The store does not know a session that ended a moment ago.
  if (!(await store.forget(found.id, Date.now()))) {
    return { status: 409, code: 'session_open', message: 'this session is not stored yet', retryAfterS: 1 };
  }
  request.emit({ status: 204, headers: { 'cache-control': 'no-store' }, body: Buffer.alloc(0) });
  return undefined;
};

/** GET /v1/sessions/{id}/resume: tells a client that comes back which of its messages were taken, so that it knows which to send again. */
export const getSessionResume: RouteHandler = async (request, { store }) => {
  const found = await findReadableSession(request, store);
  const { resume: live }: Partial<SessionRecord> = { ...found?.live };
  const resume = live ?? (found?.stored && (await store.movedSession(found.id, undefined, Date.now())));
  if (resume === undefined) return unknownSession(request);
  const { received, sent, expiresAt } = resume;
  return sendJson(request, 200, { received, sent, expiresAt: expiresAt === undefined ? null : isoTime(expiresAt) });
};
