// Sums of the ledger by class, model, path and so on. Both databases give the same figures.

import type { MeasureMoments, ReportField, ReportRow } from '../../../ipc/stored-rows.ts';
import type { MomentsByValue, ReportSpan } from '../contract/store.ts';
import type { Query, Row, Value } from '../database.ts';
import { conditions, keyCondition, textValue } from '../row-mapping.ts';

const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;

/** SQL of each field; days and hours count from the epoch, in UTC. */
const fields: Readonly<Record<ReportField, string>> = {
  class: 'prompt_class',
  model: "coalesce(served, asked, '')",
  target: "coalesce(target, '')",
  path: 'path',
  team: "coalesce(team, '')",
  key: "coalesce(key, '')",
  day: `(at / ${DAY_MS})`,
  hour: `(at / ${HOUR_MS})`,
  gateway: 'gateway',
  kind: 'kind',
  outcome: 'outcome',
};

const FEEDBACK = `left join
  (select ledger_row, count(*) as feedbacks, sum(score) as feedback_sum from feedback group by ledger_row) as given
  on given.ledger_row = ledger.id`;
const count = (condition: string) => `sum(case when ${condition} then 1 else 0 end)`;
/** Adds as floating point: large counts may add up to more than 53 bits. */
const sum = (column: string) => `cast(coalesce(sum(${column}), 0) as double precision)`;

const sums = `${count('refusals is null')} as calls, ${sum('refusals')} as refusals,
  ${sum('input_tokens')} as input_tokens, ${sum('output_tokens')} as output_tokens,
  ${sum('cost_micro_usd')} as cost, ${count('cost_micro_usd is null')} as unknown_costs,
  ${sum('saved_micro_usd')} as saved, ${count('is_rehearsal = 1')} as rehearsals,
  ${count("quality = 'valid'")} as valid, ${count("quality = 'repaired'")} as repaired, ${count("quality = 'failed'")} as failed,
  ${sum('feedbacks')} as feedbacks, sum(feedback_sum) as feedback_sum,
  avg(score) as score, count(score) as scores, avg(latency_ms) as latency`;

export async function report(
  query: Query,
  by: readonly ReportField[],
  span: ReportSpan,
): Promise<readonly ReportRow[]> {
  const names = by.map((field) => fields[field]);
  const isCalls = by.includes('outcome') ? '' : 'and refusals is null';
  const { and, params } = rowsIn(span);
  const most = span.most === undefined ? '' : `order by cost desc, calls desc limit ${span.most}`;
  const rows = await query(
    `select ${[...names.map((name, index) => `${name} as by_${index}`), sums].join(', ')} from ledger
     ${FEEDBACK}
     where ${and} and (outcome <> 'pending' or kind = 'realtime') ${isCalls}
     ${names.length > 0 ? `group by ${names.join(', ')}` : 'having count(*) > 0'} ${most}`,
    params,
  );
  return rows
    .map((row) => ({
      by: by.map((field, index) => textOf(field, row[`by_${index}`])),
      calls: Number(row.calls),
      refusals: Number(row.refusals),
      inputTokens: Number(row.input_tokens),
      outputTokens: Number(row.output_tokens),
      costMicroUsd: Number(row.cost),
      unknownCosts: Number(row.unknown_costs),
      savedMicroUsd: Number(row.saved),
      rehearsals: Number(row.rehearsals),
      valid: Number(row.valid),
      repaired: Number(row.repaired),
      failed: Number(row.failed),
      score: mean(row.score),
      scores: Number(row.scores),
      latencyMs: mean(row.latency),
      feedback: Number(row.feedbacks) === 0 ? undefined : mean(Number(row.feedback_sum) / Number(row.feedbacks)),
      feedbacks: Number(row.feedbacks),
    }))
    .sort((a, b) => compare(a.by, b.by));
}

function rowsIn({ since, until, key, where = {} }: ReportSpan): ReturnType<typeof conditions> {
  const wanted = Object.entries(where).map(([field, value]) => [`${fields[field as ReportField]} = ?`, value] as const);
  return conditions([['at >= ?', since], ['at < ?', until], keyCondition(key), ...wanted]);
}

/** Measures that are compared, one observation a row. */
const MEASURES = {
  score: 'ledger.score',
  feedback: 'feedback_sum / feedbacks',
  costMicroUsd: 'cost_micro_usd',
  latencyMs: 'latency_ms',
  ok: "case when outcome = 'ok' then 1 else 0 end",
} as const;

interface MomentsAsked {
  readonly field: ReportField;
  readonly values: readonly string[];
  readonly span: ReportSpan;
}

export async function selectMoments(query: Query, { field, values, span }: MomentsAsked): Promise<MomentsByValue> {
  const measures = Object.entries(MEASURES).map(([name, sql]) => [name, `cast(${sql} as double precision)`] as const);
  const sums = measures.map(
    ([, sql], at) => `count(${sql}) as rows_${at}, avg(${sql}) as mean_${at}, avg(${sql} * ${sql}) as square_${at}`,
  );
  const { and, params } = rowsIn(span);
  const named = values.map((_, index) => `$${params.length + index + 1}`).join(', ');
  const rows = await query(
    `select ${fields[field]} as value, ${sums.join(', ')} from ledger ${FEEDBACK}
     where ${and} and outcome <> 'pending' and refusals is null and cost_source <> 'cached' and ${fields[field]} in (${named}) group by ${fields[field]}`,
    [...params, ...values.map(textValue)],
  );
  const momentsIn = (row: Row) => measures.map(([name], at) => [name, momentsOf(row, at)] as const);
  return Object.fromEntries(rows.map((row) => [String(row.value), Object.fromEntries(momentsIn(row))]));
}

/** The variance is that of a sample; what rounding makes of it is never below zero. */
function momentsOf(row: Row, at: number): MeasureMoments {
  const [rows, mean, square] = [
    Number(row[`rows_${at}`]),
    Number(row[`mean_${at}`] ?? 0),
    Number(row[`square_${at}`] ?? 0),
  ];
  const variance = rows < 2 ? 0 : (Math.max(0, square - mean ** 2) * rows) / (rows - 1);
  return { rows, mean, variance };
}

function textOf(field: ReportField, value: Value | undefined): string {
  if (field === 'hour') return `${new Date(Number(value) * HOUR_MS).toISOString().slice(0, 16)}Z`;
  return field === 'day' ? new Date(Number(value) * DAY_MS).toISOString().slice(0, 10) : String(value);
}

/** Rounds to six places: the databases add in different orders. */
const mean = (value: Value | undefined): number | undefined =>
  value === null || value === undefined ? undefined : Math.round(Number(value) * 1e6) / 1e6;

function compare(a: readonly string[], b: readonly string[]): number {
  const at = a.findIndex((text, index) => text !== b[index]);
  return at < 0 ? 0 : (a[at] as string) < (b[at] as string) ? -1 : 1;
}
