// Tests sessions of one id on two machines, which share a store and know nothing of each other.

import { pino } from 'pino';
import { expect, test } from 'vitest';
import { loadConfig } from '../../../../server/config/load.ts';
import type { SessionEvent } from '../../../../server/ipc/session-event.ts';
import { Ingest } from '../../../../server/side/sessions/ingest.ts';
import { openStore } from '../../../../server/side/store/open.ts';
import { configFile } from '../../../support/config-file.ts';
import { anEnd, aSession, aTurn } from '../../../support/side-records.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const config = loadConfig({ file: configFile({}), env: {} });

function started(id: string): SessionEvent {
  const { owner: _, ...session } = aSession(id);
  return { kind: 'started', ...session };
}
const spoken = (user: string): SessionEvent => ({
  kind: 'turn',
  ...aTurn('s', 1, { user }),
  usage: {},
  model: undefined,
});

test('an id that two machines take at once is that of two sessions, whatever they have in common', async () => {
  const store = await openStore({ url: 'sqlite', dataDirectory: temporaryFolder('reused-id') });
  const parts = {
    ownBudgets: { of: async () => [] },
    prices: { estimateSum: () => 0 },
    log: pino({ level: 'silent' }),
  };
  const ingestOf = (owner: string) => new Ingest({ config, store, owner, ...parts });
  const [one, two] = [ingestOf('one'), ingestOf('two')];
  await Promise.all([one.commit([started('s'), started('a')]), two.commit([started('s'), started('b')])]);
  await ingestOf('one').commit([spoken('of one')]);
  // A side process that is started anew has no session in memory.
  await ingestOf('two').commit([spoken('of two'), { kind: 'lost', id: 's', endedAt: anEnd('s').endedAt }]);
  const found = await Promise.all(
    ['s', 's.2'].map(async (id) => [await store.session(id), await store.turns(id)] as const),
  );
  const seen = found.map(([session, turns]) => [session?.owner, session?.reason, turns.map(({ user }) => user)]);
  expect(seen.toSorted()).toEqual([
    ['one', undefined, ['of one']],
    ['two', 'gateway-lost', ['of two']],
  ]);
  expect(await store.sessions({ limit: 9 })).toHaveLength(4);
  await store.close();
});
