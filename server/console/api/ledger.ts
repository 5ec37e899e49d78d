// Reads sums of the ledger for this key, `GET /v1/ledger`. Refusals are values.

import { authorization } from './gateway.ts';

export const ledgerFields = ['class', 'model', 'path', 'team', 'day'] as const;
export type LedgerField = (typeof ledgerFields)[number];

export interface LedgerSumRow {
  /** Values of the fields that were asked for, in order. */
  readonly by: readonly string[];
  readonly calls: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Sum over the calls whose cost is known. */
  readonly costMicroUsd: number;
  readonly unknownCosts: number;
  /** Sum of what was not spent, since a cache or a cheaper model answered. */
  readonly savedMicroUsd: number;
  /** Calls that the rehearsal answered. */
  readonly rehearsals: number;
  /** Answers that fitted their schema at first, after one repair, or never. */
  readonly valid: number;
  readonly repaired: number;
  readonly failed: number;
  /** Refusals are counted in reports by outcome alone. */
  readonly refusals?: number;
  /** Mean, 0 to 1; missing where nothing was scored. */
  readonly score?: number | undefined;
  readonly scores?: number;
  /** Mean of what the app said, 0 to 1, and how often it did. */
  readonly feedback?: number | undefined;
  readonly feedbacks?: number;
  readonly latencyMs?: number | undefined;
}

export type LedgerAnswer =
  | { readonly kind: 'rows'; readonly rows: readonly LedgerSumRow[] }
  /** `absent`: the gateway has no ledger; `refused`: not for this key; `failed`: the gateway has one and could not answer. */
  | { readonly kind: 'absent' | 'refused' | 'failed' };

interface LedgerQuery {
  readonly by: readonly LedgerField[];
  /** Milliseconds since the epoch; `until` is exclusive. */
  readonly since: number;
  readonly until: number;
}

export async function readLedger(get: typeof fetch, query: LedgerQuery, key: string): Promise<LedgerAnswer> {
  const { by, since, until } = query;
  const span = { since: new Date(since).toISOString(), until: new Date(until).toISOString() };
  try {
    const response = await get(`/v1/ledger?${new URLSearchParams({ by: by.join(','), ...span })}`, {
      headers: { accept: 'application/json', ...authorization(key) },
    });
    if (response.ok) return { kind: 'rows', rows: ((await response.json()) as { rows: LedgerSumRow[] }).rows };
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
