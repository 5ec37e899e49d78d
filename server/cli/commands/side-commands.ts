// The commands about the side path: they list, show and retry tasks, report the ledger, and export the store.

import { csvLine } from '../../../codecs/text/csv.ts';
import { A_MOMENT, momentOf } from '../../../codecs/text/duration.ts';
import type { ReportRow } from '../../ipc/stored-rows.ts';
import { EXPORTS, type ExportFormat, exportLines } from '../../side/store/statements/export.ts';
import { type Cell, textTable } from '../text-table.ts';
import { type Command, UsageError } from './command.ts';

/** Columns of a report beside its fields. Money is in USD; unknown costs are not in the sum, but counted in a column of their own. */
const REPORT_COLUMNS: readonly (readonly [string, (row: ReportRow) => Cell])[] = [
  ['calls', (row) => row.calls],
  ['refusals', (row) => row.refusals],
  ['tokens in', (row) => row.inputTokens],
  ['tokens out', (row) => row.outputTokens],
  ['USD', (row) => (row.unknownCosts === row.calls ? undefined : rounded(row.costMicroUsd / 1e6, 6))],
  ['unknown', (row) => row.unknownCosts],
  ['USD saved', (row) => rounded(row.savedMicroUsd / 1e6, 6)],
  ['rehearsal', (row) => row.rehearsals],
  ['valid', (row) => row.valid],
  ['repaired', (row) => row.repaired],
  ['failed', (row) => row.failed],
  ['score', (row) => rounded(row.score, 2)],
  ['scores', (row) => row.scores],
  ['feedback', (row) => rounded(row.feedback, 2)],
  ['feedbacks', (row) => row.feedbacks],
  ['ms', (row) => rounded(row.latencyMs, 0)],
];

const SUMS = [
  ...(['calls', 'refusals', 'inputTokens', 'outputTokens', 'costMicroUsd', 'unknownCosts', 'rehearsals'] as const),
  ...([
    'valid',
    'repaired',
    'failed',
    'score',
    'scores',
    'latencyMs',
    'feedback',
    'feedbacks',
    'savedMicroUsd',
  ] as const),
];

const TASK_COLUMNS = ['id', 'kind', 'state', 'attempts', 'changed', 'error'];

interface ListedTask {
  readonly id: string;
  readonly kind: string;
  readonly state: string;
  readonly attempts: number;
  readonly error?: string;
  readonly updatedAt: string;
}

interface Compared {
  readonly rows: number;
  readonly mean?: number;
}

interface Comparison {
  readonly by: string;
  readonly a: string;
  readonly b: string;
  readonly measures: readonly {
    readonly measure: string;
    readonly a: Compared;
    readonly b: Compared;
    readonly difference?: number;
    readonly low?: number;
    readonly high?: number;
    readonly verdict: string;
  }[];
}

interface Report {
  readonly by: readonly string[];
  readonly rows: readonly ReportRow[];
}

export const sideCommands = {
  async *listTasks({ options: { state, key, limit, format }, ask }) {
    const answer = (await ask('GET', '/tasks', { state, key, limit })) as { tasks: readonly ListedTask[] };
    const rows = answer.tasks.map(({ id, kind, state, attempts, updatedAt, error = '' }) => {
      return [id, kind, state, attempts, updatedAt, error];
    });
    yield format === 'json' ? json(answer) : textTable(TASK_COLUMNS, rows);
  },

  async *showTask({ id, ask }) {
    yield json(await ask('GET', `/tasks/${id}`));
  },

  async *retryTask({ id, options: { state, since }, ask }) {
    if (id === '') {
      const { retried } = (await ask('POST', '/tasks/retry', { state, since })) as { retried: number };
      yield `${retried} ${retried === 1 ? 'task is' : 'tasks are'} queued\n`;
      return;
    }
    const task = (await ask('POST', `/tasks/${id}/retry`)) as ListedTask;
    yield `${task.id} is ${task.state}\n`;
  },

  async *reportLedger({ options: { by, since, until, format, compare }, ask }) {
    if (compare !== undefined) {
      const compared = (await ask('GET', '/ledger', { by, since, until, compare })) as Comparison;
      yield format === 'json' ? json(compared) : comparisonTable(compared);
      return;
    }
    const report = (await ask('GET', '/ledger', { by, since, until })) as Report;
    if (format === 'json') yield json(report);
    else yield format === 'csv' ? csvOf(report) : tableOf(report);
  },

  /** Reads the store itself, whether a gateway runs or not. */
  async *exportStore({ config, options }) {
    const table = EXPORTS.find((name) => name === (options.table ?? 'ledger'));
    if (table === undefined) throw new UsageError(`--table: expected ${EXPORTS.join(' or ')}, got "${options.table}"`);
    const since = options.since === undefined ? 0 : momentOf(options.since, Date.now());
    if (since === undefined) throw new UsageError(`--since: expected ${A_MOMENT}, got "${options.since}"`);
    const location = { url: config.store.url, dataDirectory: config.dataDirectory };
    yield* exportLines({ location, table, since, format: options.format as ExportFormat });
  },
} as const satisfies Readonly<Record<string, Command>>;

/** The rows of a mean stand behind it. */
function comparisonTable({ by, a, b, measures }: Comparison): string {
  const of = ({ rows, mean }: Compared) => `${rounded(mean, 3) ?? '-'} (${rows})`;
  const lines = measures.map(({ measure, difference, low, high, verdict, ...means }) => {
    const interval = low === undefined ? '' : `${rounded(low, 3)} .. ${rounded(high, 3)}`;
    return [measure, of(means.a), of(means.b), rounded(difference, 3), interval, verdict];
  });
  const head = ['measure', 'a (rows)', 'b (rows)', 'b - a', '95 %', 'verdict'];
  return `${by}: a is ${a}, b is ${b}\n${textTable(head, lines)}`;
}

function csvOf({ by, rows }: Report): string {
  const lines = rows.map((row) => csvLine([...row.by, ...SUMS.map((sum) => row[sum])]));
  return [csvLine([...by, ...SUMS]), ...lines].join('');
}

function tableOf({ by, rows }: Report): string {
  const lines = rows.map((row) => [...row.by, ...REPORT_COLUMNS.map(([, cell]) => cell(row))]);
  return textTable([...by, ...REPORT_COLUMNS.map(([name]) => name)], lines);
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

const rounded = (value: number | undefined, digits: number): number | undefined =>
  value === undefined ? undefined : Number(value.toFixed(digits));
