// Lists the sessions that the store knows, open and ended, newest first, in pages.

import { type HttpProblem, invalidRequest, isProblem, shortened } from '../../../http/problem.ts';
import { keyFilter, type RouteHandler, sendJson } from '../handler.ts';
import { readLimit, readTime, readWord } from '../request/query.ts';
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
  const tag = readTag(query.tag);
  if (isProblem(tag)) return tag;
  const { model, endUser, before } = query;
  const filter = { key: keyFilter(request), since, until, model, state, endUser, tag, before, limit };
  const sessions = await store.sessions(filter);
  const costs = await store.sessionCosts(sessions.map(({ id }) => id));
  const next = sessions.length < limit ? null : sessions.at(-1)?.id;
  return sendJson(request, 200, { sessions: sessions.map((stored) => listedSession(stored, costs[stored.id])), next });
};

/** Reads `name:value`; a value may have colons, too. */
function readTag(text: string | undefined): readonly [name: string, value: string] | undefined | HttpProblem {
  if (text === undefined) return undefined;
  const at = text.indexOf(':');
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
  return invalidRequest(`expected name:value, got "${shortened(text)}"`, 'tag');
}
