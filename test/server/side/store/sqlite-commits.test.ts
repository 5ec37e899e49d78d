// Who waits for the disk behind a commit, and who does not.

import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import type { Query, Row } from '../../../../server/side/store/database.ts';
import { createCommits } from '../../../../server/side/store/sqlite-commits.ts';

function opened() {
  const connection = new DatabaseSync(':memory:');
  connection.exec('create table t (a)');
  const disk: PromiseWithResolvers<void>[] = [];
  const query: Query = async (sql) => connection.prepare(sql).all() as Row[];
  const commits = createCommits(connection, {
    query,
    onCommit() {},
    flush() {
      disk.push(Promise.withResolvers());
      return (disk.at(-1) as PromiseWithResolvers<void>).promise;
    },
  });
  const told: string[] = [];
  const add = (name: string, sql: string, mayBeLostWithPower = false) =>
    commits
      .add(async (run) => void (await run(sql)), { mayBeLostWithPower })
      .then(
        () => told.push(name),
        () => told.push(`${name} failed`),
      );
  return { commits, disk, told, add };
}

const INSERT = 'insert into t values (1)';
const turn = () => new Promise((resolve) => setImmediate(resolve));

test('what must survive the power waits for the disk; the rest of its commit, and the next ones, do not', async () => {
  const { disk, told, add } = opened();
  void add('kept', INSERT);
  void add('quick', INSERT, true);
  await turn();
  expect(told).toEqual(['quick']);
  await add('next', INSERT, true);
  expect(told).toEqual(['quick', 'next']);
  expect(disk).toHaveLength(1);
  disk[0]?.resolve();
  await turn();
  expect(told).toEqual(['quick', 'next', 'kept']);
});

test('what changes nothing waits for nothing', async () => {
  const { disk, told, add } = opened();
  await add('read', 'select * from t');
  expect([told, disk]).toEqual([['read'], []]);
});

test('who asks again at every answer leaves the loop its turns', async () => {
  const { add } = opened();
  let turns = 0;
  const count = () => {
    turns++;
    if (turns < 1000) setImmediate(count);
  };
  setImmediate(count);
  for (let asked = 0; asked < 100; asked++) await add('again', 'select 1');
  expect(turns).toBeGreaterThanOrEqual(99);
});

test('a disk that fails is told to those who waited for it, and the next ones go on', async () => {
  const { disk, told, add } = opened();
  void add('kept', INSERT);
  await turn();
  disk[0]?.reject(new Error('scripted'));
  await turn();
  await add('next', INSERT, true);
  expect(told).toEqual(['kept failed', 'next']);
});

test('closing waits for the disk', async () => {
  const { commits, disk, told, add } = opened();
  void add('kept', INSERT);
  await turn();
  const closed = commits.close().then(() => told.push('closed'));
  await turn();
  expect(told).toEqual([]);
  disk[0]?.resolve();
  await closed;
  expect(told).toEqual(['kept', 'closed']);
});
