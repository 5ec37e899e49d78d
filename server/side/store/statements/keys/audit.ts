// The audit log: entries are written with what they tell of, and never changed.

import type { AuditEntry, AuditFilter } from '../../contract/keys.ts';
import type { Query } from '../../database.ts';
import { conditions, insertAll } from '../../row-mapping.ts';
import { auditLog } from '../../tables.ts';

/** Writes the entry in the transaction of the query. */
export async function insertAudit(query: Query, entry: AuditEntry): Promise<void> {
  await insertAll(query, auditLog, [entry]);
}

export async function selectAudit(
  query: Query,
  { since, until, action, subject, before, limit }: AuditFilter,
): Promise<readonly AuditEntry[]> {
  const { and, params } = conditions([
    since !== undefined && ['at >= ?', since],
    until !== undefined && ['at < ?', until],
    action !== undefined && ['action = ?', action],
    subject !== undefined && ['subject = ?', subject],
    before !== undefined && ['(at, id) < (select at, id from audit where id = ?)', before],
  ]);
  const sql = `select * from audit where ${and} order by at desc, id desc limit $${params.length + 1}`;
  return (await query(sql, [...params, limit])).map(auditLog.item);
}
