// The spans that wait for the collector, and their way there in batches. Rule: whoever adds a span never waits, and never fails: beyond its bound
// spans are dropped, and counted.

import type { Logger } from 'pino';
import type { Posted } from './collector.ts';
import type { TraceSpan } from './span.ts';

/** `queue_full`: as many waited as may; `refused`: the collector did not want them; `unsent`: the process, or their way to it, ended first. */
type DropReason = 'queue_full' | 'refused' | 'unsent';

export interface SpanCounts {
  exported(spans: number): void;
  dropped(reason: DropReason, spans: number): void;
}

interface SpanQueueOptions {
  /** Spans that wait at most. */
  readonly max: number;
  /** Sends a batch; `rejected` of it were not wanted. Never rejects. */
  send(spans: readonly TraceSpan[], signal: AbortSignal): Promise<Posted & { readonly rejected?: number }>;
  readonly counts: SpanCounts;
  readonly log: Logger;
  /** Time that a span waits for others to come along. */
  readonly gatherMs?: number;
  /** The first pause after a failure; each is twice the one before it, up to half a minute. */
  readonly pauseMs?: number;
}

const MAX_BATCH = 512;
/** Characters of text that wait at most, and of those in a batch. */
const MAX_TEXT_LENGTH = 32 * 1024 * 1024;
const MAX_BATCH_TEXT_LENGTH = 2 * 1024 * 1024;

const textLength = ({ events = [] }: TraceSpan): number =>
  events.reduce((length, { text }) => length + (text?.length ?? 0), 0);
const MAX_PAUSE_MS = 30_000;

export class SpanQueue {
  readonly #options: SpanQueueOptions;
  readonly #stop = new AbortController();
  #waiting: TraceSpan[] = [];
  #textLength = 0;
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> | undefined;
  #pauseMs = 0;
  #isClosing = false;
  #isClosed = false;

  constructor(options: SpanQueueOptions) {
    this.#options = options;
  }

  push(span: TraceSpan): void {
    const { max, counts } = this.#options;
    if (this.#isClosed) {
      counts.dropped('unsent', 1);
      return;
    }
    const length = textLength(span);
    if (this.#waiting.length >= max || this.#textLength + length > MAX_TEXT_LENGTH) {
      counts.dropped('queue_full', 1);
      return;
    }
    this.#waiting.push(span);
    this.#textLength += length;
    if (this.#sending !== undefined || this.#pauseMs > 0) return;
    if (this.#hasBatch()) this.#send();
    else this.#schedule();
  }

  /** Sends what waits, for so long; what is not taken by then is counted as dropped. */
  async close(limitMs: number): Promise<void> {
    this.#isClosing = true;
    const limit = setTimeout(() => this.#stop.abort(), limitMs);
    while (this.#waiting.length > 0 && !this.#stop.signal.aborted) {
      this.#send();
      await this.#sending;
      if (this.#pauseMs > 0) break;
    }
    await this.#sending;
    clearTimeout(limit);
    clearTimeout(this.#timer);
    if (this.#waiting.length > 0) this.#options.counts.dropped('unsent', this.#waiting.length);
    this.#waiting = [];
    this.#isClosed = true;
  }

  #send(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#sending !== undefined) return;
    const batch = this.#batch();
    this.#sending = this.#options.send(batch, this.#stop.signal).then((posted) => {
      this.#sending = undefined;
      this.#settle(batch.length, posted);
      if (this.#waiting.length > 0 && !this.#isClosing) this.#schedule();
    });
  }

  #hasBatch(): boolean {
    return this.#waiting.length >= MAX_BATCH || this.#textLength >= MAX_BATCH_TEXT_LENGTH;
  }

  #batch(): TraceSpan[] {
    let length = 0;
    const end = this.#waiting.slice(0, MAX_BATCH).findIndex((span, index) => {
      length += textLength(span);
      return index > 0 && length > MAX_BATCH_TEXT_LENGTH;
    });
    return this.#waiting.slice(0, end === -1 ? MAX_BATCH : end);
  }

  /** Takes a batch out of the queue, unless it is to be sent again. */
  #settle(length: number, posted: Posted & { readonly rejected?: number }): void {
    const { counts, log, pauseMs = 1000 } = this.#options;
    if (posted.kind === 'later') {
      // The first failure of several in a row is told.
      if (this.#pauseMs === 0) log.warn({ fault: posted.fault }, 'the collector does not take spans; they wait');
      const next = this.#pauseMs === 0 ? pauseMs : this.#pauseMs * 2;
      this.#pauseMs = Math.min(Math.max(next, posted.afterMs ?? 0), MAX_PAUSE_MS);
      return;
    }
    if (this.#pauseMs > 0) log.info('the collector takes spans again');
    this.#pauseMs = 0;
    for (const span of this.#waiting.splice(0, length)) this.#textLength -= textLength(span);
    if (posted.kind === 'refused') log.warn({ fault: posted.fault, spans: length }, 'the collector refused spans');
    const refused = posted.kind === 'refused' ? length : Math.min(length, posted.rejected ?? 0);
    if (refused > 0) counts.dropped('refused', refused);
    if (refused < length) counts.exported(length - refused);
  }

  /** Waits until a collector that failed may be asked again, else for a whole batch. */
  #schedule(): void {
    const { gatherMs = 1000 } = this.#options;
    const waitMs = this.#hasBatch() ? 0 : gatherMs;
    this.#timer ??= setTimeout(() => this.#send(), this.#pauseMs || waitMs).unref();
  }
}
