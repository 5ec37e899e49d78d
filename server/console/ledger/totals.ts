// The ledger's figures for the eye: totals, the order of the table, and one column for each day. Pure functions of the rows.

import type { ReportRow } from '../api/ledger.ts';

export const dayMs = 86_400_000;

/** Everything together. The score and the latency are means over calls of groups that have them. */
export function totalOf(rows: readonly ReportRow[]): ReportRow {
  const sum = (pick: (row: ReportRow) => number) => rows.reduce((total, row) => total + pick(row), 0);
  return {
    by: [],
    calls: sum((row) => row.calls),
    inputTokens: sum((row) => row.inputTokens),
    outputTokens: sum((row) => row.outputTokens),
    costMicroUsd: sum((row) => row.costMicroUsd),
    unknownCosts: sum((row) => row.unknownCosts),
    rehearsals: sum((row) => row.rehearsals),
    valid: sum((row) => row.valid),
    repaired: sum((row) => row.repaired),
    failed: sum((row) => row.failed),
    score: meanOf(rows, (row) => row.score),
    latencyMs: meanOf(rows, (row) => row.latencyMs),
  };
}

function meanOf(rows: readonly ReportRow[], pick: (row: ReportRow) => number | undefined): number | undefined {
  let [sum, calls] = [0, 0];
  for (const row of rows) {
    const value = pick(row);
    if (value === undefined) continue;
    sum += value * row.calls;
    calls += row.calls;
  }
  return calls === 0 ? undefined : sum / calls;
}

/** Share of the judged answers that fitted at first, 0 to 1; undefined where none was judged. */
export function validShare({ valid, repaired, failed }: ReportRow): number | undefined {
  const judged = valid + repaired + failed;
  return judged === 0 ? undefined : valid / judged;
}

export type Column = 'calls' | 'tokens' | 'cost' | 'valid' | 'score' | 'latency';

export interface Order {
  /** A column, or the number of a field that the rows are grouped by. */
  readonly column: Column | number;
  readonly isDescending: boolean;
}

const sortValues: Readonly<Record<Column, (row: ReportRow) => number | undefined>> = {
  calls: (row) => row.calls,
  tokens: (row) => row.inputTokens + row.outputTokens,
  // A group without one known cost has no place between the others.
  cost: (row) => (row.unknownCosts >= row.calls ? undefined : row.costMicroUsd),
  valid: validShare,
  score: (row) => row.score,
  latency: (row) => row.latencyMs,
};

/** Rows without a value come last either way. */
export function sortRows(rows: readonly ReportRow[], { column, isDescending }: Order): ReportRow[] {
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
  readonly name: string;
  readonly values: readonly number[];
}

/** Days as their start in ms since the epoch (UTC), without gaps, and what was used on each. */
export interface Days {
  readonly days: readonly number[];
  /** Micro-USD by path. */
  readonly cost: readonly Series[];
  readonly unknownCosts: readonly number[];
  /** Calls by what became of their answers. */
  readonly calls: readonly Series[];
}

/** `rows` are by day and path; days that are not in them had nothing. */
export function daysOf(rows: readonly ReportRow[], since: number, until: number): Days {
  const days = Array.from({ length: Math.max(0, Math.round((until - since) / dayMs)) }, (_, at) => since + at * dayMs);
  const byDay = Map.groupBy(rows, (row) => Date.parse(`${row.by[0]}T00:00:00Z`));
  const each = (pick: (row: ReportRow) => number) =>
    days.map((day) => (byDay.get(day) ?? []).reduce((sum, row) => sum + pick(row), 0));
  const costOf = (path: string) => each((row) => (row.by[1] === path ? row.costMicroUsd : 0));
  return {
    days,
    cost: [
      { name: 'direct', values: costOf('direct') },
      { name: 'routed', values: costOf('routed') },
    ],
    unknownCosts: each((row) => row.unknownCosts),
    calls: [
      { name: 'valid', values: each((row) => row.valid) },
      { name: 'repaired', values: each((row) => row.repaired) },
      { name: 'failed', values: each((row) => row.failed) },
      { name: 'unjudged', values: each((row) => Math.max(0, row.calls - row.valid - row.repaired - row.failed)) },
    ],
  };
}

/** The span of the last so many days, today included, in UTC. */
export function lastDays(count: number, now: number): { readonly since: number; readonly until: number } {
  const until = (Math.floor(now / dayMs) + 1) * dayMs;
  return { since: until - count * dayMs, until };
}
