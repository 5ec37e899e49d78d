// Rows for other programs, oldest first: JSON lines, or CSV by RFC 4180 that a spreadsheet does not run.

import { csvLine } from '../../../../codecs/text/csv.ts';
import type { Tags } from '../../../ipc/stored-rows.ts';
import type { SessionRow } from '../contract/store.ts';
import type { Database, Value } from '../database.ts';
import { openReader, type StoreLocation } from '../open.ts';
import { auditLog, feedbacks, ledger, sessions } from '../tables.ts';
import { RESERVATION_FIELDS } from './ledger.ts';

/** Tables without text. */
export const EXPORTS = ['ledger', 'session', 'audit', 'feedback'] as const;
type ExportTable = (typeof EXPORTS)[number];
export type ExportFormat = 'jsonl' | 'csv';

/** Times are ISO 8601, money is micro-USD, null is unknown. */
type ExportRow = Readonly<
  Record<string, string | number | boolean | readonly string[] | readonly object[] | Tags | null>
>;

export interface ExportOptions {
  readonly location: StoreLocation;
  readonly table: ExportTable;
  /** Milliseconds since the epoch. */
  readonly since: number;
  readonly format: ExportFormat;
}

const PAGE_ROWS = 500;

/** Columns in their order; new ones are added at the end. */
const exportColumns: Readonly<Record<ExportTable, readonly string[]>> = {
  ledger: ledger.fields.filter((field) => !RESERVATION_FIELDS.includes(field)),
  session: sessions.fields.filter((field) => field !== 'record'),
  audit: auditLog.fields,
  feedback: feedbacks.fields.filter((field) => field !== 'comment'),
};

/** Opens the store beside its owner, and yields lines with their ends. */
export async function* exportLines({ location, table, since, format }: ExportOptions): AsyncGenerator<string> {
  const database = await openReader(location);
  const columns = exportColumns[table];
  try {
    if (format === 'csv') yield csvLine(columns);
    for await (const row of exportRows(database, table, since))
      yield format === 'csv' ? csvLine(columns.map((column) => row[column] ?? null)) : `${JSON.stringify(row)}\n`;
  } finally {
    await database.close();
  }
}

/** Reads in pages, so that neither side holds all rows. */
async function* exportRows(database: Database, table: ExportTable, since: number): AsyncGenerator<ExportRow> {
  const time = table === 'session' ? 'started_at' : 'at';
  const sql = `select * from ${table} where (${time}, id) > ($1, $2) order by ${time}, id limit ${PAGE_ROWS}`;
  let after: Value[] = [since, ''];
  for (;;) {
    const rows = await database.query(sql, after);
    for (const row of rows) yield exported(table, TABLES[table].item(row));
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE_ROWS) return;
    after = [last[time] ?? null, last.id ?? null];
  }
}

const TABLES = { ledger, session: sessions, audit: auditLog, feedback: feedbacks } as const;

const TIMES = new Set<string>(['at', 'startedAt', 'endedAt'] satisfies ('at' | keyof SessionRow)[]);

function exported(table: ExportTable, item: object): ExportRow {
  const fields = item as Record<string, ExportRow[string] | undefined>;
  return Object.fromEntries(
    exportColumns[table].map((column) => {
      const value = fields[column] ?? null;
      return [column, TIMES.has(column) && typeof value === 'number' ? new Date(value).toISOString() : value];
    }),
  );
}
