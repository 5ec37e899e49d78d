// Says that the store fails: one line at first, then one a minute, and one when it works again. What others log about the same fault goes to the
// level debug, since a line for each statement would fill a disk.

import type { Logger } from 'pino';
import type { StoreError } from './contract/store.ts';

const LINE_EVERY_MS = 60_000;

export class StoreFaultLog {
  readonly #log: Logger;
  readonly #lineEveryMs: number;
  #since: number | undefined;
  #lineAt: number | undefined;
  #isTold = false;
  /** Since the last line. */
  #failures = 0;

  constructor(log: Logger, lineEveryMs = LINE_EVERY_MS) {
    this.#log = log;
    this.#lineEveryMs = lineEveryMs;
  }

  /** A statement has failed. */
  failed({ code, cause }: StoreError): void {
    const now = Date.now();
    this.#since ??= now;
    this.#failures += 1;
    if (this.#lineAt !== undefined && now - this.#lineAt < this.#lineEveryMs) return;
    const reason = (cause as NodeJS.ErrnoException | undefined)?.code;
    const seconds = Math.round((now - this.#since) / 1000);
    const facts = { code, reason, failures: this.#failures, seconds };
    this.#log.error(facts, 'the store fails: it is asked again, and sessions go on');
    this.#lineAt = now;
    this.#isTold = true;
    this.#failures = 0;
  }

  /** A statement has written something. */
  wrote(): void {
    if (this.#since === undefined) return;
    const seconds = Math.round((Date.now() - this.#since) / 1000);
    if (this.#isTold) this.#log.info({ seconds }, 'the store works again');
    this.#since = undefined;
    this.#isTold = false;
  }
}

const FAULTS: readonly unknown[] = ['store_unavailable', 'store_full', 'store_damaged'] satisfies StoreError['code'][];

/** Returns the log without the faults of the store, which have lines of their own. */
export function withoutStoreFaults(log: Logger): Logger {
  const quiet = Object.create(log) as Logger;
  for (const level of ['error', 'warn'] as const) {
    quiet[level] = (facts: object, message?: string) => {
      const isKnown = 'fault' in facts && FAULTS.includes(facts.fault);
      log[isKnown ? 'debug' : level](facts, message);
    };
  }
  return quiet;
}
