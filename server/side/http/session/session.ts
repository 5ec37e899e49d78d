// GET and DELETE of a session: what is kept of it, and forgetting its texts and results. Ledger rows stay.

import type { HttpProblem } from '../../../http/problem.ts';
import type { SessionEnd, StoredSession } from '../../../ipc/records.ts';
import type { Store } from '../../store/contract.ts';
import { canRead, ownerLabel, type RoutedRequest, sendJson } from '../handler.ts';
import { ledgerView, sessionView, taskView, turnView } from '../views.ts';

/** A session has few; the rest is listed by /v1/tasks. */
const MAX_ROWS = 1000;

export interface FoundSession {
  readonly id: string;
  /** undefined: it has not been handed over yet. */
  readonly stored: (StoredSession & Partial<SessionEnd>) | undefined;
  readonly live: object | undefined;
  readonly isOpen: boolean;
}

/** The session of the path, when it exists for the requester. */
export async function findReadableSession(request: RoutedRequest, store: Store): Promise<FoundSession | undefined> {
  const id = (request.parameters.id ?? '').toLowerCase();
  const stored = await store.session(id);
  if (stored !== undefined && !canRead(request, stored.key)) return undefined;
  // A gateway process gives a record only to the key that it belongs to.
  const { live } = request;
  if (stored === undefined && live === undefined) return undefined;
  const isOpen = live === undefined ? stored?.endedAt === undefined : 'state' in live && live.state !== 'closed';
  return { id, stored, live, isOpen };
}

export const unknownSession = (request: RoutedRequest): HttpProblem => ({
  status: 404,
  code: 'unknown_session',
  message: `no session${ownerLabel(request)} has this id`,
});

export async function showSession(
  request: RoutedRequest,
  { store }: { readonly store: Store },
): Promise<HttpProblem | undefined> {
  const found = await findReadableSession(request, store);
  if (found === undefined) return unknownSession(request);
  const { id, stored, live } = found;
  const [turns, tasks, ledger] = await Promise.all([
    store.turns(id),
    store.tasks({ session: id, limit: MAX_ROWS }),
    store.ledger({ session: id, limit: MAX_ROWS }),
  ]);
  return sendJson(request, 200, {
    ...sessionView(stored, live),
    turns: turns.map(turnView),
    tasks: tasks.map(taskView),
    ledger: ledger.map(ledgerView),
  });
}

export async function forgetSession(
  request: RoutedRequest,
  { store }: { readonly store: Store },
): Promise<HttpProblem | undefined> {
  const found = await findReadableSession(request, store);
  if (found === undefined) return unknownSession(request);
  if (found.isOpen) {
    return { status: 409, code: 'session_open', message: 'this session lives: end it first, then delete it' };
  }
  // It has ended a moment ago and is on its way into the store.
  if (!(await store.forget(found.id, Date.now()))) {
    return { status: 409, code: 'session_open', message: 'this session is not stored yet', retryAfterS: 1 };
  }
  request.emit({ status: 204, headers: { 'cache-control': 'no-store' }, body: Buffer.alloc(0) });
  return undefined;
}
