// Runs a suite on both databases, each test on empty tables of its own.

import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe } from 'vitest';
import type { Store } from '../../server/side/store/contract/store.ts';
import { openPostgres } from '../../server/side/store/engines/postgres.ts';
import { openStore, type StoreLocation } from '../../server/side/store/open.ts';
import { postgresForTests } from './postgres.ts';
import { temporaryFolder } from './temporary-folder.ts';

export interface Stores {
  readonly kind: Store['kind'];
  /** Makes a location without a store. */
  place(): Promise<StoreLocation>;
  /** Opens a store in an empty location, or in the given one. It is closed after the test. */
  open(place?: StoreLocation): Promise<Store>;
  /** Opens a second instance beside the first. On SQLite, which has one, it is the same again. */
  beside(store: Store): Promise<Store>;
}

export async function onBothStores(suite: (stores: Stores) => void): Promise<void> {
  const folder = temporaryFolder('store');
  const sqlite = async () => ({ url: 'sqlite', dataDirectory: mkdtempSync(join(folder, 'data-')) });
  describe('sqlite', () => suite(storesIn('sqlite', sqlite)));

  const postgres = await postgresForTests();
  const database = async () => ({ url: (await postgres?.database()) ?? '', dataDirectory: folder });
  describe.skipIf(postgres === undefined)('postgres', () => suite(storesIn('postgres', database, emptyPostgres)));
}

/** Empties a database for the next test: making one takes longer than most tests. */
async function emptyPostgres({ url }: StoreLocation): Promise<void> {
  const database = openPostgres({ url, connections: 1 });
  await database.query(
    'truncate session, turn, task, ledger, budget, budget_lease, delivery, lease, api_key, client_secret, audit, change_count, limit_use, session_place, response, response_text, response_part',
  );
  await database.close();
}

function storesIn(kind: Store['kind'], place: Stores['place'], empty?: typeof emptyPostgres): Stores {
  const places = new Map<Store, StoreLocation>();
  const used: StoreLocation[] = [];
  const free: StoreLocation[] = [];
  afterEach(async () => {
    await Promise.all([...places.keys()].map((store) => store.close()));
    places.clear();
    await Promise.all(used.map((one) => empty?.(one)));
    free.push(...used.splice(0));
  });
  const open: Stores['open'] = async (at) => {
    const where = at ?? free.pop() ?? (await place());
    if (at === undefined && empty !== undefined) used.push(where);
    const store = await openStore(where);
    places.set(store, where);
    return store;
  };
  return { kind, place, open, beside: async (store) => (kind === 'sqlite' ? store : open(places.get(store))) };
}
