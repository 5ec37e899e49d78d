// Lists the sessions that the store knows, open and ended, newest first, in pages.

import { isProblem } from '../../../http/problem.ts';
import { keyFilter, type RouteHandler, sendJson } from '../handler.ts';
import { readLimit, readTime, readWord } from '../query.ts';
import { listedSession } from '../views.ts';

const MAX_SESSIONS = 1000;

export const getSessions: RouteHandler = async (request, { store }) => {
  const { query } = request;
  const state = readWord(query, 'state', ['open', 'closed']);
  if (isProblem(state)) return state;
  const since = readTime(query, 'since', 0);
  if (isProblem(since)) return since;
  const until = readTime(query, 'until', Number.MAX_SAFE_INTEGER);
  if (isProblem(until)) return until;
  const limit = readLimit(query, MAX_SESSIONS);
  if (isProblem(limit)) return limit;
  const { model, before } = query;
  const sessions = await store.sessions({ key: keyFilter(request), since, until, model, state, before, limit });
  const next = sessions.length < limit ? null : sessions.at(-1)?.id;
  return sendJson(request, 200, { sessions: sessions.map(listedSession), next });
};
