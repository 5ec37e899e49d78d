// Writes down what became of attempts. A store that fails for a while is asked again. A settlement that is lost with the process was reserved
// at its worst case, and the next process that opens the store charges it so.

import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { withDeadline } from '../../platform/deadline.ts';
import { faultOf } from '../../platform/log.ts';
import type { Settlement, Store } from '../store/contract.ts';

/** Settlements that are tried again at most; beyond it the store charges reservations. */
const MAX_UNSETTLED = 10_000;
const MAX_PAUSE_MS = 5000;
/** Settlements of this time are written together: one transaction, and each budget moves once. */
const BATCH_MS = 100;

export class SettlementWriter {
  readonly #store: Pick<Store, 'settle'>;
  readonly #log: Logger;
  readonly #writing = new Set<Promise<void>>();
  #waiting: (() => Settlement)[] = [];
  #timer: NodeJS.Timeout | undefined;
  #unsettled = 0;
  #isClosed = false;

  constructor(store: Pick<Store, 'settle'>, log: Logger) {
    this.#store = store;
    this.#log = log;
  }

  /** Resolves when the settlement is written, or when that has failed once; it is then tried again. Never rejects. */
  settle(settlement: Settlement): Promise<void> {
    return this.#track(this.#settle(settlement));
  }

  /** Works the settlement out and writes it within `BATCH_MS`, after the client has its answer. */
  settleLater(settlement: () => Settlement): void {
    this.#waiting.push(settlement);
    this.#timer ??= setTimeout(() => this.#flush(), BATCH_MS);
  }

  /** Resolves when all is written, or after `patienceMs`. */
  async close(patienceMs: number): Promise<void> {
    this.#flush();
    await withDeadline(this.#written(), patienceMs).catch(() => {});
    this.#isClosed = true;
  }

  #track(work: Promise<void>): Promise<void> {
    this.#writing.add(work);
    return work.finally(() => this.#writing.delete(work));
  }

  async #written(): Promise<void> {
    while (this.#writing.size > 0) await Promise.all(this.#writing);
  }

  async #settle(settlement: Settlement): Promise<void> {
    try {
      await this.#store.settle([settlement]);
    } catch (error) {
      this.#log.error({ ...faultOf(error), attempt: settlement.row.id }, 'attempt not settled, will be tried again');
      if (this.#unsettled < MAX_UNSETTLED) void this.#track(this.#repeat(settlement));
    }
  }

  async #repeat(settlement: Settlement): Promise<void> {
    this.#unsettled++;
    for (let pauseMs = 100; !this.#isClosed; pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS)) {
      await delay(pauseMs, undefined, { ref: false });
      const isWritten = await this.#store.settle([settlement]).then(
        () => true,
        () => false,
      );
      if (isWritten) break;
    }
    this.#unsettled--;
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const settlements = this.#waiting.flatMap((settlement) => this.#workedOut(settlement));
    this.#waiting = [];
    if (settlements.length > 0) void this.#track(this.#settleAll(settlements));
  }

  /** A settlement that cannot be worked out stays pending, and is charged at its reservation. */
  #workedOut(settlement: () => Settlement): readonly Settlement[] {
    try {
      return [settlement()];
    } catch (error) {
      this.#log.error(faultOf(error), 'settlement failed');
      return [];
    }
  }

  /** If one of them is at fault, the others are written all the same. */
  async #settleAll(settlements: readonly Settlement[]): Promise<void> {
    await this.#store
      .settle(settlements)
      .catch(() => Promise.all(settlements.map((settlement) => this.#settle(settlement))));
  }
}
