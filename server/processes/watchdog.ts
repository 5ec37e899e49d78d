// Notices that a process hangs: it is there, and does not answer. Whoever watches decides what becomes of it.

import { setTimeout as delay } from 'node:timers/promises';
import type { Rpc } from '../ipc/rpc.ts';
import { isTimeout, withDeadline } from '../platform/deadline.ts';

export interface WatchdogOptions {
  /** So long without an answer is too long. */
  readonly silenceMs: number;
  /** Called once; nothing is watched after it. */
  readonly onSilent: () => void;
}

/** Asks the other side for its `pulse` five times in that span. Resolves when it is silent, and when it is gone. */
export async function startWatchdog(
  channel: Pick<Rpc, 'call'>,
  { silenceMs, onSilent }: WatchdogOptions,
): Promise<void> {
  for (;;) {
    await delay(silenceMs / 5, undefined, { ref: false });
    try {
      await withDeadline(channel.call('pulse'), silenceMs);
    } catch (error) {
      if (isTimeout(error)) onSilent();
      return;
    }
  }
}
