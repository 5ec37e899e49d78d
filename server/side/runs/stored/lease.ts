// Says in the store that this process lives, while it has runs, and reads there what others want of them.

import type { Logger } from 'pino';
import { faultOf } from '../../../platform/log.ts';
import type { ResponseMarks } from '../../store/contract/responses.ts';
import type { Store } from '../../store/contract/store.ts';

/** Silence of a process after which its runs are lost. */
const LEASE_MS = 10_000;
const RENEW_MS = 3000;
/** Time between two looks at what others want. */
const LOOK_MS = 500;

interface RunLeaseOptions {
  readonly store: Pick<Store, 'renewLease' | 'releaseLease' | 'responseMarks'>;
  /** Name of this process, never used before. */
  readonly holder: string;
  /** Tells whether there are runs under way that the store knows. */
  readonly isNeeded: () => boolean;
  readonly onMarks: (marks: readonly ResponseMarks[]) => void;
  readonly log: Logger;
}

export class RunLease {
  readonly #options: RunLeaseOptions;
  #renewedAt: number | undefined;
  #renewing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: RunLeaseOptions) {
    this.#options = options;
  }

  /** Resolves when the store knows that this process lives. */
  readonly hold = async (): Promise<void> => {
    if (this.#renewedAt === undefined || performance.now() - this.#renewedAt > RENEW_MS) await this.renew();
    this.#timer ??= setTimeout(this.#look, LOOK_MS).unref();
  };

  /** The runs of this process have ended. */
  async release(): Promise<void> {
    clearTimeout(this.#timer);
    if (this.#renewedAt !== undefined) await this.#options.store.releaseLease(this.#options.holder);
  }

  /** Resolves when the store knows it anew. */
  readonly renew = (): Promise<void> => {
    const { store, holder } = this.#options;
    const askedAt = performance.now();
    this.#renewing ??= store
      .renewLease(holder, Date.now() + LEASE_MS)
      .then(() => {
        this.#renewedAt = askedAt;
      })
      .finally(() => {
        this.#renewing = undefined;
      });
    return this.#renewing;
  };

  readonly #look = async (): Promise<void> => {
    const { store, holder, isNeeded, onMarks, log } = this.#options;
    this.#timer = undefined;
    if (!isNeeded()) return;
    try {
      await this.hold();
      const marks = await store.responseMarks(holder);
      if (marks.length > 0) onMarks(marks);
    } catch (error) {
      log.warn(faultOf(error), 'runs: the store cannot be asked what others want of them');
      this.#timer ??= setTimeout(this.#look, LOOK_MS).unref();
    }
  };
}
