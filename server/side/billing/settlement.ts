// Writes calls down: that they began, where their reservation came from a lease, and what became of them. All that waits is one transaction, within
// milliseconds of the beginning of a call. A store that fails for a while is asked again.

import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { withDeadline } from '../../platform/deadline.ts';
import { faultOf } from '../../platform/log.ts';
import type { LeasedCall, Settlement } from '../store/contract/budgets.ts';
import type { Store } from '../store/contract/store.ts';
import type { Journal } from './journal.ts';

/** Calls that wait at most; beyond it settlements are dropped, and the store charges reservations. */
const MAX_WAITING = 10_000;
const MAX_PAUSE_MS = 5000;
/** Time from the beginning of a call until its row is on the disk, and the least and the most of it before it is on its way there. */
const STORED_MS = 20;
const [LEAST_START_MS, MOST_START_MS] = [5, 16];
/** Time from the answer to the settlement of a call whose row is there. */
const SETTLE_MS = 100;
/** Time of one transaction after which the store is not keeping up. */
const SLOW_MS = 1000;

interface SettlementOptions {
  readonly store: Pick<Store, 'settle'>;
  readonly log: Logger;
  /** Where calls are that reserve from leases; undefined where none do. */
  readonly leasing?: { readonly holder: string; readonly journal: Journal } | undefined;
}

interface Entry {
  readonly id: string;
  call?: LeasedCall | undefined;
  settlement?: (() => Settlement) | undefined;
  /** Called after the first try. */
  onTried?: (() => void) | undefined;
}

export class SettlementWriter {
  readonly #options: SettlementOptions;
  #waiting = new Map<string, Entry>();
  #timer: { readonly timeout: NodeJS.Timeout; readonly at: number } | undefined;
  #writing: Promise<void> | undefined;
  #writingSince = 0;
  /** Time of a transaction, of late. */
  #tookMs = 0;
  #pauseMs = 0;
  #isClosed = false;

  constructor(options: SettlementOptions) {
    this.#options = options;
  }

  /** True while calls may begin before their rows are stored. */
  get isKeepingUp(): boolean {
    const { leasing } = this.#options;
    if (leasing === undefined || this.#isClosed || this.#pauseMs > 0) return false;
    return this.#writing === undefined || performance.now() - this.#writingSince < SLOW_MS;
  }

  /** Begins with a call that reserved from leases. Throws when the disk takes nothing: it must not be made. */
  begin(call: LeasedCall): void {
    this.#options.leasing?.journal.write(call);
    this.#entry(call.row.id).call = call;
    this.#schedule(Math.min(Math.max(STORED_MS - 2 * this.#tookMs, LEAST_START_MS), MOST_START_MS));
  }

  /** Resolves when the settlement is written, or when that has failed once; it is then tried again. Never rejects. */
  settle(settlement: Settlement): Promise<void> {
    return new Promise((resolve) => {
      const entry = this.#entry(settlement.row.id);
      entry.settlement = () => settlement;
      this.#schedule(0);
      // A store that has just failed is asked later.
      if (this.#pauseMs > 0) resolve();
      else entry.onTried = resolve;
    });
  }

  /** Works the settlement out and writes it soon, after the client has its answer. `id` is that of the row. */
  settleLater(id: string, settlement: () => Settlement): void {
    this.#entry(id).settlement = settlement;
    this.#schedule(SETTLE_MS);
  }

  /** Resolves when what waits now is written, or has failed. */
  async flush(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
    await this.#write();
  }

  /** Resolves when all is written, or after `patienceMs`. */
  async close(patienceMs: number): Promise<void> {
    const written = async () => {
      while (this.#waiting.size > 0 || this.#writing !== undefined) {
        await this.flush();
        if (this.#pauseMs > 0) await delay(Math.min(this.#pauseMs, patienceMs / 4), undefined, { ref: false });
      }
    };
    await withDeadline(written(), patienceMs).catch(() => {});
    this.#isClosed = true;
    clearTimeout(this.#timer?.timeout);
  }

  #entry(id: string): Entry {
    const known = this.#waiting.get(id);
    if (known !== undefined) return known;
    const entry: Entry = { id };
    this.#waiting.set(id, entry);
    return entry;
  }

  #schedule(afterMs: number): void {
    const at = performance.now() + Math.max(afterMs, this.#pauseMs);
    if (this.#isClosed || (this.#timer !== undefined && this.#timer.at <= at)) return;
    clearTimeout(this.#timer?.timeout);
    const run = (): void => {
      this.#timer = undefined;
      // One that is under way schedules the next.
      if (this.#writing === undefined) void this.#write();
    };
    this.#timer = { at, timeout: setTimeout(run, Math.max(afterMs, this.#pauseMs)) };
  }

  #write(): Promise<void> {
    if (this.#waiting.size === 0) return Promise.resolve();
    const entries = [...this.#waiting.values()];
    this.#waiting = new Map();
    const stored = this.#options.leasing?.journal.turn();
    this.#writingSince = performance.now();
    this.#writing = this.#store(entries).then((failed) => {
      this.#writing = undefined;
      this.#tookMs += (performance.now() - this.#writingSince - this.#tookMs) / 8;
      if (failed.length === 0) stored?.();
      this.#pauseMs = failed.length === 0 ? 0 : Math.min(Math.max(100, this.#pauseMs * 2), MAX_PAUSE_MS);
      for (const { onTried } of entries) onTried?.();
      this.#putBack(failed);
      if (this.#waiting.size > 0) this.#schedule(0);
    });
    return this.#writing;
  }

  /** Returns what could not be written. If one entry is at fault, the others are written all the same. */
  async #store(entries: readonly Entry[]): Promise<readonly Entry[]> {
    for (const entry of entries) this.#workOut(entry);
    if (await this.#isStored(entries)) return [];
    if (entries.length === 1) return entries;
    const alone = await Promise.all(entries.map(async (entry) => ((await this.#isStored([entry])) ? [] : [entry])));
    return alone.flat();
  }

  async #isStored(entries: readonly Entry[]): Promise<boolean> {
    const { store, leasing, log } = this.#options;
    const settlements = entries.flatMap(({ call, settlement }) => (settlement && !call ? [settlement()] : []));
    const calls = entries.flatMap(({ call, settlement }) =>
      call ? [{ ...call, row: settlement?.().row ?? call.row }] : [],
    );
    if (settlements.length + calls.length === 0) return true;
    try {
      await store.settle(settlements, leasing && calls.length > 0 ? { holder: leasing.holder, calls } : undefined);
      return true;
    } catch (error) {
      const [first] = entries;
      if (entries.length === 1)
        log.error({ ...faultOf(error), attempt: first?.id }, 'attempt not settled, will be tried again');
      return false;
    }
  }

  /** A settlement that cannot be worked out stays pending, and is charged at its reservation. */
  #workOut(entry: Entry): void {
    try {
      const settlement = entry.settlement?.();
      entry.settlement = settlement && (() => settlement);
    } catch (error) {
      this.#options.log.error(faultOf(error), 'settlement failed');
      entry.settlement = undefined;
    }
  }

  #putBack(failed: readonly Entry[]): void {
    for (const { id, call, settlement } of failed) {
      if (this.#waiting.size >= MAX_WAITING && call === undefined) continue;
      const entry = this.#entry(id);
      entry.call = call;
      entry.settlement ??= settlement;
    }
  }
}
