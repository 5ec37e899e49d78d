// Delivers messages to webhooks. A message is sent until it is taken, or too old; a slow receiver holds up no other; of several instances
// only the one that holds its lease sends it.

import type { Logger } from 'pino';
import type { Dispatcher } from 'undici';
import type { SideConfig, WebhookConfig } from '../../config/side-schema.ts';
import type { Delivery } from '../../ipc/stored-rows.ts';
import { faultOf } from '../../platform/log.ts';
import { publicAgent } from '../../platform/outbound/outbound-agent.ts';
import type { Store } from '../store/contract/store.ts';
import { createWakeSignal } from './wake-signal.ts';
import { type SendResult, sendDelivery } from './webhook-request.ts';

const MAX_PER_URL = 4;
const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
/** Pause after each failed attempt. The last one comes again and again: a receiver that is back is not left waiting. */
const PAUSES_MS: readonly number[] = [5 * second, 30 * second, 2 * minute, 5 * minute];

export interface WebhooksOptions {
  readonly config: SideConfig;
  readonly store: Store;
  readonly log: Logger;
  readonly metrics?: { delivered(event: string, outcome: 'delivered' | 'failed' | 'given_up'): void } | undefined;
  readonly pausesMs?: readonly number[] | undefined;
  /** Longest `Retry-After` that is kept to. */
  readonly maxRetryAfterMs?: number | undefined;
  /** Number of requests at once to one URL. */
  readonly maxPerUrl?: number | undefined;
  /** Number of requests at once to all. */
  readonly maxRequests?: number | undefined;
}

export class Webhooks {
  readonly #options: WebhooksOptions;
  readonly #agents: { readonly open: Dispatcher; readonly closed: Dispatcher };
  readonly #wakeSignal = createWakeSignal();
  readonly #sending = new Map<string, number>();
  readonly #running = new Set<Promise<void>>();
  readonly #stop = new AbortController();
  readonly #loop: Promise<void>;
  #isClosing = false;

