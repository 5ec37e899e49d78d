// `trunkline store export`: ledger rows or sessions, read from the store itself, whether a gateway runs or not.

import { EXPORTS, type ExportFormat, exportLines } from '../side/store/statements/export.ts';
import type { Command } from './command.ts';
import { UsageError } from './usage-error.ts';

export const exportStore: Command = ({ config, options }) => {
  const table = EXPORTS.find((name) => name === (options.table ?? 'ledger'));
  if (table === undefined) throw new UsageError(`--table: expected ${EXPORTS.join(' or ')}, got "${options.table}"`);
  const since = options.since === undefined ? 0 : Date.parse(options.since);
  if (Number.isNaN(since)) throw new UsageError('--since: expected a time such as 2026-01-31T00:00:00Z');
  const location = { url: config.store.url, dataDirectory: config.dataDirectory };
  return exportLines({ location, table, since, format: options.format as ExportFormat });
};
