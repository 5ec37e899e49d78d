// Notices that a process hangs: it runs, and does not answer.

import { setTimeout as delay } from 'node:timers/promises';
import type { Rpc } from '../ipc/channel/rpc.ts';
import { isTimeout, withDeadline } from '../platform/deadline.ts';

/** Calls `pulse` five times in `silenceMs`. Resolves with true when that long nothing is answered, with false when the process is gone. */
export async function isHung(rpc: Pick<Rpc, 'call'>, silenceMs: number): Promise<boolean> {
  for (;;) {
    await delay(silenceMs / 5, undefined, { ref: false });
    try {
      await withDeadline(rpc.call('pulse'), silenceMs);
    } catch (error) {
      return isTimeout(error);
    }
  }
}
