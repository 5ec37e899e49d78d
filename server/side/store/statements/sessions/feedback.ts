// Feedback of the app about its answers and sessions: several words of one ledger row, each with a score. Comments are text, and go as responses do.

import type { Feedback, LedgerRow } from '../../../../ipc/stored-rows.ts';
import type { FeedbackSubject } from '../../contract/store.ts';
import type { Query } from '../../database.ts';
import { insertAll, queryForIds } from '../../row-mapping.ts';
import { feedbacks, ledger, unflatten } from '../../tables.ts';

const SUBJECTS: Readonly<Record<FeedbackSubject['of'], string>> = {
  attempt: "id = $1 and kind <> 'realtime' and refusals is null",
  response: 'response = $1',
  session: "id = $1 and kind = 'realtime'",
};

/** The last attempt counts of a response that had several. */
export async function selectSubject(query: Query, { of, id }: FeedbackSubject): Promise<LedgerRow | undefined> {
  const [row] = await query(`select * from ledger where ${SUBJECTS[of]} order by at desc, id desc limit 1`, [id]);
  return row && unflatten(ledger.item(row));
}

/** Several that come at once may be a few more than `most`. */
export async function addFeedback(query: Query, feedback: Feedback, most: number): Promise<Feedback | undefined> {
  const [counted] = await query('select count(*) as count from feedback where ledger_row = $1', [feedback.ledgerRow]);
  if (Number(counted?.count) < most) await insertAll(query, feedbacks, [feedback]);
  const [stored] = await query('select * from feedback where id = $1', [feedback.id]);
  return stored && feedbacks.item(stored);
}

export async function selectFeedback(query: Query, rows: readonly string[]): Promise<readonly Feedback[]> {
  const found = await queryForIds(query, rows, 'select * from feedback where ledger_row in (:ids) order by at, id');
  return found.map((row) => feedbacks.item(row));
}

export async function forgetComments(query: Query, before: number): Promise<void> {
  await query('update feedback set comment = null where at < $1 and comment is not null', [Math.round(before)]);
}
