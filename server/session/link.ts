// One direction of a session: the bytes of the source go to the target as they are, and the source waits while the target is slow.
// Frames are read as they go by, and looked at only after they were sent; there is no queue but the one of the target's socket.

import { performance } from 'node:perf_hooks';
import type { Direction, Frame } from '../../codecs/frame.ts';
import type { FrameBatch, ReadEnd } from '../../codecs/frame-batch.ts';
import { FrameReader } from '../../codecs/frame-reader.ts';
import type { Limits } from '../config/config.ts';
import type { Boundary, Peer } from '../transport/peer.ts';
import type { Tap } from './tap/tap.ts';

export interface LinkOptions {
  readonly direction: Direction;
  readonly source: Peer;
  readonly target: Peer;
  readonly limits: Limits;
  readonly tap: Tap;
  /** What must be seen before it passes: see `FrameReaderOptions`. */
  readonly gate?: ((frame: Frame) => (() => void) | undefined) | undefined;
  /** The source closed, or sent what may not pass. What came before has been passed on. */
  readonly onEnd: (end: ReadEnd) => void;
  /** The target took nothing for `stallMs`. */
  readonly onSlow: () => void;
}

const EMPTY = Buffer.alloc(0);
/** What a queued write costs beside its bytes: a flood of tiny ones must not hold more memory than one of large ones. */
const WRITE_COST_BYTES = 512;

/** Frames that were passed with one write, which has yet to leave. */
interface Waiting {
  readonly at: number;
  readonly frames: number;
}

export class Link {
  readonly #options: LinkOptions;
  readonly #reader: FrameReader;
  readonly #queue: Waiting[] = [];
  #isPaused = false;
  /** Frames that may still pass in this second, and when that was reckoned. */
  #allowance: number;
  #reckonedAt = 0;
  #rest: NodeJS.Timeout | undefined;
  #flushing = false;
  #watch: NodeJS.Timeout | undefined;
  #whenFlushed: (() => void) | undefined;
  /** Set once nothing more shall pass. */
  #whenFinished: (() => void) | undefined;
  #patience: NodeJS.Timeout | undefined;

