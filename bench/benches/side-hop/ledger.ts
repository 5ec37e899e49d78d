// Checks that every call that was answered is in the ledger with its cost, by asking the admin listener as an operator would.

import { setTimeout as delay } from 'node:timers/promises';
import type { ReportRow } from '../../../server/ipc/stored-rows.ts';
import type { RunningContender } from '../../bench.ts';

export interface Ledger {
  /** Calls that had an answer. */
  readonly answers: number;
  /** Rows of attempts that went well. */
  readonly rows: number;
  readonly costMicroUsd: number;
  /** Rows without a cost. */
  readonly unknownCosts: number;
}

/** Rows are settled after the answer. */
const SETTLE_MS = 3000;

export type LedgerSum = Pick<ReportRow, 'by' | 'calls' | 'costMicroUsd' | 'unknownCosts' | 'savedMicroUsd'>;

/** Sums of the ledger, of all keys. Throws when the admin listener has none. */
export async function ledgerBy(admin: string | undefined, fields: string, since = 0): Promise<readonly LedgerSum[]> {
  const from = new Date(since).toISOString();
  const response = await fetch(`${admin}/ledger?by=${fields}&since=${encodeURIComponent(from)}`);
  if (response.status !== 200) throw new Error(`the ledger answered ${response.status}`);
  return ((await response.json()) as { rows: readonly LedgerSum[] }).rows;
}

/** Waits until the rows of so many answered calls are settled. Gives undefined when there is no trunkline. */
export async function ledgerAfter(running: RunningContender | undefined, answers: number): Promise<Ledger | undefined> {
  if (running === undefined) return undefined;
  let ledger: Ledger = { answers, rows: 0, costMicroUsd: 0, unknownCosts: 0 };
  for (let waited = 0; waited <= SETTLE_MS && ledger.rows < answers; waited += 100) {
    if (waited > 0) await delay(100);
    const sums = (await ledgerBy(running.admin, 'kind,outcome')).filter(
      ({ by: [kind, outcome] }) => kind === 'chat' && outcome === 'ok',
    );
    const total = (of: (row: LedgerSum) => number) => sums.reduce((sum, value) => sum + of(value), 0);
    ledger = {
      answers,
      rows: total((row) => row.calls),
      costMicroUsd: total((row) => row.costMicroUsd),
      unknownCosts: total((row) => row.unknownCosts),
    };
  }
  return ledger;
}

/** Gap of the ledger, with which the figures would be bought by leaving something out; undefined when nothing is missing. */
export function ledgerGap({ answers, rows, costMicroUsd, unknownCosts }: Ledger): string | undefined {
  if (rows < answers) return `the ledger has ${rows} rows for ${answers} calls`;
  if (unknownCosts > 0 || costMicroUsd === 0) return `the ledger does not know the cost of ${unknownCosts} calls`;
  return undefined;
}
