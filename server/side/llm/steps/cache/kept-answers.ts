// The answers that one class keeps, in memory, under a bound of bytes and of count. Rule: none outlives its time, and the oldest make room.

import type { LedgerRow } from '../../../../ipc/stored-rows.ts';
import type { Answered } from '../../call.ts';

export interface KeptAnswer extends Pick<Answered, 'text' | 'served' | 'provider' | 'finish' | 'addedMaxTokens'> {
  /** The answer in the form of its client: JSON, or the bytes of a stream. */
  readonly body: Buffer;
  /** The row of the attempt that gave it. */
  readonly row: LedgerRow;
  /** The sum that an equal call saves; undefined: not known. */
  readonly savedMicroUsd: number | undefined;
}

interface Aged {
  readonly answer: KeptAnswer;
  readonly ageMs: number;
}

interface Kept {
  readonly answer: KeptAnswer;
  readonly bytes: number;
  /** A time of performance.now(). */
  readonly keptAt: number;
}

interface KeptAnswersOptions {
  readonly ttlMs: number;
  readonly maxBytes: number;
  readonly maxAnswers: number;
}

/** Memory of an answer beside its text: its row, its key and its place. */
const OVERHEAD_BYTES = 2048;
/** No answer may take more than this part of the bytes, since many would have to go for it. */
const MOST_SHARE = 1 / 8;

export class KeptAnswers {
  readonly #options: KeptAnswersOptions;
  /** By key, the oldest first. */
  readonly #kept = new Map<string, Kept>();
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: KeptAnswersOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#kept.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Bytes of the longest answer that is kept. */
  get longestBytes(): number {
    return Math.floor(this.#options.maxBytes * MOST_SHARE);
  }

  /** Finds an answer that is no older than that. */
  get(key: string, maxAgeMs = Number.POSITIVE_INFINITY): Aged | undefined {
    const found = this.#kept.get(key);
    if (found === undefined) return undefined;
    const ageMs = performance.now() - found.keptAt;
    return ageMs < this.#options.ttlMs && ageMs <= maxAgeMs ? { answer: found.answer, ageMs } : undefined;
  }

  /** Takes the place of one with the same key. */
  keep(key: string, answer: KeptAnswer): void {
    const bytes = OVERHEAD_BYTES + answer.body.length + 2 * answer.text.length;
    if (this.#isClosed || bytes > this.longestBytes) return;
    this.#drop(key);
    this.#kept.set(key, { answer, bytes, keptAt: performance.now() });
    this.#bytes += bytes;
    const { maxBytes, maxAnswers } = this.#options;
    for (const oldest of this.#kept.keys()) {
      if (this.#bytes <= maxBytes && this.#kept.size <= maxAnswers) break;
      this.#drop(oldest);
    }
    this.#watch();
  }

  /** Drops the answers of these keys of the gateway. */
  forget(keys: ReadonlySet<string | undefined>): void {
    for (const [key, { answer }] of this.#kept) if (keys.has(answer.row.key)) this.#drop(key);
  }

  /** Drops all, and keeps nothing any more. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#kept.clear();
    this.#bytes = 0;
  }

  #drop(key: string): void {
    this.#bytes -= this.#kept.get(key)?.bytes ?? 0;
    this.#kept.delete(key);
  }

  /** Waits for the end of the oldest. */
  #watch(): void {
    const [oldest] = this.#kept.values();
    if (oldest === undefined || this.#timer !== undefined) return;
    const leftMs = oldest.keptAt + this.#options.ttlMs - performance.now();
    this.#timer = setTimeout(() => this.#dropOld(), Math.max(1, leftMs)).unref();
  }

  #dropOld(): void {
    this.#timer = undefined;
    const latest = performance.now() - this.#options.ttlMs;
    for (const [key, { keptAt }] of this.#kept) {
      if (keptAt > latest) break;
      this.#drop(key);
    }
    this.#watch();
  }
}
