// What the ledger says of this key: `GET /v1/ledger`, read without trusting its shape. Refusals are values.

import { listOf, type Message, objectOf } from '../dialects/dialect.ts';
import { authorization } from './gateway.ts';

export const reportFields = ['class', 'model', 'path', 'team', 'day'] as const;
export type ReportField = (typeof reportFields)[number];

export interface ReportRow {
  /** By the fields that were asked for, in order. */
  readonly by: readonly string[];
  readonly calls: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Of the calls whose cost is known. */
  readonly costMicroUsd: number;
  readonly unknownCosts: number;
  /** Calls that a rehearsal answered. */
  readonly rehearsals: number;
  /** Answers that fitted their schema at first, after one repair, or not. */
  readonly valid: number;
  readonly repaired: number;
  readonly failed: number;
  /** Mean, 0 to 1; undefined where nothing was scored. */
  readonly score: number | undefined;
  readonly latencyMs: number | undefined;
}

export type Report =
  | { readonly kind: 'rows'; readonly rows: readonly ReportRow[] }
  /** `absent`: this gateway has no ledger here; `refused`: not for this key; `failed`: it has one and could not answer. */
  | { readonly kind: 'absent' | 'refused' | 'failed' };

export interface ReportQuery {
  readonly by: readonly ReportField[];
  /** Milliseconds since the epoch; `until` is not in it. */
  readonly since: number;
  readonly until: number;
}

export async function readReport(get: typeof fetch, query: ReportQuery, key: string): Promise<Report> {
  const { by, since, until } = query;
  const span = { since: new Date(since).toISOString(), until: new Date(until).toISOString() };
  try {
    const response = await get(`/v1/ledger?${new URLSearchParams({ by: by.join(','), ...span })}`, {
      headers: { accept: 'application/json', ...authorization(key) },
    });
    if (response.ok) return { kind: 'rows', rows: rowsOf(await response.json()) };
    return { kind: kinds[response.status] ?? 'failed' };
  } catch {
    return { kind: 'failed' };
  }
}

const kinds: Readonly<Record<number, 'absent' | 'refused'>> = {
  401: 'refused',
  403: 'refused',
  404: 'absent',
  501: 'absent',
  503: 'absent',
};

function rowsOf(body: unknown): ReportRow[] {
  return listOf(objectOf(body).rows).map((row) => ({
    by: Array.isArray(row.by) ? row.by.map((one) => (typeof one === 'string' ? one : '')) : [],
    ...counts(row),
    score: numberOf(row.score),
    latencyMs: numberOf(row.latencyMs),
  }));
}

function counts(row: Message) {
  const count = (name: string) => numberOf(row[name]) ?? 0;
  return {
    calls: count('calls'),
    inputTokens: count('inputTokens'),
    outputTokens: count('outputTokens'),
    costMicroUsd: count('costMicroUsd'),
    unknownCosts: count('unknownCosts'),
    rehearsals: count('rehearsals'),
    valid: count('valid'),
    repaired: count('repaired'),
    failed: count('failed'),
  };
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}
