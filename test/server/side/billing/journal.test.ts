// Tests the journal of calls: what is in it is read after a kill, and nothing else is.

import { execFileSync } from 'node:child_process';
import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Journal, readJournals } from '../../../../server/side/billing/journal.ts';
import { anAttempt } from '../../../support/side-records.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const call = (id: string) => ({ row: anAttempt(id), budgets: ['a'], reservedMicroUsd: 5 });

/** Makes its files those of a process that is gone. */
function disown(folder: string): void {
  const pid = Number(execFileSync(process.execPath, ['-p', 'process.pid'], { encoding: 'utf8' }));
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    writeFileSync(path, readFileSync(path, 'utf8').replace(/^.*/, JSON.stringify({ pid, start: 'gone' })));
  }
}

const idsIn = (folder: string) => readJournals(folder).flatMap(({ gone }) => gone.calls.map(({ row }) => row.id));

test('calls that were not stored are read once their process is gone, and not before', () => {
  const folder = temporaryFolder('journal');
  const journal = new Journal(folder, 'one');
  journal.write(call('c1'));
  expect(readJournals(folder)).toEqual([]);
  disown(folder);
  const [left] = readJournals(folder);
  expect(left?.gone).toEqual({ holder: 'one', calls: [JSON.parse(JSON.stringify(call('c1')))] });
  left?.remove();
  expect(readdirSync(folder)).toEqual([]);
});

test('calls that are stored go, those that began meanwhile stay, and none of a failed try is lost', () => {
  const folder = temporaryFolder('journal');
  const journal = new Journal(folder, 'one');
  journal.write(call('c1'));
  const stored = journal.turn();
  journal.write(call('c2'));
  stored();
  journal.turn();
  // A try that fails calls nothing.
  journal.write(call('c3'));
  const storedNow = journal.turn();
  journal.write(call('c4'));
  storedNow();
  disown(folder);
  expect(idsIn(folder)).toEqual(['c3', 'c4']);
});

test('a line that a kill or a full disk has cut off is passed over, with those behind it read', () => {
  const folder = temporaryFolder('journal');
  const journal = new Journal(folder, 'one');
  journal.write(call('c1'));
  for (const name of readdirSync(folder)) appendFileSync(join(folder, name), '\n[{"id":"half');
  journal.write(call('c2'));
  disown(folder);
  expect(idsIn(folder)).toEqual(['c1', 'c2']);
});

test('nothing is left of a journal whose calls are all stored', () => {
  const folder = temporaryFolder('journal');
  const journal = new Journal(folder, 'one');
  journal.write(call('c1'));
  journal.turn()();
  journal.close();
  expect(readdirSync(folder)).toEqual([]);
});

test('the journal of a process that could not give its leases back stays, so that the next start does it', () => {
  const folder = temporaryFolder('journal');
  new Journal(folder, 'one').close(false);
  disown(folder);
  expect(readJournals(folder).map(({ gone }) => gone)).toEqual([{ holder: 'one', calls: [] }]);
});
