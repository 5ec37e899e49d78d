// Bounds the requests and body bytes that wait for the side process, in all and per key: one that hangs does not take our memory, and no key
// takes all of it.

import type { Config } from '../../../config/config.ts';
import { quotaOfKey, type SideQuotaLimits } from '../../../config/side-limits-schema.ts';

export class SideQuota {
  readonly #config: Pick<Config, 'side' | 'access'>;
  readonly #total: Usage;
  /** Event streams, which last, take no place of a request. */
  readonly #streams: Usage;
  /** Only of keys that have requests: others may be made and deleted for ever. */
  readonly #byKey = new Map<string | undefined, Usage>();

  /** The limits are those that the configuration has when they are asked. */
  constructor(config: Pick<Config, 'side' | 'access'>) {
    this.#config = config;
    this.#streams = new Usage(() => ({ ...config.side, requests: config.side.streams }));
    this.#total = new Usage(() => config.side);
  }

  /** True where no request of any key has a place. */
  get isFull(): boolean {
    return !this.#total.fits(1, 0);
  }

  /** Returns undefined where as many are open as may be. */
  acquireStream(): QuotaLease | undefined {
    return this.#streams.fits(1, 0) ? new QuotaLease([this.#streams]) : undefined;
  }

  /** `key`: undefined in open mode. Returns undefined where a limit is reached, or would be by a body of that size. */
  acquire(key: string | undefined, expectedBytes: number): QuotaLease | undefined {
    const own = this.#byKey.get(key) ?? new Usage(() => quotaOfKey(this.#config.side, this.#config.access));
    const usages = [this.#total, own];
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
