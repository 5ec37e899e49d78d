// Bounds the requests and body bytes that wait for the side process, in all and per key: one that hangs does not take our memory, and no key
// takes all of it.

import type { Config } from '../../../config/config.ts';
import { quotaOfKey, type SideQuotaLimits } from '../../../config/side/side-limits-schema.ts';

export class SideQuota {
  readonly #total: Usage;
  readonly #requestsByKey: UsageByKey;
  /** Event streams and sockets, which last, take no place of a request. */
  readonly #streams: Usage;
  readonly #streamsByKey: UsageByKey;

  /** The limits are those that the configuration has when they are asked. */
  constructor(config: Pick<Config, 'side' | 'access'>) {
    const ofStreams = () => ({ ...config.side, requests: config.side.streams });
    this.#streams = new Usage(ofStreams);
    this.#streamsByKey = new UsageByKey(() => quotaOfKey(ofStreams(), config.access));
    this.#total = new Usage(() => config.side);
    this.#requestsByKey = new UsageByKey(() => quotaOfKey(config.side, config.access));
  }

  /** True where no request of any key has a place. */
  get isFull(): boolean {
    return !this.#total.fits(1, 0);
  }

  /** `key`: undefined in open mode. Returns undefined where as many are open as may be, in all or of this key. */
  acquireStream(key: string | undefined): QuotaLease | undefined {
    return this.#streamsByKey.acquire(key, this.#streams, 0);
  }

  /** `key`: undefined in open mode. Returns undefined where a limit is reached, or would be by a body of that size. */
  acquire(key: string | undefined, expectedBytes: number): QuotaLease | undefined {
    return this.#requestsByKey.acquire(key, this.#total, expectedBytes);
  }
}

/** The parts that keys have of a quota. */
class UsageByKey {
  readonly #limits: () => SideQuotaLimits;
  /** Only of keys that have something open: others may be made and deleted for ever. */
  readonly #byKey = new Map<string | undefined, Usage>();

  constructor(limits: () => SideQuotaLimits) {
    this.#limits = limits;
  }

  acquire(key: string | undefined, total: Usage, expectedBytes: number): QuotaLease | undefined {
    const own = this.#byKey.get(key) ?? new Usage(this.#limits);
    const usages = [total, own];
    if (!usages.every((usage) => usage.fits(1, expectedBytes))) return undefined;
    this.#byKey.set(key, own);
    return new QuotaLease(usages, () => own.isIdle && this.#byKey.delete(key));
  }
}

/** The part of a quota that one request holds. */
class QuotaLease {
  readonly #usages: readonly Usage[];
  readonly #onOver: () => void;
  #bytes = 0;

  constructor(usages: readonly Usage[], onOver: () => void = () => {}) {
    this.#usages = usages;
    this.#onOver = onOver;
    for (const usage of usages) usage.add(1, 0);
  }

  /** Adds bytes of the body that have come. Returns false where there is no room for them. */
  grow(bytes: number): boolean {
    if (!this.#usages.every((usage) => usage.fits(0, bytes))) return false;
    this.#bytes += bytes;
    for (const usage of this.#usages) usage.add(0, bytes);
    return true;
  }

  [Symbol.dispose](): void {
    for (const usage of this.#usages) usage.add(-1, -this.#bytes);
    this.#onOver();
  }
}

class Usage {
  readonly #limits: () => SideQuotaLimits;
  #requests = 0;
  #bytes = 0;

  constructor(limits: () => SideQuotaLimits) {
    this.#limits = limits;
  }

  get isIdle(): boolean {
    return this.#requests === 0;
  }

  fits(requests: number, bytes: number): boolean {
    const { requests: maxRequests, requestBytes } = this.#limits();
    return this.#requests + requests <= maxRequests && this.#bytes + bytes <= requestBytes;
  }

  add(requests: number, bytes: number): void {
    this.#requests += requests;
    this.#bytes += bytes;
  }
}
