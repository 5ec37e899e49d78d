// Polls sessions in the store for event streams: once for each session, however many streams listen. Polling sees what other instances do, too.

import type { SessionEnd, StoredSession, Task } from '../../../ipc/stored-rows.ts';
import type { Store } from '../../store/contract/store.ts';

export interface SessionSnapshot {
  /** Undefined until the session has arrived in the store. */
  readonly session: (StoredSession & Partial<SessionEnd>) | undefined;
  readonly tasks: readonly Task[];
}

export interface SessionWatch {
  /** Calls `see` at once and then at every poll, with undefined when the store failed. Returns the function that stops it. */
  listen(id: string, see: (sight: SessionSnapshot | undefined) => void): () => void;
}

const MAX_TASKS = 1000;

interface Watched {
  readonly listeners: Set<(sight: SessionSnapshot | undefined) => void>;
  timer: NodeJS.Timeout | undefined;
}

export function watchSessions(store: Store, times: { readonly pollMs: number }): SessionWatch {
  const watched = new Map<string, Watched>();

  async function look(id: string): Promise<SessionSnapshot | undefined> {
    try {
      // The session is read first, so that tasks which its end released are seen with it.
      const session = await store.session(id);
      return { session, tasks: await store.tasks({ session: id, limit: MAX_TASKS }) };
    } catch {
      return undefined;
    }
  }

  async function poll(id: string, entry: Watched): Promise<void> {
    const sight = await look(id);
    for (const see of entry.listeners) see(sight);
    if (entry.listeners.size > 0) entry.timer = setTimeout(() => void poll(id, entry), times.pollMs);
    else if (watched.get(id) === entry) watched.delete(id);
  }

  return {
    listen(id, see) {
      const known = watched.get(id);
      const entry = known ?? { listeners: new Set(), timer: undefined };
      watched.set(id, entry);
      entry.listeners.add(see);
      if (known === undefined) void poll(id, entry);
      return () => {
        if (!entry.listeners.delete(see)) return;
        if (entry.listeners.size > 0 || entry.timer === undefined) return;
        clearTimeout(entry.timer);
        if (watched.get(id) === entry) watched.delete(id);
      };
    },
  };
}
