// Watches sessions in the store for whoever listens: one poll for each session, however many listen. Polling sees what other
// instances do, too.

import type { SessionEnd, StoredSession, Task } from '../../../ipc/records.ts';
import type { Store } from '../../store/contract.ts';

export interface SessionSnapshot {
  /** undefined: not in the store (yet). */
  readonly session: (StoredSession & Partial<SessionEnd>) | undefined;
  readonly tasks: readonly Task[];
}

export interface SessionWatch {
  /** Calls with what is there, at once and then at every poll; undefined: the store failed. Returns what ends it. */
  listen(id: string, see: (sight: SessionSnapshot | undefined) => void): () => void;
  /** How many listen. */
  readonly count: number;
}

const MAX_TASKS = 1000;

interface Watched {
  readonly listeners: Set<(sight: SessionSnapshot | undefined) => void>;
  timer: NodeJS.Timeout | undefined;
}

export function watchSessions(store: Store, pollMs: number): SessionWatch {
  const watched = new Map<string, Watched>();
  let count = 0;

  async function look(id: string): Promise<SessionSnapshot | undefined> {
    try {
      // In this order: a task that the end of the session released is seen with it.
      const session = await store.session(id);
      return { session, tasks: await store.tasks({ session: id, limit: MAX_TASKS }) };
    } catch {
      return undefined;
    }
  }

  async function poll(id: string, entry: Watched): Promise<void> {
    const sight = await look(id);
    for (const see of entry.listeners) see(sight);
    if (entry.listeners.size > 0) entry.timer = setTimeout(() => void poll(id, entry), pollMs);
    else if (watched.get(id) === entry) watched.delete(id);
  }

  return {
    get count() {
      return count;
    },
    listen(id, see) {
      const known = watched.get(id);
      const entry = known ?? { listeners: new Set(), timer: undefined };
      watched.set(id, entry);
      entry.listeners.add(see);
      count += 1;
      if (known === undefined) void poll(id, entry);
      return () => {
        if (!entry.listeners.delete(see)) return;
        count -= 1;
        if (entry.listeners.size > 0 || entry.timer === undefined) return;
        clearTimeout(entry.timer);
        if (watched.get(id) === entry) watched.delete(id);
      };
    },
  };
}
