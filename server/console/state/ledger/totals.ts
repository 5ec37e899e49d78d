// Computes what the ledger page shows from the rows of the ledger: totals, the order of the table, a column for each day. Pure.

import type { LedgerSumRow } from '../../api/ledger.ts';

const dayMs = 86_400_000;

/** Sum of all rows. Means are over what the rows that have them were measured by: scores, feedback, calls. */
export function sumRows(rows: readonly LedgerSumRow[]): LedgerSumRow {
  const sum = (pick: (row: LedgerSumRow) => number) => rows.reduce((total, row) => total + pick(row), 0);
  return {
    by: [],
    calls: sum((row) => row.calls),
    inputTokens: sum((row) => row.inputTokens),
    outputTokens: sum((row) => row.outputTokens),
    costMicroUsd: sum((row) => row.costMicroUsd),
    unknownCosts: sum((row) => row.unknownCosts),
    savedMicroUsd: sum((row) => row.savedMicroUsd),
    rehearsals: sum((row) => row.rehearsals),
    valid: sum((row) => row.valid),
    repaired: sum((row) => row.repaired),
    failed: sum((row) => row.failed),
    refusals: sum((row) => row.refusals ?? 0),
    score: meanOf(rows, (row) => row.score, scoresOf),
    scores: sum((row) => (row.score === undefined ? 0 : scoresOf(row))),
    feedback: meanOf(rows, (row) => row.feedback, feedbacksOf),
    feedbacks: sum(feedbacksOf),
    latencyMs: meanOf(
      rows,
      (row) => row.latencyMs,
      ({ calls }) => calls,
    ),
  };
}

const scoresOf = ({ scores, calls }: LedgerSumRow): number => scores ?? calls;
const feedbacksOf = ({ feedbacks = 0 }: LedgerSumRow): number => feedbacks;

function meanOf(
  rows: readonly LedgerSumRow[],
  pick: (row: LedgerSumRow) => number | undefined,
  weightOf: (row: LedgerSumRow) => number,
): number | undefined {
  const known = rows.filter((row) => pick(row) !== undefined);
  const weight = known.reduce((total, row) => total + weightOf(row), 0);
  return weight === 0 ? undefined : known.reduce((total, row) => total + (pick(row) ?? 0) * weightOf(row), 0) / weight;
}

/** Share of the judged answers that fitted at first, 0 to 1; undefined when none was judged. */
export function validShare(row: LedgerSumRow): number | undefined {
  const judged = judgedOf(row);
  return judged === 0 ? undefined : row.valid / judged;
}

function judgedOf({ valid, repaired, failed }: LedgerSumRow): number {
  return valid + repaired + failed;
}

export type Column = 'calls' | 'tokens' | 'cost' | 'saved' | 'valid' | 'score' | 'feedback' | 'latency';

export interface Order {
  /** A column, or the index of a field that the rows are grouped by. */
  readonly column: Column | number;
  readonly isDescending: boolean;
}

const sortValues: Readonly<Record<Column, (row: LedgerSumRow) => number | undefined>> = {
  calls: (row) => row.calls,
  tokens: (row) => row.inputTokens + row.outputTokens,
  // A group without a known cost has no place among the others.
  cost: (row) => (row.unknownCosts >= row.calls ? undefined : row.costMicroUsd),
  saved: (row) => row.savedMicroUsd,
  valid: validShare,
  score: (row) => row.score,
  feedback: (row) => row.feedback,
  latency: (row) => row.latencyMs,
};

/** Sorts rows; those without a value come last either way. */
export function sortRows(rows: readonly LedgerSumRow[], { column, isDescending }: Order): LedgerSumRow[] {
  const sign = isDescending ? -1 : 1;
  if (typeof column === 'number') {
    return rows.toSorted((a, b) => sign * (a.by[column] ?? '').localeCompare(b.by[column] ?? ''));
  }
  return rows.toSorted((a, b) => {
    const [left, right] = [sortValues[column](a), sortValues[column](b)];
    if (left === undefined || right === undefined) return Number(left === undefined) - Number(right === undefined);
    return sign * (left - right);
  });
}

/** One value for each day, oldest first. */
export interface Series {
  /** Names its colour in the style sheet too: `--<name>`. */
  readonly name: string;
  readonly label: string;
  readonly values: readonly number[];
}

/** Use of each day. `days`: their starts in ms since the epoch (UTC), without gaps. */
export interface Days {
  readonly days: readonly number[];
  /** Micro-USD by path. */
  readonly cost: readonly Series[];
  readonly unknownCosts: readonly number[];
  /** Calls by the validity of their answers. */
  readonly calls: readonly Series[];
}

/** Spreads rows that are grouped by day and path over all days of the span. */
export function daysOf(rows: readonly LedgerSumRow[], since: number, until: number): Days {
  const days = Array.from({ length: Math.max(0, Math.round((until - since) / dayMs)) }, (_, at) => since + at * dayMs);
  const byDay = Map.groupBy(rows, (row) => Date.parse(`${row.by[0]}T00:00:00Z`));
  const each = (pick: (row: LedgerSumRow) => number) =>
    days.map((day) => (byDay.get(day) ?? []).reduce((sum, row) => sum + pick(row), 0));
  const costOf = (path: string) => each((row) => (row.by[1] === path ? row.costMicroUsd : 0));
  return {
    days,
    cost: [
      { name: 'direct', label: 'direct', values: costOf('direct') },
      { name: 'routed', label: 'routed', values: costOf('routed') },
    ],
    unknownCosts: each((row) => row.unknownCosts),
    calls: [
      { name: 'valid', label: 'valid at first', values: each((row) => row.valid) },
      { name: 'repaired', label: 'repaired', values: each((row) => row.repaired) },
      { name: 'failed', label: 'failed', values: each((row) => row.failed) },
      { name: 'unjudged', label: 'not checked', values: each((row) => Math.max(0, row.calls - judgedOf(row))) },
    ],
  };
}

/** Span of the last `count` days, today included, in UTC. */
export function lastDays(count: number, now: number): { readonly since: number; readonly until: number } {
  const until = (Math.floor(now / dayMs) + 1) * dayMs;
  return { since: until - count * dayMs, until };
}