  constructor(options: WebhooksOptions) {
    this.#options = options;
    const { proxy } = options.config;
    const connectMs = 10 * second;
    this.#agents = {
      open: publicAgent({ allowPrivate: true, connectMs, proxy }),
      closed: publicAgent({ allowPrivate: false, connectMs, proxy }),
    };
    this.#loop = this.#deliverAll();
  }

  /** Tells that there may be something to deliver. */
  wake(): void {
    this.#wakeSignal.notify();
  }

  /**
   * Claims no more, and lets requests end for so long; what is not delivered is sent again later. When called again, the shorter time
   * counts.
   */
  async close(graceMs: number): Promise<void> {
    this.#isClosing = true;
    this.#wakeSignal.notify();
    await this.#loop;
    const grace = setTimeout(() => this.#stop.abort(), graceMs);
    await Promise.all(this.#running);
    clearTimeout(grace);
    await Promise.all([this.#agents.open.destroy(), this.#agents.closed.destroy()]);
  }

  async #deliverAll(): Promise<void> {
    const { config, maxRequests = 32 } = this.#options;
    while (!this.#isClosing) {
      const free = maxRequests - this.#running.size;
      const claimed = free > 0 ? await this.#claim(free) : 0;
      if (claimed === 0) await this.#wakeSignal.wait(config.side.pollMs);
    }
  }

  async #claim(count: number): Promise<number> {
    const { store, log } = this.#options;
    try {
      const now = Date.now();
      const claimed = await store.claimDeliveries({
        now,
        leaseUntil: now + this.#leaseMs(),
        count,
        without: this.#busyUrls(),
      });
      await Promise.all(claimed.map((delivery) => this.#start(delivery)));
      return claimed.length;
    } catch (error) {
      log.warn(faultOf(error), 'no webhook messages can be taken');
      return 0;
    }
  }

  /** Lists URLs that have as many requests open as they may: their messages stay in the store. */
  #busyUrls(): readonly string[] {
    const { maxPerUrl = MAX_PER_URL } = this.#options;
    return [...this.#sending].flatMap(([url, sending]) => (sending >= maxPerUrl ? [url] : []));
  }

  /** Lasts longer than the longest request, with time to write what came of it. */
  #leaseMs(): number {
    return Math.max(...this.#options.config.webhooks.map(({ timeoutMs }) => timeoutMs), 0) + 30 * second;
  }

  #hookAt(url: string): WebhookConfig | undefined {
    return this.#options.config.webhooks.findLast((hook) => hook.url === url);
  }

  async #start(delivery: Delivery): Promise<void> {
    const { store, maxPerUrl = MAX_PER_URL } = this.#options;
    const { id, url, attempts } = delivery;
    const sending = this.#sending.get(url) ?? 0;
    // The message goes back for a moment, so that messages to other URLs behind it are reached.
    if (sending >= maxPerUrl) return store.settleDelivery(id, attempts, Date.now() + jittered(second));
    this.#sending.set(url, sending + 1);
    const run = this.#deliver(delivery).finally(() => {
      this.#sending.set(url, (this.#sending.get(url) ?? 1) - 1);
      this.#running.delete(run);
      this.#wakeSignal.notify();
    });
    this.#running.add(run);
  }

  /** Never rejects. A message whose outcome cannot be written is sent again when its lease ends. */
  async #deliver(delivery: Delivery): Promise<void> {
    const { store, log } = this.#options;
    try {
      const hook = this.#hookAt(delivery.url);
      if (hook === undefined) return await this.#giveUp(delivery, 'not_configured');
      const dispatcher = hook.allowPrivate ? this.#agents.open : this.#agents.closed;
      const sent = await sendDelivery(delivery, hook, { dispatcher, signal: this.#stop.signal });
      if (sent.kind === 'failed' && this.#stop.signal.aborted) {
        return await store.settleDelivery(delivery.id, delivery.attempts, Date.now());
      }
      await this.#settle(delivery, sent);
    } catch (error) {
      log.error({ message: delivery.id, ...faultOf(error) }, 'the outcome of a webhook message cannot be written');
    }
  }

  async #settle(delivery: Delivery, sent: SendResult): Promise<void> {
    const { store, log, metrics, pausesMs = PAUSES_MS, maxRetryAfterMs = hour } = this.#options;
    const { id, event } = delivery;
    const attempts = delivery.attempts + 1;
    switch (sent.kind) {
      case 'delivered':
        await store.settleDelivery(id, attempts, undefined);
        metrics?.delivered(event, 'delivered');
        return;
      case 'gone':
        return this.#giveUp(delivery, 'status_410');
      case 'failed': {
        const { giveUpMs = 0 } = this.#hookAt(delivery.url) ?? {};
        if (Date.now() - delivery.createdAt >= giveUpMs) return this.#giveUp(delivery, sent.code);
        const pause = pausesMs[Math.min(attempts, pausesMs.length) - 1] ?? 0;
        const waitMs = Math.max(jittered(pause), Math.min(sent.retryAfterMs ?? 0, maxRetryAfterMs));
        await store.settleDelivery(id, attempts, Math.round(Date.now() + waitMs));
        metrics?.delivered(event, 'failed');
        log.info({ message: id, event, attempts, code: sent.code }, 'a webhook did not take a message');
      }
    }
  }

  async #giveUp({ id, event, attempts }: Delivery, code: string): Promise<void> {
    const { store, log, metrics } = this.#options;
    await store.settleDelivery(id, attempts + 1, undefined);
    metrics?.delivered(event, 'given_up');
    log.warn({ message: id, event, attempts: attempts + 1, code }, 'a webhook message is given up');
  }
}

/** Varies a pause by up to a tenth. */
function jittered(ms: number): number {
  return Math.round(ms * (0.9 + Math.random() * 0.2));
}
