// Maintains the store periodically: charges calls whose process is gone, and removes texts, ids and rows that were kept long enough.

import type { Logger } from 'pino';
import { millisecondsOf } from '../../../codecs/text/duration.ts';
import type { SideConfig } from '../../config/side-schema.ts';
import { faultOf } from '../../platform/log.ts';
import type { OldRows, RetentionRule, Store } from './contract/store.ts';

interface MaintenanceOptions {
  readonly store: Pick<
    Store,
    | 'sweep'
    | 'sweepResponses'
    | 'settleLost'
    | 'removeExpiredIds'
    | 'removeOldLimits'
    | 'removeExpiredSecrets'
    | 'removeExpiredMoved'
    | 'deleteOld'
  >;
  readonly config: Pick<SideConfig, 'transcripts' | 'keep' | 'runs'>;
  /** Ends the runs of processes that are gone. */
  readonly endLost?: () => Promise<unknown>;
  readonly everyMs?: number;
  readonly log: Logger;
}

const EVERY_MS = 30_000;
/** An instance that was cut off from the store for less finds the places of its sessions again. */
const LIMITS_KEPT_MS = 24 * 3_600_000;

/** Runs at once, and then twice a minute. Returns a function that stops it. */
export function startMaintenance({ store, config, everyMs = EVERY_MS, log, endLost }: MaintenanceOptions): () => void {
  let isRunning = false;
  let isStopped = false;
  async function maintain(): Promise<void> {
    if (isRunning) return;
    isRunning = true;
    const now = Date.now();
    try {
      await store.settleLost(now);
      await endLost?.();
      await store.sweepResponses(responseRetention(config, now));
      await store.sweep(retentionRule(config.transcripts)(now), now);
      await store.removeExpiredIds(now);
      await store.removeOldLimits(now - LIMITS_KEPT_MS);
      await store.removeExpiredSecrets(now);
      await store.removeExpiredMoved(now);
      for (const rows of oldRows(config.keep, now)) await store.deleteOld(rows);
    } catch (error) {
      // A store that is closed meanwhile is no fault of it.
      if (!isStopped) log.error(faultOf(error), 'maintenance of the store failed');
    }
    isRunning = false;
  }
  void maintain();
  const timer = setInterval(() => void maintain(), everyMs);
  return () => {
    isStopped = true;
    clearInterval(timer);
  };
}

/** Makes the rule that `transcripts` asks for. Where nothing is kept from now on, what was kept before still goes. */
export function retentionRule(transcripts: SideConfig['transcripts']): (now: number) => RetentionRule {
  if (transcripts === 'off' || transcripts === 'until-tasks-done') return () => ({ kind: 'tasks-done' });
  const ms = millisecondsOf(transcripts);
  return (now) => ({ kind: 'older', than: now - ms });
}

/** Responses are kept as the text of sessions is; no task says for how long, where that goes by tasks. */
function responseRetention({ transcripts, runs }: Pick<SideConfig, 'transcripts' | 'runs'>, now: number) {
  const isOff = transcripts === 'off';
  const keptMs = isOff ? 0 : transcripts === 'until-tasks-done' ? runs.storeMs : millisecondsOf(transcripts);
  return { keptBefore: now - keptMs, logsBefore: isOff ? now : now - runs.keepMs };
}

function oldRows({ ledger, tasks, audit }: SideConfig['keep'], now: number): readonly OldRows[] {
  const than = (kept: string): number => now - millisecondsOf(kept);
  return [
    ...(ledger === undefined ? [] : [{ of: 'ledger', than: than(ledger) } as const]),
    ...(audit === undefined ? [] : [{ of: 'audit', than: than(audit) } as const]),
    ...(tasks === undefined ? [] : [{ of: 'task', than: than(tasks) } as const]),
  ];
}
