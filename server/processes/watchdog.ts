// Notices that a process hangs: it runs, and does not answer.

import { setTimeout as delay } from 'node:timers/promises';
import type { Rpc } from '../ipc/channel/rpc.ts';

/** Waits of which so many make a silence. */
const WAITS = 5;

/**
 * Calls `pulse` five times in `silenceMs`. Resolves with true when that long nothing is answered, with false when the process is gone. Waits are
 * counted, and not the time: where this process itself stood still, an answer that came meanwhile is read before the next wait is over.
 */
export async function isHung(rpc: Pick<Rpc, 'call'>, silenceMs: number): Promise<boolean> {
  const wait = () => delay(silenceMs / WAITS, 'silent' as const, { ref: false });
  for (;;) {
    await wait();
    const answer = rpc.call('pulse').then(
      () => 'answered' as const,
      () => 'gone' as const,
    );
    let state: 'silent' | 'answered' | 'gone' = 'silent';
    for (let waits = 0; waits < WAITS && state === 'silent'; waits++) state = await Promise.race([answer, wait()]);
    if (state !== 'answered') return state === 'silent';
  }
}
