// How transactions on the one connection take turns with everything else.

import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import type { Query, Row } from '../../../../../server/side/store/database.ts';
import { createCommits } from '../../../../../server/side/store/engines/sqlite-commits.ts';

test('who asks again at every answer leaves the loop its turns', async () => {
  const connection = new DatabaseSync(':memory:');
  const query: Query = async (sql) => connection.prepare(sql).all() as Row[];
  const commits = createCommits(connection, { query, onCommit() {} });
  let turns = 0;
  const count = () => {
    turns++;
    if (turns < 1000) setImmediate(count);
  };
  setImmediate(count);
  for (let asked = 0; asked < 100; asked++) await commits.add(async (run) => void (await run('select 1')));
  await commits.close();
  expect(turns).toBeGreaterThanOrEqual(99);
});
