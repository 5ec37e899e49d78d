// Lets a few questions of each key go to the store at once: they wait for each other there, and each would hold a connection that others need.

import { type BulkheadPolicy, bulkhead } from 'cockatiel';

const MOST_AT_ONCE = 4;

export class KeyTurns {
  /** Only of keys that have a question. */
  readonly #asking = new Map<string, BulkheadPolicy>();

  /** Settles as the work does, which begins when it is its turn. */
  async run<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
    const asking = this.#asking.get(name) ?? bulkhead(MOST_AT_ONCE, Number.POSITIVE_INFINITY);
    this.#asking.set(name, asking);
    try {
      return await asking.execute(work);
    } finally {
      if (asking.executionSlots === MOST_AT_ONCE) this.#asking.delete(name);
    }
  }
}
