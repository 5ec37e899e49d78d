// `trunkline ledger report`: which model ran, what it cost, how good it was, on both paths.

import type { ReportRow } from '../side/store/contract.ts';
import { csvLine } from '../side/store/statements/export.ts';
import type { Command } from './command.ts';
import { textTable } from './text-table.ts';

interface Report {
  readonly by: readonly string[];
  readonly rows: readonly ReportRow[];
}

export const reportLedger: Command = async ({ options, api }) => {
  const { by, since, until, format } = options;
  const report = (await (await api()).ask('GET', '/ledger', { by, since, until })) as Report;
  if (format === 'json') return `${JSON.stringify(report, null, 2)}\n`;
  return format === 'csv' ? csvOf(report) : tableOf(report);
};

/** Money in USD. Unknown costs are not in the sum, but counted in a column of their own. */
function tableOf({ by, rows }: Report): string {
  const head = [
    ...by,
    'calls',
    'tokens in',
    'tokens out',
    'USD',
    'unknown',
    'rehearsal',
    'valid',
    'repaired',
    'failed',
    'score',
    'ms',
  ];
  return textTable(
    head,
    rows.map((row) => [
      ...row.by,
      row.calls,
      row.inputTokens,
      row.outputTokens,
      row.unknownCosts === row.calls ? undefined : Number((row.costMicroUsd / 1e6).toFixed(6)),
      row.unknownCosts,
      row.rehearsals,
      row.valid,
      row.repaired,
      row.failed,
      row.score === undefined ? undefined : Number(row.score.toFixed(2)),
      row.latencyMs === undefined ? undefined : Math.round(row.latencyMs),
    ]),
  );
}

const SUMS = [
  ...(['calls', 'inputTokens', 'outputTokens', 'costMicroUsd', 'unknownCosts', 'rehearsals'] as const),
  ...(['valid', 'repaired', 'failed', 'score', 'latencyMs'] as const),
];

function csvOf({ by, rows }: Report): string {
  const lines = rows.map((row) => csvLine([...row.by, ...SUMS.map((sum) => row[sum] ?? null)]));
  return [csvLine([...by, ...SUMS]), ...lines].join('');
}
