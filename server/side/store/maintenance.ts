// Maintains the store periodically: removes texts and ids that were kept long enough, and charges calls whose process is gone.

import type { Logger } from 'pino';
import { millisecondsOf } from '../../../codecs/duration.ts';
import type { SideConfig } from '../../config/side-schema.ts';
import { faultOf } from '../../platform/log.ts';
import type { RetentionRule, Store } from './contract.ts';

interface MaintenanceOptions {
  readonly store: Pick<Store, 'sweep' | 'settleLost' | 'removeExpiredIds'>;
  readonly transcripts: SideConfig['transcripts'];
  readonly everyMs?: number;
  readonly log: Logger;
}

const EVERY_MS = 30_000;

/** Runs at once, and then twice a minute. Returns a function that stops it. */
export function startMaintenance({ store, transcripts, everyMs = EVERY_MS, log }: MaintenanceOptions): () => void {
  const rule = retentionRule(transcripts);
  let isRunning = false;
  async function maintain(): Promise<void> {
    if (isRunning) return;
    isRunning = true;
    const now = Date.now();
    try {
      await store.settleLost(now);
      await store.sweep(rule(now), now);
      await store.removeExpiredIds(now);
    } catch (error) {
      log.error(faultOf(error), 'maintenance of the store failed');
    }
    isRunning = false;
  }
  void maintain();
  const timer = setInterval(() => void maintain(), everyMs);
  return () => clearInterval(timer);
}

/** Makes the rule that `transcripts` asks for. Where nothing is kept from now on, what was kept before still goes. */
export function retentionRule(transcripts: SideConfig['transcripts']): (now: number) => RetentionRule {
  if (transcripts === 'off' || transcripts === 'until-tasks-done') return () => ({ kind: 'tasks-done' });
  const ms = millisecondsOf(transcripts);
  return (now) => ({ kind: 'older', than: now - ms });
}
