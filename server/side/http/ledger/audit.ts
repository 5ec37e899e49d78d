// The audit log over HTTP, and the entries that requests make in it.

import { isProblem } from '../../../http/problem.ts';
import type { SideRequest } from '../../../ipc/side-request.ts';
import { newId } from '../../../platform/uuid-v7.ts';
import type { AuditEntry } from '../../store/contract/keys.ts';
import { type RouteHandler, sendJson } from '../handler.ts';
import { readLimit, readTime } from '../request/query.ts';
import { isoTime } from '../views.ts';

const MAX_ENTRIES = 1000;

export const getAudit: RouteHandler = async (request, { store }) => {
  const { query } = request;
  const since = readTime(query, 'since', 0);
  if (isProblem(since)) return since;
  const until = readTime(query, 'until', Number.MAX_SAFE_INTEGER);
  if (isProblem(until)) return until;
  const limit = readLimit(query, MAX_ENTRIES);
  if (isProblem(limit)) return limit;
  const { action, subject, before } = query;
  const entries = await store.audit({ since, until, action, subject, before, limit });
  const next = entries.length < limit ? null : entries.at(-1)?.id;
  return sendJson(request, 200, { entries: entries.map((entry) => ({ ...entry, at: isoTime(entry.at) })), next });
};

/** Makes the entry of what a request does: its requester and its address stand in it. `subject`: kind and id, such as `key:web`. */
export function auditEntry(
  { requester, address }: Pick<SideRequest, 'requester' | 'address'>,
  what: Pick<AuditEntry, 'action' | 'subject'> & Partial<Pick<AuditEntry, 'details'>>,
): AuditEntry {
  const actor = requester.scope === 'admin' ? 'admin' : `key:${requester.key ?? ''}`;
  return { id: newId(), at: Date.now(), actor, source: address, ...what };
}
