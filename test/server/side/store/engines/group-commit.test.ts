// Tests that transactions on the one connection take turns with other work.

import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import type { Query, Row } from '../../../../../server/side/store/database.ts';
import { GroupCommit } from '../../../../../server/side/store/engines/group-commit.ts';

test('a caller that asks again at every answer leaves the event loop its turns', async () => {
  const connection = new DatabaseSync(':memory:');
  const query: Query = async (sql) => connection.prepare(sql).all() as Row[];
  const commits = new GroupCommit(connection, { query, onCommit() {} });
  let turns = 0;
  const count = () => {
    turns++;
    if (turns < 1000) setImmediate(count);
  };
  setImmediate(count);
  for (let asked = 0; asked < 100; asked++) await commits.run((run) => run('select 1'));
  await commits.close();
  expect(turns).toBeGreaterThanOrEqual(99);
});