  constructor(options: LinkOptions) {
    const { direction, limits, gate } = options;
    const isUpstream = direction === 'upstream';
    this.#options = options;
    this.#allowance = limits.maxFramesPerSecond;
    this.#reader = new FrameReader({
      isMasked: isUpstream,
      maxPayloadBytes: isUpstream ? limits.clientMaxPayloadBytes : limits.providerMaxPayloadBytes,
      maxFragments: limits.maxFragments,
      maxBufferedChunks: limits.maxBufferedChunks,
      gate,
    });
  }

  /** Where what has passed ends. */
  get boundary(): Boundary {
    return this.#reader;
  }

  /** Whether bytes are queued that the target has yet to take. */
  get isCongested(): boolean {
    return this.#flushing;
  }

  /** Reads what the source sent, and passes on what may pass. */
  receive(chunk: Buffer): void {
    const { source, onEnd } = this.#options;
    const at = performance.now();
    const batch = this.#reader.read(chunk, at);
    if (batch.count > 0) this.#spend(batch.count, at);
    for (const { name, payload } of batch.controls) if (name === 'ping') source.pong(payload);
    if (batch.runs.length > 0) this.#pass(batch, at);
    if (batch.end !== undefined) onEnd(batch.end);
    if (this.#whenFinished !== undefined) this.#checkFinished();
  }

  /**
   * Nothing more passes but the rest of a message that has begun. Calls back when that has passed and the target has taken it
   * all; `isHurried`: at once.
   */
  finish(callback: () => void, isHurried = false): void {
    this.#reader.mute();
    this.#whenFinished = isHurried ? callback : () => this.#flushed(callback);
    this.#patience = setTimeout(() => this.#finished(), this.#options.limits.closeMs);
    if (isHurried) this.#finished();
    else this.#checkFinished();
  }

  /** The source is gone: a message that has begun will not end. */
  sourceLost(): void {
    if (this.#whenFinished !== undefined) this.#checkFinished();
  }

  /** Drops the timers and the callbacks; the sockets belong to the session. */
  stop(): void {
    clearInterval(this.#watch);
    clearTimeout(this.#rest);
    clearTimeout(this.#patience);
    this.#watch = undefined;
    this.#rest = undefined;
    this.#whenFinished = undefined;
    this.#whenFlushed = undefined;
  }

  /** A target that is closing takes no more. */
  #pass({ runs, frames }: FrameBatch, at: number): void {
    const { source, target, tap, direction } = this.#options;
    if (!target.isOpen) return;
    for (const run of runs) if (target.pass(run)) source.keepReceived();
    target.release();
    if (target.queuedBytes > 0) this.#congested({ at, frames: frames.length });
    else if (frames.length > 0) tap.sent(direction, performance.now() - at, frames.length);
    for (const frame of frames) tap.observe(frame, direction);
  }

  /** A source that sends more frames than any call does is read no further until its allowance is back: others need the loop. */
  #spend(frames: number, at: number): void {
    const { source, limits } = this.#options;
    const perMs = limits.maxFramesPerSecond / 1000;
    this.#allowance = Math.min(limits.maxFramesPerSecond, this.#allowance + (at - this.#reckonedAt) * perMs) - frames;
    this.#reckonedAt = at;
    if (this.#allowance >= 0 || this.#rest !== undefined) return;
    source.pause();
    this.#rest = setTimeout(() => {
      this.#rest = undefined;
      if (!this.#isPaused) source.resume();
    }, -this.#allowance / perMs);
  }

  #congested(waiting: Waiting): void {
    const { source, limits } = this.#options;
    this.#queue.push(waiting);
    this.#flush();
    if (this.#queuedBytes() <= limits.pauseBytes || this.#isPaused) return;
    this.#isPaused = true;
    source.pause();
  }

  #queuedBytes(): number {
    return this.#options.target.queuedBytes + this.#queue.length * WRITE_COST_BYTES;
  }

  /** An empty write is answered when everything before it has left: the one sign of progress that costs frames nothing. */
  #flush(): void {
    if (this.#flushing || !this.#options.target.socket.writable) return;
    this.#flushing = true;
    const covered = this.#queue.length;
    this.#options.target.socket.write(EMPTY, (error) => {
      if (!error) this.#left(covered);
    });
    if (this.#watch === undefined) this.#watchStall();
  }

  #left(covered: number): void {
    this.#flushing = false;
    const { source, target, limits, tap, direction } = this.#options;
    const isEmpty = target.queuedBytes === 0;
    const now = performance.now();
    for (const { at, frames } of this.#queue.splice(0, isEmpty ? this.#queue.length : covered))
      if (frames > 0) tap.sent(direction, now - at, frames);
    if (this.#isPaused && this.#queuedBytes() <= limits.pauseBytes / 4) {
      this.#isPaused = false;
      if (this.#rest === undefined) source.resume();
    }
    if (isEmpty) this.#relieved();
    else this.#flush();
  }

  #relieved(): void {
    clearInterval(this.#watch);
    this.#watch = undefined;
    this.#whenFlushed?.();
    this.#whenFlushed = undefined;
  }

  /** Calls back once nothing is queued any more: at once, or after the target has taken it all. */
  #flushed(callback: () => void): void {
    if (this.#options.target.queuedBytes === 0) return void callback();
    this.#whenFlushed = callback;
    this.#flush();
  }

  /** A source that is gone will never end its message. */
  #checkFinished(): void {
    if (this.#reader.isBetweenMessages || this.#options.source.hasFinished) this.#finished();
  }

  #finished(): void {
    clearTimeout(this.#patience);
    this.#whenFinished?.();
    this.#whenFinished = undefined;
    // The answer to our close stands behind whatever a paused source had still to say.
    this.#isPaused = false;
    if (this.#rest === undefined) this.#options.source.resume();
  }

  /** Looks four times per `stallMs` whether the kernel took anything; only a full `stallMs` without it is a stall. */
  #watchStall(): void {
    const { target, limits, onSlow } = this.#options;
    let taken = target.takenBytes;
    let quietLooks = 0;
    this.#watch = setInterval(() => {
      const now = target.takenBytes;
      quietLooks = now === taken ? quietLooks + 1 : 0;
      taken = now;
      if (quietLooks >= 4) onSlow();
    }, limits.stallMs / 4);
  }
}
