// Polls sessions in the store for event streams: once for each session, however many streams listen. Polling sees what other instances do, too.

import type { BudgetConfig } from '../../../config/side-schema.ts';
import type { StoredSession, Task } from '../../../ipc/stored-rows.ts';
import { budgetsFor } from '../../billing/budgets/budget.ts';
import { WARNED_PART } from '../../billing/budgets/budget-warnings.ts';
import type { BudgetWindow } from '../../store/contract/budgets.ts';
import type { SessionRow, Store } from '../../store/contract/store.ts';

export interface SessionSnapshot {
  /** Undefined until the session has arrived in the store. */
  readonly session: SessionRow | undefined;
  readonly tasks: readonly Task[];
  /** Windows of budgets that count the session while it is open, and of which 80 % are spent. */
  readonly budgets: readonly WindowSpent[];
}

interface WindowSpent {
  readonly window: BudgetWindow;
  readonly spentMicroUsd: number;
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

/** `budgets`: those in force that may count a session. */
export function watchSessions(
  store: Store,
  times: { readonly pollMs: number },
  budgets: (session: StoredSession) => Promise<readonly BudgetConfig[]> = async () => [],
): SessionWatch {
  const watched = new Map<string, Watched>();

  async function look(id: string): Promise<SessionSnapshot | undefined> {
    try {
      // The session is read first, so that tasks which its end released are seen with it.
      const session = await store.session(id);
      const tasks = await store.tasks({ session: id, limit: MAX_TASKS });
      return { session, tasks, budgets: await nearlySpent(session) };
    } catch {
      return undefined;
    }
  }

  async function nearlySpent(session: SessionSnapshot['session']): Promise<readonly WindowSpent[]> {
    if (session === undefined || session.endedAt !== undefined || session.isRehearsal) return [];
    const windows = budgetsFor(await budgets(session), { ...session, path: 'direct' }, Date.now());
    const uses = windows.length === 0 ? {} : await store.budgetUses(windows.map(({ id }) => id));
    const spent = windows.map((window) => ({ window, spentMicroUsd: uses[window.id]?.spentMicroUsd ?? 0 }));
    return spent.filter(({ window, spentMicroUsd }) => spentMicroUsd >= window.limitMicroUsd * WARNED_PART);
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
