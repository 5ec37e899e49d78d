// The side path as a whole: store, ingest, router, tasks, webhooks and HTTP answers, opened together and closed in order.

import type { Logger } from 'pino';
import { decodeMsgpack } from '../../codecs/msgpack.ts';
import type { Config } from '../config/config.ts';
import type { StoredSession } from '../ipc/records.ts';
import type { SessionEvent } from '../ipc/session-event.ts';
import type { SideHandler } from '../ipc/side-request.ts';
import { withDeadline } from '../platform/deadline.ts';
import { faultOf } from '../platform/log.ts';
import { countAttempts } from './billing/attempt-metrics.ts';
import { createPrices } from './billing/prices.ts';
import { createSideHttp } from './http/routes.ts';
import { createRouter } from './llm/router.ts';
import { createSideMetrics } from './metrics.ts';
import { Ingest } from './sessions/ingest.ts';
import { holdInstanceLease } from './store/instance-lease.ts';
import { startMaintenance } from './store/maintenance.ts';
import { openStore } from './store/open.ts';
import { createRunner } from './tasks/runner.ts';
import { createWebhooks } from './tasks/webhooks.ts';

export interface SideStart {
  readonly config: Config;
  /** One supervisor, from its start to its end. */
  readonly instance: string;
  /** false: takes handovers and answers HTTP, but works on nothing by itself. */
  readonly runsTasks: boolean;
  /** URL of the rehearsal (http:), if there is one now. */
  readonly rehearsalUrl: string | undefined;
  /** Where gateway processes reach it; undefined: they do not. */
  readonly socketPath?: string | undefined;
}

export interface Side {
  readonly metrics: ReturnType<typeof createSideMetrics>;
  readonly answer: SideHandler;
  /** Resolves when the batch (a list of HandedOver, encoded) is committed. */
  handOver(batch: Uint8Array): Promise<void>;
  /** Sessions of a gateway process that died. */
  lost(ids: readonly string[]): Promise<void>;
  useRehearsal(url: string): void;
  /** Lets running work end, for as long as that, and closes the store. Called again, the shorter time counts. */
  close(graceMs: number): Promise<void>;
}

/** For what is given back, and for what became of calls, to be written. */
const WRITE_MS = 1000;

/** Rejects when the store cannot be opened, and says why. */
export async function openSide(start: SideStart, log: Logger): Promise<Side> {
  const { config, instance, runsTasks } = start;
  let { rehearsalUrl } = start;
  const { dataDirectory, side: limits } = config;
  const metrics = createSideMetrics();
  const store = countAttempts(await openStore({ url: config.store.url, dataDirectory }), metrics.registry);
  const prices = createPrices(config.prices);
  const router = createRouter({ config, store, prices, rehearsalUrl: () => rehearsalUrl, log });
  const webhooks = runsTasks ? createWebhooks({ config, store, log, metrics }) : undefined;
  const onSettled = () => webhooks?.wake();
  const runner = createRunner({ config, store, router, log, metrics, onSettled, isBackground: runsTasks });
  const wake = (): void => {
    runner.wake();
    webhooks?.wake();
  };
  const onCommitted = (items: readonly SessionEvent[]): void => {
    metrics.taken(items);
    wake();
  };
  const ingest = new Ingest({ config, store, prices, owner: instance, log, onCommitted });
  const onRecovered = async (sessions: readonly StoredSession[]): Promise<void> => {
    await ingest.finishRecovered(sessions);
    wake();
  };
  const lease = await holdInstanceLease({ store, owner: instance, leaseMs: limits.ownerLeaseMs, log, onRecovered });
  const stopUpkeep = runsTasks
    ? startMaintenance({ store, transcripts: config.transcripts, longestCallMs: longestCall(config), log })
    : undefined;

  let shutting: Promise<void> | undefined;
  async function shut(): Promise<void> {
    await withDeadline(router.close(), WRITE_MS).catch(() => {});
    await lease.release().catch((error: unknown) => log.error(faultOf(error), 'lease not given back'));
    await store.close();
  }

  return {
    metrics,
    answer: createSideHttp({ config, store, router, runner, log }),
    async handOver(batch) {
      const items = itemsOf(batch, log);
      if (items.length > 0) await ingest.commit(items);
    },
    lost: (ids) => ingest.commit(ids.map((id) => ({ kind: 'lost', id, endedAt: Date.now() }))),
    useRehearsal(url) {
      rehearsalUrl = url;
    },
    async close(graceMs) {
      stopUpkeep?.();
      const ended = Promise.allSettled([runner.close(graceMs), webhooks?.close(graceMs)]);
      await withDeadline(ended, graceMs + WRITE_MS).catch(() => {});
      shutting ??= shut();
      await shutting;
    },
  };
}

/** A batch that cannot be read will never be: sent again and again, it would hold up all others. */
function itemsOf(batch: Uint8Array, log: Logger): readonly SessionEvent[] {
  try {
    return decodeMsgpack(batch) as readonly SessionEvent[];
  } catch (error) {
    log.error({ bytes: batch.length, ...faultOf(error) }, 'batch lost: it cannot be read');
    return [];
  }
}

/** A margin is for what happens around the calls. */
function longestCall({ classes, tasks }: Config): number {
  const deadlines = [...Object.values(classes), ...tasks].map(({ deadlineMs }) => deadlineMs);
  return Math.max(120_000, ...deadlines) + 60_000;
}
