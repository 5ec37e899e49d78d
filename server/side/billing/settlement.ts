// Writes down what became of attempts. A store that fails for a while is asked again; what is lost with the process was reserved at its worst
// case, and is charged so by whoever opens the store next.

import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { withDeadline } from '../../platform/deadline.ts';
import { faultOf } from '../../platform/log.ts';
import type { Settlement, Store } from '../store/contract.ts';

export interface SettlementWriter {
  /** Resolves when it is written, or when that has failed for the first time; it is then tried again. Never rejects. */
  settle(settlement: Settlement): Promise<void>;
  /** Works it out and writes it soon, after whoever waits for the answer has got it. */
  settleLater(settlement: () => Settlement): void;
  /** Resolves when all is written, or after so long. */
  close(patienceMs: number): Promise<void>;
}

/** Beyond this, a store that stays away is left to charge reservations. */
export const MAX_UNSETTLED = 10_000;
const LONGEST_PAUSE_MS = 5000;
/** What comes in this time is written together: one transaction, and each budget moves once. */
export const BATCH_MS = 100;

export function createSettlementWriter(store: Pick<Store, 'settle' | 'settleAll'>, log: Logger): SettlementWriter {
  const open = new Set<Promise<void>>();
  let isClosed = false;
  let unsettled = 0;
  const later: (() => Settlement)[] = [];
  let timer: NodeJS.Timeout | undefined;

  const write = ({ row, budgets, reservedMicroUsd }: Settlement) => store.settle(row, budgets, reservedMicroUsd);

  function track(work: Promise<void>): Promise<void> {
    open.add(work);
    return work.finally(() => open.delete(work));
  }

  async function settle(settlement: Settlement): Promise<void> {
    try {
      await write(settlement);
    } catch (error) {
      log.error({ ...faultOf(error), attempt: settlement.row.id }, 'attempt not settled, will be tried again');
      if (unsettled < MAX_UNSETTLED) void track(repeat(settlement));
    }
  }

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    if (later.length > 0) void track(settleTogether(later.splice(0).flatMap(workedOut)));
  }

  /** One that cannot be stays pending, and is charged at its reservation. */
  function workedOut(settlement: () => Settlement): readonly Settlement[] {
    try {
      return [settlement()];
    } catch (error) {
      log.error(faultOf(error), 'settlement failed');
      return [];
    }
  }

  /** If one of them is at fault, the others are written all the same. */
  async function settleTogether(settlements: readonly Settlement[]): Promise<void> {
    await store.settleAll(settlements).catch(() => Promise.all(settlements.map(settle)));
  }

  async function repeat(settlement: Settlement): Promise<void> {
    unsettled++;
    for (let pauseMs = 100; !isClosed; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      await delay(pauseMs, undefined, { ref: false });
      const isWritten = await write(settlement).then(
        () => true,
        () => false,
      );
      if (isWritten) break;
    }
    unsettled--;
  }

  return {
    settle: (settlement) => track(settle(settlement)),
    settleLater(settlement) {
      later.push(settlement);
      timer ??= setTimeout(flush, BATCH_MS);
    },
    async close(patienceMs) {
      flush();
      await withDeadline(allOf(open), patienceMs).catch(() => {});
      isClosed = true;
    },
  };
}

async function allOf(open: ReadonlySet<Promise<void>>): Promise<void> {
  while (open.size > 0) await Promise.all(open);
}
