// GET /export: ledger rows for whoever does the accounts, newest first, as JSON lines or CSV, in pages as they are read.

import type { Problem } from '../../side-error.ts';
import type { Store } from '../store/store.ts';
import { spanOf } from './ledger.ts';
import { isProblem, wordOf } from './query.ts';
import type { Asked, Route } from './route.ts';
import { ledgerView } from './views.ts';

export const EXPORT_FORMATS = ['jsonl', 'csv'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

const PAGE = 500;

/** Columns of the CSV, in order: fields of a ledger row as it is shown; `usage.` those of its usage. */
const COLUMNS = [
  ...['id', 'at', 'kind', 'path', 'class', 'dataClass', 'key', 'team', 'session', 'task'],
  ...['gateway', 'asked', 'tried', 'served', 'provider'],
  ...['usage.inputTokens', 'usage.outputTokens', 'usage.cachedTokens', 'usage.inputAudioTokens'],
  ...['usage.outputAudioTokens', 'usage.seconds', 'reportedMicroUsd', 'estimatedMicroUsd', 'costMicroUsd'],
  ...['costSource', 'isFlagged', 'latencyMs', 'firstTokenMs', 'outcome', 'quality', 'score', 'isRehearsal'],
];

/** What comes before the rows. */
export const exportHead = (format: ExportFormat): string => (format === 'csv' ? `${COLUMNS.join(',')}\r\n` : '');

/** One row, as `ledgerView` shows it. CSV as in RFC 4180. */
export function exportLine(format: ExportFormat, row: object): string {
  if (format === 'jsonl') return `${JSON.stringify(row)}\n`;
  const fields = row as Readonly<Record<string, unknown>>;
  const usage = (fields.usage ?? {}) as Readonly<Record<string, unknown>>;
  const cells = COLUMNS.map((name) => (name.startsWith('usage.') ? usage[name.slice(6)] : fields[name]));
  return `${cells.map(cell).join(',')}\r\n`;
}

function cell(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (typeof value !== 'string' && !Array.isArray(value)) return String(value);
  const text = Array.isArray(value) ? value.join(' ') : value;
  // A spreadsheet would take it for a formula.
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

async function answer(asked: Asked, { store }: { readonly store: Store }): Promise<Problem | undefined> {
  const format = wordOf(asked.query, 'format', EXPORT_FORMATS) ?? 'jsonl';
  if (isProblem(format)) return format;
  const span = spanOf(asked);
  if (isProblem(span)) return span;
  const type = format === 'csv' ? 'text/csv; charset=utf-8' : 'application/jsonl';
  asked.emit({ status: 200, headers: { 'content-type': type, 'cache-control': 'no-store' } });
  asked.emit(Buffer.from(exportHead(format)));
  for (let before: string | undefined, isDone = false; !isDone && !asked.signal.aborted; ) {
    const rows = await store.ledger({ ...span, limit: PAGE, ...(before === undefined ? {} : { before }) });
    asked.emit(Buffer.from(rows.map((row) => exportLine(format, ledgerView(row))).join('')));
    before = rows.at(-1)?.id;
    isDone = rows.length < PAGE;
  }
  return undefined;
}

export const exportRoutes: readonly Route[] = [{ scope: 'admin', method: 'GET', path: '/export', answer }];
