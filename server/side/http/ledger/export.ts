// GET /export: ledger rows or sessions for accounting, oldest first, as JSON lines or CSV, sent while they are read.

import { isProblem } from '../../../http/problem.ts';
import { EXPORTS, exportLines } from '../../store/statements/export.ts';
import type { RouteHandler } from '../handler.ts';
import { readTime, readWord } from '../request/query.ts';

const EXPORT_FORMATS = ['jsonl', 'csv'] as const;

/** Lines are sent in pieces of about this size. */
const PIECE_CHARS = 65_536;

export const getExport: RouteHandler = async (request, { config }) => {
  const { query, emit, signal } = request;
  const format = readWord(query, 'format', EXPORT_FORMATS) ?? 'jsonl';
  if (isProblem(format)) return format;
  const table = readWord(query, 'table', EXPORTS) ?? 'ledger';
  if (isProblem(table)) return table;
  const since = readTime(query, 'since', 0);
  if (isProblem(since)) return since;
  const location = { url: config.store.url, dataDirectory: config.dataDirectory };
  const type = format === 'csv' ? 'text/csv; charset=utf-8' : 'application/jsonl';
  emit({ status: 200, headers: { 'content-type': type, 'cache-control': 'no-store' } });
  let piece = '';
  for await (const line of exportLines({ location, table, since, format })) {
    if (signal.aborted) return undefined;
    piece += line;
    if (piece.length < PIECE_CHARS) continue;
    // The next page is read when the client has room for it.
    await emit(Buffer.from(piece), true);
    piece = '';
  }
  emit(Buffer.from(piece));
  return undefined;
};
