// The bytes that a target has yet to take, and what follows from that: its source is paused, frames count as sent later, and a target that takes nothing
// for too long is slow.

import { performance } from 'node:perf_hooks';
import type { Limits } from '../../config/config.ts';
import type { Peer } from '../../transport/peer.ts';

interface SendQueueOptions {
  readonly source: Pick<Peer, 'pause' | 'resume'>;
  readonly target: Peer;
  readonly limits: Pick<Limits, 'pauseBytes' | 'stallMs'>;
  /** Called when frames have left that came so long ago. */
  onSent(ms: number, frames: number): void;
  /** Called when nothing waits any more; times are monotonic ms. */
  onWaited(since: number, until: number): void;
  /** Called when the target took nothing for `stallMs`. */
  onSlow(): void;
}

const EMPTY = Buffer.alloc(0);
/** Memory that a queued write takes beside its bytes: a flood of tiny ones must not hold more than one of large ones. */
const WRITE_COST_BYTES = 512;

/** Frames that were passed with one write, which has yet to leave. */
interface QueuedWrite {
  readonly at: number;
  readonly frames: number;
}

export class SendQueue {
  readonly #options: SendQueueOptions;
  readonly #queue: QueuedWrite[] = [];
  #isPaused = false;
  #isFlushing = false;
  #stallTimer: NodeJS.Timeout | undefined;
  /** Since when bytes have been queued without a break; undefined where none are. */
  #since: number | undefined;
  #whenFlushed: (() => void) | undefined;

  constructor(options: SendQueueOptions) {
    this.#options = options;
  }

  /** True while bytes are queued that the target has yet to take. */
  get isFlushing(): boolean {
    return this.#isFlushing;
  }

  /** Since when bytes have waited for the target (monotonic ms); undefined where none do. */
  get since(): number | undefined {
    return this.#since;
  }

  /** Adds a write that has not left at once. `at`: the time when its frames came. */
  add(at: number, frames: number): void {
    const { source, limits } = this.#options;
    this.#queue.push({ at, frames });
    this.#flush();
    if (this.#bytes <= limits.pauseBytes || this.#isPaused) return;
    this.#isPaused = true;
    source.pause('slow');
  }

  /** Calls back once nothing is queued any more: at once, or after the target has taken it all. */
  afterFlush(callback: () => void): void {
    if (this.#options.target.queuedBytes === 0) return void callback();
    this.#whenFlushed = callback;
    this.#flush();
  }

  /** Lets the source be read, whatever is queued. */
  letSourceBe(): void {
    this.#isPaused = false;
    this.#options.source.resume('slow');
  }

  /** Forgets what was queued for a socket that the target has no more. */
  forget(): void {
    this.#queue.length = 0;
    this.#isFlushing = false;
    this.#emptied();
    if (this.#isPaused) this.letSourceBe();
  }

  /** Clears timers and callbacks. */
  stop(): void {
    this.#waited();
    clearInterval(this.#stallTimer);
    this.#stallTimer = undefined;
    this.#whenFlushed = undefined;
  }

  get #bytes(): number {
    return this.#options.target.queuedBytes + this.#queue.length * WRITE_COST_BYTES;
  }

  /**
   * Writes an empty buffer: its callback comes when every write before it has left the process. Frames need no callback of their own,
   * and each callback counts as progress of the target.
   */
  #flush(): void {
    const { target } = this.#options;
    const { socket } = target;
    if (this.#isFlushing || !socket.writable) return;
    this.#isFlushing = true;
    const covered = this.#queue.length;
    socket.write(EMPTY, (error) => {
      if (!error && socket === target.socket) this.#flushed(covered);
    });
    if (this.#stallTimer === undefined) this.#startStallTimer();
  }

  #flushed(covered: number): void {
    const { source, target, limits, onSent } = this.#options;
    this.#isFlushing = false;
    const isEmpty = target.queuedBytes === 0;
    const now = performance.now();
    for (const { at, frames } of this.#queue.splice(0, isEmpty ? this.#queue.length : covered))
      if (frames > 0) onSent(now - at, frames);
    if (this.#isPaused && this.#bytes <= limits.pauseBytes / 4) {
      this.#isPaused = false;
      source.resume('slow');
    }
    if (isEmpty) this.#emptied();
    else this.#flush();
  }

  #emptied(): void {
    this.#waited();
    clearInterval(this.#stallTimer);
    this.#stallTimer = undefined;
    this.#whenFlushed?.();
    this.#whenFlushed = undefined;
  }

  #waited(): void {
    const since = this.#since;
    this.#since = undefined;
    if (since !== undefined) this.#options.onWaited(since, performance.now());
  }

  /** Checks four times per `stallMs` whether the kernel took anything; a full `stallMs` without that is a stall. */
  #startStallTimer(): void {
    const { target, limits, onSlow } = this.#options;
    this.#since = performance.now();
    let taken = target.takenBytes;
    let quietChecks = 0;
    this.#stallTimer = setInterval(() => {
      const now = target.takenBytes;
      quietChecks = now === taken ? quietChecks + 1 : 0;
      taken = now;
      if (quietChecks >= 4) onSlow();
    }, limits.stallMs / 4);
  }
}
