// Deletes rows that were kept long enough, in batches so small that others need not wait. What is under way stays, whatever its age, and what
// budgets have spent is no sum of rows.

import type { OldRows } from '../../contract/store.ts';
import type { Database } from '../../database.ts';
import { idsOf, queryForIds } from '../../row-mapping.ts';

/** Number of rows that one transaction deletes. */
const MAX_ROWS = 200;
const MAX_BATCHES = 50;

/** The condition begins with a column of an index, in whose order rows go. */
const OLD = {
  ledger: { by: 'at', where: "at < $1 and outcome <> 'pending'" },
  audit: { by: 'at', where: 'at < $1' },
  task: { by: 'created_at', where: "created_at < $1 and updated_at < $1 and state in ('done', 'failed', 'dead')" },
} as const satisfies Record<OldRows['of'], object>;

export async function deleteOld(database: Database, { of, than }: OldRows): Promise<number> {
  const { by, where } = OLD[of];
  const sql = `delete from ${of} where id in (select id from ${of} where ${where}
    order by ${by}, id limit ${MAX_ROWS} ${database.skipLocked}) returning id`;
  let deleted = 0;
  for (let batch = 0; batch < MAX_BATCHES; batch++) {
    const gone = await database.query(sql, [than]);
    if (of === 'ledger')
      await queryForIds(database.query, idsOf(gone), 'delete from feedback where ledger_row in (:ids)');
    const { length } = gone;
    deleted += length;
    if (length < MAX_ROWS) break;
  }
  // Tasks have text.
  if (of === 'task' && deleted > 0) await database.eraseDeleted();
  return deleted;
}
