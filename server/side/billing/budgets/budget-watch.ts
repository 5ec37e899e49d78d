// Watches which budgets have no room, and tells the gateway processes, which refuse realtime sessions by it without asking the store.
// Rule: what this process moves is read soon after; what other machines move, at the next look.

import type { Logger } from 'pino';
import type { BudgetConfig } from '../../../config/side-schema.ts';
import type { BudgetUse } from '../../../ipc/stored-rows.ts';
import { faultOf } from '../../../platform/log.ts';
import type { BudgetWindow } from '../../store/contract/budgets.ts';
import type { Store } from '../../store/contract/store.ts';
import { lowest, windowOf } from './budget.ts';
import { closedBy } from './budget-state.ts';
import type { WindowUse } from './budget-warnings.ts';

/** Gets the budgets without room: again whenever that changes, and at each look while a reservation closes one. */
export type OnBudgetsClosed = (closed: readonly BudgetUse[]) => void;

interface BudgetWatchOptions {
  /** Those in force, wherever they are written. One for each of something has too many windows to watch. */
  readonly budgets: () => readonly BudgetConfig[];
  /** Resolves when all of them are known. Changes since it began are told of, so that it comes after the watch of keys. */
  readonly prepare?: (() => Promise<void>) | undefined;
  readonly store: Pick<Store, 'budgetUses'>;
  readonly onClosed: OnBudgetsClosed;
  /** Gets the windows that were read, at each look: those of all budgets that are watched, and those that moved of late. */
  readonly onRead?: ((uses: readonly WindowUse[]) => void) | undefined;
  readonly log: Logger;
  readonly everyMs?: number;
}

const EVERY_MS = 1000;
/** Time for which windows are read that moved, and the most of them. */
const [MOVED_MS, MAX_MOVED] = [10_000, 1000];
/** Moves of this time are read together. */
const SOON_MS = 200;

export class BudgetWatch {
  readonly #options: BudgetWatchOptions;
  #timer: NodeJS.Timeout | undefined;
  #soon: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #told: string | undefined;
  #uses: readonly BudgetUse[] = [];
  #isFailing = false;
  /** Windows that have moved of late, the oldest first. */
  readonly #moved = new Map<string, Pick<WindowUse, 'window' | 'isShort'> & { readonly at: number }>();

  constructor(options: BudgetWatchOptions) {
    this.#options = options;
  }

  /** Resolves when the state was told for the first time. */
  async start(): Promise<void> {
    await this.#options.prepare?.();
    await this.#look();
    this.#timer = setInterval(() => void this.#look(), this.#options.everyMs ?? EVERY_MS);
  }

  /** The use of each budget, as it was read last. */
  get uses(): readonly BudgetUse[] {
    return this.#uses;
  }

  /** Tells that budgets may have moved. */
  moved(windows: readonly BudgetWindow[] = [], short?: BudgetWindow): void {
    for (const window of windows)
      this.#moved.set(window.id, { window, isShort: window.id === short?.id, at: Date.now() });
    if (this.#timer === undefined || (this.#uses.length === 0 && windows.length === 0)) return;
    this.#soon ??= setTimeout(() => {
      this.#soon = undefined;
      // One that is under way may have read what was before.
      void Promise.resolve(this.#looking).then(() => this.#look());
    }, SOON_MS);
  }

  /** Resolves when the budgets that have come into force are told. */
  async changed(): Promise<void> {
    // A look that is under way is one at those before.
    await this.#looking;
    await this.#look();
  }

  /** Bounded: only the newest are read. */
  #movedSince(than: number): readonly Pick<WindowUse, 'window' | 'isShort'>[] {
    for (const [id, { at }] of this.#moved) if (at < than) this.#moved.delete(id);
    return [...this.#moved.values()].slice(-MAX_MOVED);
  }

  stop(): void {
    clearInterval(this.#timer);
    clearTimeout(this.#soon);
    this.#timer = undefined;
  }

  #look(): Promise<void> {
    this.#looking ??= this.#read().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  /** While the store is away, what was told last goes on to hold. */
  async #read(): Promise<void> {
    const { budgets, store, onClosed, log } = this.#options;
    const now = Date.now();
    const watched = budgets().filter(({ each }) => each === undefined);
    const windows = lowest(watched.map((budget) => windowOf(budget, now)));
    const moved = this.#movedSince(now - MOVED_MS);
    const ids = new Set([...windows.map(({ id }) => id), ...moved.map(({ window }) => window.id)]);
    try {
      const uses = ids.size === 0 ? {} : await store.budgetUses([...ids]);
      this.#isFailing = false;
      const nothing = { spentMicroUsd: 0, reservedMicroUsd: 0 };
      const read = [...windows.map((window) => ({ window, isShort: false })), ...moved];
      this.#options.onRead?.(read.map((use) => ({ ...use, amounts: uses[use.window.id] ?? nothing })));
      this.#uses = windows.map(({ id, counted = { window: 'total' }, limitMicroUsd, resetsAt }) => {
        return { ...counted, limitMicroUsd, resetsAt, ...(uses[id] ?? nothing) };
      });
      const closed = this.#uses.filter((use) => closedBy(use) !== undefined);
      const state = JSON.stringify(closed);
      if (state === this.#told && !closed.some((use) => closedBy(use) === 'reserved')) return;
      this.#told = state;
      onClosed(closed);
    } catch (error) {
      if (!this.#isFailing) log.warn(faultOf(error), 'budgets cannot be read: what was known of them goes on to hold');
      this.#isFailing = true;
    }
  }
}

/** Returns the store, with each move of a budget told, and the windows that have moved where they are known. */
export function tellMoves(store: Store, onMoved: BudgetWatch['moved']): Store {
  const told =
    <Arguments extends readonly unknown[], Result>(
      method: (...given: Arguments) => Promise<Result>,
      windowsOf: (...given: Arguments) => readonly BudgetWindow[] = () => [],
    ) =>
    async (...given: Arguments): Promise<Result> => {
      const result = await method(...given);
      onMoved(windowsOf(...given));
      return result;
    };
  return {
    ...store,
    reserve: told(store.reserve, (budgets) => budgets),
    takeLease: told(store.takeLease, ({ budget }) => [budget]),
    async takeSlice(wish) {
      const answer = await store.takeSlice(wish);
      onMoved(wish.budgets, answer.short?.budget);
      return answer;
    },
    settle: told(store.settle, (settlements) => settlements.flatMap(({ budgets }) => budgets)),
    settleLost: told(store.settleLost),
    commitSessions: told(store.commitSessions, ({ charged = {} }) => Object.values(charged).flat()),
  };
}
