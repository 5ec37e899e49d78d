// GET /v1/sessions/{id}/timeline: what happened in a session, live or ended, in order, and what stands out in it.

import type { SessionRecord } from '../../../ipc/session-record.ts';
import { withCost } from '../../sessions/live-cost.ts';
import { timelineEntries } from '../../sessions/timeline.ts';
import { verdictsOn } from '../../sessions/verdicts.ts';
import { type RouteHandler, sendJson } from '../handler.ts';
import { isoTime, recordOfSession } from '../views.ts';
import { findReadableSession, MAX_ROWS, unknownSession } from './session.ts';

export const getSessionTimeline: RouteHandler = async (request, { store, prices }) => {
  const found = await findReadableSession(request, store);
  if (found === undefined) return unknownSession(request);
  const { id, stored, isOpen } = found;
  const record: Partial<SessionRecord> = recordOfSession({ stored, live: withCost(found.live, prices) });
  const [turns, tasks] = await Promise.all([store.turns(id), store.tasks({ session: id, limit: MAX_ROWS })]);
  const entries = timelineEntries({ stored, record, turns, tasks });
  const startedAt = stored === undefined ? record.startedAt : isoTime(stored.startedAt);
  return sendJson(request, 200, {
    ...{ id, state: isOpen ? 'open' : 'closed', startedAt },
    ...(stored?.endedAt !== undefined && { endedAt: isoTime(stored.endedAt) }),
    residenceUs: record.residenceUs,
    costMicroUsd: record.costMicroUsd,
    verdicts: verdictsOn(entries, record),
    entries: entries.map((entry) => ({
      ...entry,
      at: isoTime(entry.at),
      ...('endedAt' in entry && { endedAt: isoTime(entry.endedAt) }),
    })),
  });
};
