// Reads what a gateway stored, once it has ended.

import type { LedgerRow, SessionEnd, StoredSession, StoredTurn, Task } from '../../server/ipc/stored-rows.ts';
import { openStore } from '../../server/side/store/open.ts';

export interface StoredCall {
  readonly session: StoredSession & Partial<SessionEnd>;
  readonly turns: readonly StoredTurn[];
  readonly tasks: readonly Task[];
  readonly ledger: readonly LedgerRow[];
}

/** Every session in the store of this data directory, oldest first. */
export async function storedCalls(dataDirectory: string): Promise<StoredCall[]> {
  const store = await openStore({ url: 'sqlite', dataDirectory });
  try {
    const sessions = await store.sessions({ limit: 1000 });
    const calls = sessions.map(async (session) => ({
      session,
      turns: await store.turns(session.id),
      tasks: await store.tasks({ session: session.id, limit: 100 }),
      ledger: await store.ledger({ session: session.id, limit: 100 }),
    }));
    return (await Promise.all(calls)).reverse();
  } finally {
    await store.close();
  }
}
