// Notices that a process hangs: it runs, and does not answer. The caller decides what becomes of it.

import { setTimeout as delay } from 'node:timers/promises';
import type { Rpc } from '../ipc/rpc.ts';
import { isTimeout, withDeadline } from '../platform/deadline.ts';

interface WatchdogOptions {
  /** The longest time without an answer. */
  readonly silenceMs: number;
  /** Called once; the watchdog has ended then. */
  readonly onSilent: () => void;
}

/** Calls `pulse` five times in `silenceMs`. Resolves when the other side is silent, and when it is gone. */
export async function startWatchdog(rpc: Pick<Rpc, 'call'>, { silenceMs, onSilent }: WatchdogOptions): Promise<void> {
  for (;;) {
    await delay(silenceMs / 5, undefined, { ref: false });
    try {
      await withDeadline(rpc.call('pulse'), silenceMs);
    } catch (error) {
      if (isTimeout(error)) onSilent();
      return;
    }
  }
}
