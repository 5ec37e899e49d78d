// Tests that deleted text is in none of the files that SQLite keeps.

import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { openSqlite } from '../../../../../../server/side/store/engines/sqlite.ts';
import { openStore } from '../../../../../../server/side/store/open.ts';
import { anEnd, aSession, aTurn, NOON } from '../../../../../support/side-records.ts';
import { temporaryFolder } from '../../../../../support/temporary-folder.ts';

const folder = temporaryFolder('retention');
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

function aPlace() {
  const dataDirectory = mkdtempSync(join(folder, 'data-'));
  return { place: { url: 'sqlite', dataDirectory }, path: join(dataDirectory, 'trunkline.db') };
}

async function aStore({ place }: ReturnType<typeof aPlace>) {
  const store = await openStore(place);
  closing.push(() => store.close());
  return store;
}

describe('deleted text', () => {
  const CANARY = 'canary-4711';
  const long = `${CANARY} ${'and so on '.repeat(2000)} ${CANARY}`;

  /** Counts the text in all files of the store. */
  const traces = (dataDirectory: string) =>
    readdirSync(dataDirectory)
      .map((file) => readFileSync(join(dataDirectory, file)).toString('latin1').split(CANARY).length - 1)
      .reduce((sum, count) => sum + count, 0);

  async function spoken(where: ReturnType<typeof aPlace>) {
    const store = await aStore(where);
    for (let round = 0; round < 30; round++) {
      const id = `s${round}`;
      const turns = [aTurn(id, 1, { user: CANARY }), aTurn(id, 2, { user: long, assistant: `short ${CANARY}` })];
      await store.commitSessions({ started: [aSession(id)], turns, ended: [anEnd(id)] });
    }
    return store;
  }

  test('deleted text is gone from all files when a session is forgotten', async () => {
    const where = aPlace();
    const store = await spoken(where);
    expect(traces(where.place.dataDirectory)).toBeGreaterThan(100);
    for (let round = 0; round < 30; round++) await store.forget(`s${round}`, NOON);
    expect(traces(where.place.dataDirectory)).toBe(0);
  });

  test('deleted text is gone from all files when sessions are swept', async () => {
    const where = aPlace();
    const store = await spoken(where);
    expect(await store.sweep({ kind: 'tasks-done' }, NOON)).toBe(30);
    expect(traces(where.place.dataDirectory)).toBe(0);
    expect(await store.turns('s29')).toHaveLength(2);
  });

  test('deleted text is gone from all files a little later where a reader was in the way', async () => {
    const where = aPlace();
    const store = await spoken(where);
    const reader = openSqlite({ path: where.path, isReader: true });
    await reader.transaction(async (query) => {
      await query('select count(*) from turn');
      const forgotten = Array.from({ length: 30 }, (_, round) => store.forget(`s${round}`, NOON));
      await Promise.all(forgotten);
      expect(traces(where.place.dataDirectory)).toBeGreaterThan(0);
    });
    await reader.close();
    await store.renewLease('one', NOON);
    expect(traces(where.place.dataDirectory)).toBe(0);
  });
});
