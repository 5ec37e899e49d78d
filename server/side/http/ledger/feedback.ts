// POST /v1/feedback: what the app thinks of an answer or a session of its key, as a score with a label and a comment. It is kept with the ledger
// row of what it is about.

import { setTimeout as delay } from 'node:timers/promises';
import type { JsonObject } from '../../../../codecs/json/object.ts';
import { type HttpProblem, invalidRequest, isProblem, shortened } from '../../../http/problem.ts';
import type { Feedback, LedgerRow } from '../../../ipc/stored-rows.ts';
import { newId } from '../../../platform/uuid-v7.ts';
import { canReadResponse } from '../../runs/conversation/history.ts';
import { wantedWithId } from '../../sessions/reused-id.ts';
import type { FeedbackSubject, Store } from '../../store/contract/store.ts';
import { canRead, canReadSession, ownerLabel, type RoutedRequest, type RouteHandler, sendJson } from '../handler.ts';
import { parseBody } from '../request/json-body.ts';
import { feedbackView } from '../views.ts';

const SUBJECTS = ['attempt', 'response', 'session'] as const;
const FIELDS: readonly string[] = [...SUBJECTS, 'score', 'label', 'comment', 'id'];
const MAX_CHARS = { attempt: 200, response: 200, session: 200, id: 200, label: 100, comment: 4000 } as const;
/** Feedbacks that one row keeps. */
const MAX_OF_ROW = 100;
/** Rows are written behind the answer: one that is not there yet may be a moment later. */
const LOOKS = 5;
const LOOK_MS = 100;

type Given = Pick<Feedback, 'score' | 'label' | 'comment'> & { readonly subject: FeedbackSubject; readonly id: string };

export const postFeedback: RouteHandler = async (request, { store, config }) => {
  const parsed = parseBody(request.body);
  if (isProblem(parsed)) return parsed;
  const given = readFeedback(parsed.body);
  if (isProblem(given)) return given;
  const { subject, id, score, label, comment } = given;
  const row = await subjectOf(request, subject, store);
  if (row === undefined) return unknownSubject(request, subject);
  const transcripts = request.requester.settings?.transcripts ?? config.transcripts;
  const isKept = transcripts !== 'off' && row.dataClass !== 'regulated';
  const { key, team, endUser, promptClass } = row;
  const feedback: Feedback = {
    ...{
      id: `${row.id}.${id}`,
      at: Date.now(),
      ledgerRow: row.id,
      score,
      label,
      comment: isKept ? comment : undefined,
    },
    ...{ key, team, endUser, promptClass },
  };
  const stored = await store.addFeedback(feedback, MAX_OF_ROW);
  if (stored === undefined)
    return invalidRequest(`this ${subject.of} has ${MAX_OF_ROW} feedbacks, which is as many as are kept`);
  return sendJson(request, 200, { ...feedbackView(stored), isCommentKept: stored.comment !== undefined });
};

function readFeedback(body: JsonObject): Given | HttpProblem {
  const unknown = Object.keys(body).find((name) => !FIELDS.includes(name));
  if (unknown !== undefined)
    return invalidRequest(`expected ${FIELDS.join(', ')}, got "${shortened(unknown)}"`, unknown);
  const named = SUBJECTS.filter((name) => body[name] !== undefined);
  const [of] = named;
  if (of === undefined || named.length > 1)
    return invalidRequest(`expected one of ${SUBJECTS.join(', ')}: the id of what it is about`);
  const { score } = body;
  if (typeof score !== 'number' || !(score >= 0 && score <= 1))
    return invalidRequest('expected a number from 0 to 1', 'score');
  for (const [name, most] of Object.entries(MAX_CHARS)) {
    const value = body[name];
    if (value === undefined) continue;
    if (typeof value !== 'string' || value === '' || value.length > most)
      return invalidRequest(`expected a text of 1 to ${most} characters`, name);
  }
  const { id = newId(), label, comment } = body as Record<string, string | undefined>;
  return { subject: { of, id: body[of] as string }, id, score, label, comment };
}

async function subjectOf(request: RoutedRequest, asked: FeedbackSubject, store: Store): Promise<LedgerRow | undefined> {
  for (let look = 1; ; look++) {
    const row = await readableSubject(request, asked, store);
    if (row !== undefined || look === LOOKS || request.signal.aborted) return row;
    await delay(LOOK_MS);
  }
}

/** Another key's is not there, and of its key's a client secret sees its own sessions and responses, and what was for its user. */
async function readableSubject(request: RoutedRequest, asked: FeedbackSubject, store: Store) {
  const { requester } = request;
  if (asked.of === 'session') {
    const session = await wantedWithId(asked.id.toLowerCase(), store.session, (one) => canReadSession(request, one));
    return session && store.feedbackSubject({ of: 'session', id: session.id });
  }
  const row = await store.feedbackSubject(asked);
  if (row === undefined || !canRead(request, row.key)) return undefined;
  if (requester.secret === undefined || (requester.endUser !== undefined && requester.endUser === row.endUser))
    return row;
  const response = row.response === undefined ? undefined : await store.response(row.response);
  return response !== undefined && canReadResponse(requester, response) ? row : undefined;
}

const UNKNOWN = {
  attempt: { code: 'unknown_attempt' },
  response: { code: 'response_not_found' },
  session: { code: 'unknown_session' },
} as const;

const unknownSubject = (request: RoutedRequest, { of }: FeedbackSubject): HttpProblem => ({
  status: 404,
  ...UNKNOWN[of],
  message: `no ${of}${ownerLabel(request)} has this id`,
  param: of,
});
