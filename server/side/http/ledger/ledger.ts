// The ledger over HTTP: sums by fields, over a key's own rows or over all, and the rows themselves for the administrator.

import { type HttpProblem, invalidRequest, isProblem, shortened } from '../../../http/problem.ts';
import { REPORT_FIELDS, type ReportField } from '../../../ipc/stored-rows.ts';
import { type RoutedRequest, type RouteHandler, sendJson } from '../handler.ts';
import { readLimit, readTime } from '../request/query.ts';
import { feedbackView, isoTime, ledgerView } from '../views.ts';
import { comparison } from './compare.ts';

const MAX_ROWS = 1000;
const MAX_SUMS = 10_000;

/** Fields whose values a question may name: sums of these rows alone. */
const FILTER_FIELDS = [
  'class',
  'model',
  'target',
  'path',
  'team',
  'key',
  'gateway',
  'kind',
] as const satisfies ReportField[];

interface Span {
  /** Inclusive. */
  readonly since: number;
  /** Exclusive. */
  readonly until: number;
}

/** Reads `since` and `until`; without them the span is everything up to now. */
function spanOf({ query }: RoutedRequest): Span | HttpProblem {
  const since = readTime(query, 'since', 0);
  if (isProblem(since)) return since;
  const until = readTime(query, 'until', Date.now() + 1);
  return isProblem(until) ? until : { since, until };
}

export const getLedger: RouteHandler = async (request, { store }) => {
  const span = spanOf(request);
  if (isProblem(span)) return span;
  const { requester, query } = request;
  const key = requester.scope === 'admin' ? undefined : (requester.key ?? null);
  const where = Object.fromEntries(FILTER_FIELDS.flatMap((field) => wanted(field, query[field])));
  if (query.compare !== undefined) {
    const compared = await comparison(store, { compare: query.compare, by: query.by, span: { ...span, key, where } });
    return isProblem(compared) ? compared : sendJson(request, 200, compared);
  }
  const by = fieldsOf(query.by ?? 'class,model');
  if (isProblem(by)) return by;
  const most = query.limit === undefined ? undefined : readLimit(query, MAX_SUMS);
  if (isProblem(most)) return most;
  const rows = await store.report(by, { ...span, key, where, most });
  return sendJson(request, 200, { by, since: isoTime(span.since), until: isoTime(span.until), rows });
};

const wanted = (field: ReportField, value: string | undefined): [ReportField, string][] =>
  value === undefined ? [] : [[field, value]];

function fieldsOf(text: string): readonly ReportField[] | HttpProblem {
  const fields = text.split(',').map((field) => field.trim());
  const wrong = fields.find((field) => !REPORT_FIELDS.includes(field as ReportField));
  if (wrong !== undefined) {
    return invalidRequest(`expected fields out of ${REPORT_FIELDS.join(', ')}, got "${shortened(wrong)}"`, 'by');
  }
  return new Set(fields).size === fields.length
    ? (fields as ReportField[])
    : invalidRequest('expected different fields', 'by');
}

export const getLedgerRows: RouteHandler = async (request, { store }) => {
  const { query } = request;
  const span = spanOf(request);
  if (isProblem(span)) return span;
  const limit = readLimit(query, MAX_ROWS);
  if (isProblem(limit)) return limit;
  const { session, task, before } = query;
  const rows = await store.ledger({ ...span, session, task, before, limit });
  const feedback = await store.feedback(rows.map(({ id }) => id));
  const views = rows.map((row) => ({
    ...ledgerView(row),
    feedback: feedback.filter(({ ledgerRow }) => ledgerRow === row.id).map(feedbackView),
  }));
  return sendJson(request, 200, { rows: views, next: rows.length < limit ? null : rows.at(-1)?.id });
};
