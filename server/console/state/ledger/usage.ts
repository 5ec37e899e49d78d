// Questions of the operator's view of usage, and figures made of their answers: the window, the filters, the series of the plot. Pure.

import { csvLine } from '../../../../codecs/text/csv.ts';
import type { LedgerSumRow } from '../../api/ledger.ts';
import { lastDays, type Series } from './totals.ts';

export const usageWindows = ['24 h', '7 days', '30 days'] as const;
type UsageWindow = (typeof usageWindows)[number];

export const usageFields = ['class', 'model', 'target', 'path', 'team', 'key'] as const;
export type UsageField = (typeof usageFields)[number];

export interface UsageChoice {
  readonly window: UsageWindow;
  readonly by: UsageField;
  /** Only rows with these values; '' stands for those without one. */
  readonly where: Readonly<Partial<Record<UsageField, string>>>;
  /** Milliseconds since the epoch: the window ends then. */
  readonly now: number;
}

interface Span {
  /** Starts of days or hours in UTC, without gaps; ms since the epoch. */
  readonly times: readonly number[];
  readonly unit: 'day' | 'hour';
  readonly since: number;
  /** Exclusive. */
  readonly until: number;
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** Sums of a table: one of more helps nobody. */
export const mostSums = 200;
/** Sums of a plot: those that cost most are drawn. */
const mostPoints = 5000;
/** Series of a plot with names of their own; the others are one. */
const mostSeries = 5;

export function spanOf({ window, now }: Pick<UsageChoice, 'window' | 'now'>): Span {
  if (window === '24 h') {
    const until = (Math.floor(now / hourMs) + 1) * hourMs;
    return spanFrom({ unit: 'hour', since: until - dayMs, until });
  }
  return spanFrom({ unit: 'day', ...lastDays(window === '7 days' ? 7 : 30, now) });
}

function spanFrom(span: Omit<Span, 'times'>): Span {
  const step = span.unit === 'hour' ? hourMs : dayMs;
  const count = Math.round((span.until - span.since) / step);
  return { ...span, times: Array.from({ length: count }, (_, at) => span.since + at * step) };
}

/** The paths of the questions, each of which is one report. */
export function usageQuestions(choice: UsageChoice) {
  const ask = (by: string, limit: number) => reportPath(choice, { by, limit: String(limit) });
  return {
    /** Outcomes: totals, and refusals by code. */
    ends: ask('outcome', mostSums),
    rows: ask(choice.by, mostSums),
    times: ask(`${spanOf(choice).unit},${choice.by}`, mostPoints),
    targets: ask('target', mostSums),
  };
}

/** The path that compares two targets in what was chosen. */
export const comparePath = (choice: UsageChoice, a: string, b: string): string =>
  reportPath(choice, { by: 'target', compare: `${a},${b}` });

function reportPath(choice: UsageChoice, words: Readonly<Record<string, string>>): string {
  const { since, until } = spanOf(choice);
  const times = { since: new Date(since).toISOString(), until: new Date(until).toISOString() };
  return `/ledger?${new URLSearchParams({ ...words, ...choice.where, ...times })}`;
}

/** Costs by time of the groups that cost most, and of all others together. `rows`: by time and one field. */
export function seriesOf(rows: readonly LedgerSumRow[], field: UsageField, { times }: Span): readonly Series[] {
  const costs = new Map<string, number>();
  for (const { by, costMicroUsd } of rows) costs.set(nameOf(by), (costs.get(nameOf(by)) ?? 0) + costMicroUsd);
  const names = [...costs].filter(([, cost]) => cost > 0).toSorted((a, b) => b[1] - a[1]);
  const shown = names.slice(0, mostSeries).map(([name]) => name);
  const valuesOf = (has: (name: string) => boolean) => {
    const values = new Map(times.map((time) => [time, 0]));
    for (const { by, costMicroUsd } of rows) {
      const [time = ''] = by;
      const before = values.get(Date.parse(time));
      if (before !== undefined && has(nameOf(by))) values.set(Date.parse(time), before + costMicroUsd);
    }
    return [...values.values()];
  };
  const own = shown.map((name, at) => ({
    name: field === 'path' ? name : `series-${at + 1}`,
    label: nameOrNone(field, name),
    values: valuesOf((other) => other === name),
  }));
  const others = names.length - shown.length;
  if (others === 0) return own;
  const label = others === 1 ? 'one other' : `${others} others`;
  return [...own, { name: 'series-rest', label, values: valuesOf((name) => !shown.includes(name)) }];
}

const nameOf = (by: readonly string[]): string => by[1] ?? '';

/** A value of a field as people read it. */
export const nameOrNone = (field: UsageField, value: string): string => (value === '' ? `no ${field}` : value);

const csvColumns = [
  ...(['calls', 'inputTokens', 'outputTokens', 'costMicroUsd', 'unknownCosts', 'savedMicroUsd', 'rehearsals'] as const),
  ...(['valid', 'repaired', 'failed', 'score', 'scores', 'feedback', 'feedbacks', 'latencyMs'] as const),
];

/** The rows as comma-separated values, with the names of the columns first. */
export const usageCsv = (field: UsageField, rows: readonly LedgerSumRow[]): string =>
  [
    csvLine([field, ...csvColumns]),
    ...rows.map((row) => csvLine([...row.by, ...csvColumns.map((column) => row[column])])),
  ].join('');
