// A process that writes to a SQLite store until it is killed, and prints what was acknowledged: one id on each line. Arguments are the
// data directory and the beginning of its ids.

import { writeSync } from 'node:fs';
import { openStore } from '../../server/side/store/open.ts';
import { anAttempt, aRealtime, aSession, aSettled, aTurn, NOON } from './side-records.ts';

const [dataDirectory = '', prefix = ''] = process.argv.slice(2);
const budget = { id: 'all', limitMicroUsd: 1e12, resetsAt: undefined };
const store = await openStore({ url: 'sqlite', dataDirectory });
writeSync(1, 'ready\n');

async function write(id: string): Promise<void> {
  const [turns, ledger] = [[aTurn(id, 1), aTurn(id, 2)], [aRealtime(id, 3)]];
  await store.commitSessions({ started: [aSession(id)], turns, ledger, charged: { [id]: [budget] } });
  await store.reserve([budget], 10, anAttempt(`${id}.attempt`, { at: NOON }));
  await store.settle([{ row: aSettled(`${id}.attempt`, 7), budgets: [budget], reservedMicroUsd: 10 }]);
  writeSync(1, `${id}\n`);
}

for (let round = 0; ; round++) {
  // Several writers share commits.
  await Promise.all([0, 1, 2].map((place) => write(`${prefix}-${round}-${place}`)));
}
