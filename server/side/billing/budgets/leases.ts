// The leases of this process: slices of budgets that the store counts as reserved, and that calls reserve from in memory. They grow with what
// calls need, and go back when nobody uses them, when others need them, and at the end.

import type { Logger } from 'pino';
import { faultOf } from '../../../platform/log.ts';
import { type BudgetLeases, type BudgetWindow, HOLD_MS } from '../../store/contract/budgets.ts';

interface LeasesOptions {
  readonly store: BudgetLeases;
  /** Name of this process, never used before. */
  readonly holder: string;
  readonly log: Logger;
  readonly lookEveryMs?: number;
  /** Time without a call, after which a lease goes back. */
  readonly idleMs?: number;
}

/** Time between two looks at whether others need what is free here. */
const LOOK_EVERY_MS = 500;
const IDLE_MS = 10_000;
/** Calls as large as the present one that a lease has room for when it is new. */
const CALLS = 8;

interface Lease {
  budget: BudgetWindow;
  freeMicroUsd: number;
  /** Reserved since `since`, and in the time before, each a second or so. */
  usedMicroUsd: number;
  usedBeforeMicroUsd: number;
  since: number;
  usedAt: number;
  taking: Promise<void> | undefined;
}

export class Leases {
  readonly #options: LeasesOptions;
  readonly #leases = new Map<string, Lease>();
  #timer: NodeJS.Timeout | undefined;
  #isLooking = false;
  #hasTaken = false;
  #isClosed = false;

  constructor(options: LeasesOptions) {
    this.#options = options;
  }

  /** Reserves a whole amount in all budgets or in none, without asking the store. */
  reserve(budgets: readonly BudgetWindow[], amountMicroUsd: number, now: number): boolean {
    const leases = budgets.flatMap((budget) => this.#of(budget) ?? []);
    const hasRoom = ({ freeMicroUsd }: Lease) => freeMicroUsd >= Math.max(amountMicroUsd, 1);
    if (leases.length < budgets.length || !leases.every(hasRoom)) return false;
    for (const lease of leases) {
      lease.freeMicroUsd -= amountMicroUsd;
      this.#used(lease, amountMicroUsd, now);
    }
    return true;
  }

  /** Takes a reservation back whose call is not made. */
  cancel(budgets: readonly BudgetWindow[], amountMicroUsd: number): void {
    for (const { id } of budgets) {
      const lease = this.#leases.get(id);
      if (lease !== undefined) lease.freeMicroUsd += amountMicroUsd;
    }
  }

  /** Tells that a call has reserved this in the store, since there was no lease for it: the next one may find one. */
  missed(budgets: readonly BudgetWindow[], amountMicroUsd: number, now: number): void {
    if (this.#isClosed) return;
    for (const budget of budgets) {
      // A budget that has another limit now.
      if (this.#of(budget) === undefined) void this.giveBack(budget.id);
      const lease = this.#leases.get(budget.id) ?? {
        ...{ budget, freeMicroUsd: 0, usedMicroUsd: 0, usedBeforeMicroUsd: 0 },
        ...{ since: now, usedAt: now, taking: undefined },
      };
      lease.budget = budget;
      this.#leases.set(budget.id, lease);
      this.#used(lease, amountMicroUsd, now);
    }
    this.#timer ??= setInterval(() => void this.#look(), this.#options.lookEveryMs ?? LOOK_EVERY_MS);
  }

  /** Resolves when what is free of a budget is given back. */
  async giveBack(budget: string): Promise<void> {
    const lease = this.#leases.get(budget);
    const free = lease?.freeMicroUsd ?? 0;
    if (lease === undefined || free === 0) return;
    lease.freeMicroUsd = 0;
    const { store, holder, log } = this.#options;
    await store.returnLease(holder, { [budget]: free }).catch((error: unknown) => {
      // Nobody knows whether it is: it counts too much until this process ends.
      log.warn({ ...faultOf(error), budget }, 'lease on a budget not given back');
    });
  }

  /** Gives everything back. False where the store does not take it. */
  async close(): Promise<boolean> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    await Promise.all([...this.#leases.values()].map(({ taking }) => taking));
    if (!this.#hasTaken) return true;
    const { store, holder, log } = this.#options;
    this.#leases.clear();
    return store.recoverLeases({ holder, calls: [] }).then(
      () => true,
      (error: unknown) => {
        log.warn(faultOf(error), 'leases on budgets not given back: the next start does it');
        return false;
      },
    );
  }

  /** Leaves out a lease that was taken under another limit. */
  #of({ id, limitMicroUsd }: BudgetWindow): Lease | undefined {
    const lease = this.#leases.get(id);
    return lease?.budget.limitMicroUsd === limitMicroUsd ? lease : undefined;
  }

  #used(lease: Lease, amountMicroUsd: number, now: number): void {
    if (now - lease.since >= 1000) {
      lease.usedBeforeMicroUsd = now - lease.since < 2000 ? lease.usedMicroUsd : 0;
      lease.usedMicroUsd = 0;
      lease.since = now;
    }
    const most = Math.max(amountMicroUsd, 1);
    lease.usedMicroUsd += most;
    lease.usedAt = now;
    const needed = Math.max(lease.usedMicroUsd, lease.usedBeforeMicroUsd, most * (CALLS / 2));
    if (lease.freeMicroUsd >= needed || lease.taking !== undefined) return;
    lease.taking = this.#take(lease, { needed, leastMicroUsd: 2 * most, now }).finally(() => {
      lease.taking = undefined;
    });
  }

  async #take(
    lease: Lease,
    { needed, leastMicroUsd, now }: { readonly needed: number; readonly leastMicroUsd: number; readonly now: number },
  ): Promise<void> {
    const { store, holder, log } = this.#options;
    const until = now + HOLD_MS;
    const wishMicroUsd = Math.max(2 * needed - lease.freeMicroUsd, leastMicroUsd);
    this.#hasTaken = true;
    try {
      const { budget } = lease;
      const granted = await store.takeLease({ holder, budget, wishMicroUsd, leastMicroUsd, now, until });
      lease.freeMicroUsd += granted;
    } catch (error) {
      log.debug(faultOf(error), 'no lease on a budget');
    }
  }

  async #look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    const { store, holder, log, idleMs = IDLE_MS } = this.#options;
    const now = Date.now();
    const until = now + HOLD_MS;
    try {
      const { held, wanted } = await store.holdLeases({ holder, now, until, renewBefore: until - HOLD_MS / 3 });
      for (const [id, { budget, usedAt }] of this.#leases) {
        const isOver = budget.resetsAt !== undefined && budget.resetsAt < now;
        const isGone = isOver || now - usedAt > idleMs;
        // One that was taken for lost counts as spent: it is used no more.
        if (isGone || wanted.includes(id) || !held.includes(id)) await this.giveBack(id);
        if (isGone) this.#leases.delete(id);
      }
      if (this.#leases.size === 0) this.#stop();
    } catch (error) {
      log.warn(faultOf(error), 'leases on budgets not extended');
    }
    this.#isLooking = false;
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
