// Waits for a condition, never for a time: a test that waits in vain ends by the limit of the test.

import { setTimeout as delay } from 'node:timers/promises';

/** Resolves with the first value that is neither undefined nor false. */
export async function until<T>(ask: () => T | undefined | false | Promise<T | undefined | false>): Promise<T> {
  for (let asked = 1; ; asked++) {
    const value = await ask();
    if (value !== undefined && value !== false) return value;
    // Work that takes longer needs the processor more than the question does.
    await delay(asked < 40 ? 5 : 20);
  }
}
