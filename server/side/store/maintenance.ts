// What the store needs now and then: texts that were kept long enough go, and calls whose caller is gone are charged.

import type { Logger } from 'pino';
import type { SideConfig } from '../../config/side-schema.ts';
import { faultOf } from '../../platform/log.ts';
import type { Store } from './contract.ts';

export interface MaintenanceOptions {
  readonly store: Pick<Store, 'sweep' | 'settleLost'>;
  readonly transcripts: SideConfig['transcripts'];
  /** The longest that a call can take; a pending one that is older has lost its caller. */
  readonly longestCallMs: number;
  readonly everyMs?: number;
  readonly log: Logger;
}

const EVERY_MS = 60_000;

/** Looks at once, and then every minute. Returns what ends it. */
export function startMaintenance({
  store,
  transcripts,
  longestCallMs,
  everyMs = EVERY_MS,
  log,
}: MaintenanceOptions): () => void {
  const rule = retentionRule(transcripts);
  let isRunning = false;
  async function look(): Promise<void> {
    if (isRunning) return;
    isRunning = true;
    const now = Date.now();
    try {
      await store.settleLost(now - longestCallMs);
      await store.sweep(rule(now), now);
    } catch (error) {
      log.error(faultOf(error), 'upkeep of the store failed');
    }
    isRunning = false;
  }
  void look();
  const timer = setInterval(() => void look(), everyMs);
  return () => clearInterval(timer);
}

type Rule = Parameters<Store['sweep']>[0];

/** What `transcripts` asks for. Where nothing is kept from now on, what was kept before still goes. */
export function retentionRule(transcripts: SideConfig['transcripts']): (now: number) => Rule {
  if (transcripts === 'off' || transcripts === 'until-tasks-done') return () => ({ kind: 'tasks-done' });
  const ms = durationMs(transcripts);
  return (now) => ({ kind: 'older', than: now - ms });
}

const UNITS_MS = { W: 604_800_000, D: 86_400_000, H: 3_600_000, M: 60_000 };

/** Of an ISO 8601 duration in weeks, days, hours and minutes, as the configuration allows it. */
function durationMs(text: string): number {
  const parts = [...text.matchAll(/(\d+)([WDHM])/g)];
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * UNITS_MS[unit as keyof typeof UNITS_MS], 0);
}
