// A direction of a session: the bytes of the source go to the target as they are, and the source is paused while the target is slow.
// Frames are read as they go by, and looked at only after they were sent; the only queue is the one of the target's socket.

import { performance } from 'node:perf_hooks';
import type { Observation } from '../../../adapters/realtime/contract/observation.ts';
import { AlikeMessages } from '../../../codecs/websocket/alike-messages.ts';
import { type Direction, inDirection } from '../../../codecs/websocket/frame.ts';
import { emptyFrameBatch, type FrameBatch, hasPong, newestPing } from '../../../codecs/websocket/frame-batch.ts';
import type { FrameReader } from '../../../codecs/websocket/frame-reader.ts';
import type { Limits } from '../../config/config.ts';
import type { SessionSide } from '../../ipc/session-record.ts';
import type { Traffic } from '../../platform/times/traffic.ts';
import type { Boundary, Peer } from '../../transport/peer.ts';
import type { Tap } from '../tap/tap.ts';

interface LinkOptions {
  readonly direction: Direction;
  readonly source: Peer;
  readonly target: Peer;
  readonly limits: Limits;
  readonly tap: Tap;
  /** Reads what the source sends. */
  readonly reader: FrameReader;
  /** Called when the source closed, or sent what may not pass. Everything before that has been passed on. */
  readonly onEnd: (end: NonNullable<FrameBatch['end']>) => void;
  /** Called when the target took nothing for `stallMs`. */
  readonly onSlow: () => void;
}

const EMPTY = Buffer.alloc(0);
/** Memory that a queued write takes beside its bytes: a flood of tiny ones must not hold more than one of large ones. */
const WRITE_COST_BYTES = 512;

/** Reads of repeats of which one is measured. */
const MEASURED_ONE_IN = 16;
/** The result of a read of such messages, which nobody looks into. */
const repeated = emptyFrameBatch();

/** Frames that were passed with one write, which has yet to leave. */
interface QueuedWrite {
  readonly at: number;
  readonly frames: number;
}

export class Link {
  readonly target: Peer;
  readonly #options: Pick<LinkOptions, 'limits' | 'onEnd' | 'onSlow'>;
  readonly #reader: FrameReader;
  readonly #alike: AlikeMessages;
  readonly #source: Peer;
  readonly #tap: Tap;
  readonly #direction: Direction;
  readonly #traffic: Traffic;
  readonly #allTraffic: Traffic;
  #mayRepeat = false;
  /** `tap.learned` when the messages that are alike were last observed; undefined where they mean the same at any time. */
  #learned: number | undefined;
  #repeats = 0;
  readonly #queue: QueuedWrite[] = [];
  #isPaused = false;
  #isFlushing = false;
  #stallTimer: NodeJS.Timeout | undefined;
  /** Since when bytes have been queued without a break; undefined where none are. */
  #congestedAt: number | undefined;
  #whenFlushed: (() => void) | undefined;
  /** `to-boundary`: the rest of a message passes, and nothing behind it. `withheld`: nothing passes; the tap sees all the same. */
  #observing: 'no' | 'to-boundary' | 'withheld' = 'no';
  /** Set once nothing more shall pass. */
  #whenFinished: (() => void) | undefined;
  #finishTimer: NodeJS.Timeout | undefined;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#reader = options.reader;
    this.#source = options.source;
    this.target = options.target;
    this.#tap = options.tap;
    this.#direction = options.direction;
    this.#traffic = inDirection(options.tap.traffic, options.direction);
    this.#allTraffic = inDirection(options.tap.allTraffic, options.direction);
    this.#alike = new AlikeMessages(options.reader.options);
  }

  /** Tells whether the bytes that have passed end after a whole frame, or a whole message. */
  get boundary(): Boundary {
    return this.#reader;
  }

  /** True while bytes are queued that the target has yet to take. */
  get isCongested(): boolean {
    return this.#isFlushing;
  }

  /** Since when bytes have waited for the target (monotonic ms); undefined where none do. */
  get congestedAt(): number | undefined {
    return this.#congestedAt;
  }

  get targetSide(): SessionSide {
    return this.#direction === 'upstream' ? 'provider' : 'client';
  }

  /** Reads a chunk of the source up to the end of so many frames, and passes on what may pass. See `ReadFrames`. */
  read(chunk: Buffer, at: number, maxFrames: number): FrameBatch {
    repeated.count = this.repeat(chunk, at, maxFrames);
    return repeated.count > 0 ? repeated : this.readNew(chunk, at, maxFrames);
  }

  /** Reads a chunk that is known to repeat nothing. See `read`. */
  readNew(chunk: Buffer, at: number, maxFrames: number): FrameBatch {
    const batch = this.#reader.read(chunk, at, this.#observing === 'to-boundary' ? 1 : maxFrames);
    if (batch.controls.length > 0) this.#heed(batch, at);
    if (batch.runs.length > 0) this.#pass(batch, at);
    if (batch.end !== undefined) this.#options.onEnd(batch.end);
    if (this.#whenFinished !== undefined) this.#finishIfPossible();
    this.#mayRepeat = this.#observing === 'no' && this.#reader.mayPassUnread;
    return batch;
  }

  /**
   * Passes a chunk that repeats what was observed before, and nothing else: `maxFrames` messages at most. Returns their number; 0: the
   * chunk has to be read.
   */
  repeat(chunk: Buffer, at: number, maxFrames: number): number {
    const alike = this.#alike;
    const { target } = this;
    const tap = this.#tap;
    if (!this.#mayRepeat || (this.#learned !== undefined && this.#learned !== tap.learned)) return 0;
    if (!alike.areAll(chunk, maxFrames) || !target.isOpen) return 0;
    if (target.pass(chunk)) this.#source.keepChunk();
    target.sendPending();
    const { count, bytes } = alike;
    this.#traffic.count(count, bytes);
    this.#allTraffic.count(count, bytes);
    tap.lastFrameAt = at;
    if (target.queuedBytes > 0) this.#enqueue({ at, frames: count });
    else if (this.#repeats++ % MEASURED_ONE_IN === 0) tap.sent(this.#direction, performance.now() - at, count);
    else {
      this.#traffic.unmeasured(count);
      this.#allTraffic.unmeasured(count);
    }
    return count;
  }

  /**
   * Lets nothing more pass but the rest of a message that has begun. Calls back when that has passed and the target has taken it
   * all; `isHurried`: at once. `isObserving`: what the source sends is shown to the tap from then on, in place of passing.
   */
  finish(callback: () => void, { isHurried = false, isObserving = false } = {}): void {
    if (isObserving) this.#observing = 'to-boundary';
    else this.#reader.mute();
    this.#mayRepeat = false;
    this.#whenFinished = isHurried ? callback : () => this.#afterFlush(callback);
    this.#finishTimer = setTimeout(() => this.#finishNow(), this.#options.limits.closeMs);
    if (isHurried) this.#finishNow();
    else this.#finishIfPossible();
  }

  /** Tells that the source is gone: a message that has begun will not end. */
  sourceLost(): void {
    if (this.#whenFinished !== undefined) this.#finishIfPossible();
  }

  /** Clears timers and callbacks. Does not close sockets. */
  stop(): void {
    this.#decongested();
    clearInterval(this.#stallTimer);
    clearTimeout(this.#finishTimer);
    this.#stallTimer = undefined;
    this.#whenFinished = undefined;
    this.#whenFlushed = undefined;
  }

  /** Takes note that the source has answered a ping. */
  ponged(at: number): void {
    const roundTripMs = this.#source.answered(at);
    if (roundTripMs !== undefined) this.#tap.moments.roundTrip(at, roundTripMs);
  }

  #heed(batch: FrameBatch, at: number): void {
    const ping = newestPing(batch);
    if (ping !== undefined) this.#source.pong(ping);
    // Some providers answer pings only after many seconds: that says nothing of the way to them.
    if (this.#direction === 'upstream' && hasPong(batch)) this.ponged(at);
  }

  /** Writes to the target, unless that is closing, and shows the frames to the tap afterwards. */
  #pass({ runs, frames }: FrameBatch, at: number): void {
    const { target } = this;
    const tap = this.#tap;
    const direction = this.#direction;
    if (this.#observing === 'withheld') {
      for (const frame of frames) tap.observe(frame, direction);
      return;
    }
    if (!target.isOpen) return;
    for (const run of runs) if (target.pass(run)) this.#source.keepChunk();
    target.sendPending();
    if (target.queuedBytes > 0) this.#enqueue({ at, frames: frames.length });
    else if (frames.length > 0) tap.sent(direction, performance.now() - at, frames.length);
    let observation: Observation | undefined;
    for (const frame of frames) observation = tap.observe(frame, direction);
    const newest = frames.at(-1);
    if (newest === undefined || !this.#reader.mayPassUnread) return;
    this.#alike.learn(newest.data, newest.binary, observation?.decides?.(newest.data));
    this.#learned = observation?.mark && tap.learned;
  }

  #enqueue(write: QueuedWrite): void {
    this.#queue.push(write);
    this.#flush();
    if (this.#queuedBytes() <= this.#options.limits.pauseBytes || this.#isPaused) return;
    this.#isPaused = true;
    this.#source.pause('slow');
  }

  #queuedBytes(): number {
    return this.target.queuedBytes + this.#queue.length * WRITE_COST_BYTES;
  }

  /**
   * Writes an empty buffer: its callback comes when every write before it has left the process. Frames need no callback of their own,
   * and each callback counts as progress of the target.
   */
  #flush(): void {
    if (this.#isFlushing || !this.target.socket.writable) return;
    this.#isFlushing = true;
    const covered = this.#queue.length;
    this.target.socket.write(EMPTY, (error) => {
      if (!error) this.#flushDone(covered);
    });
    if (this.#stallTimer === undefined) this.#startStallTimer();
  }

  #flushDone(covered: number): void {
    this.#isFlushing = false;
    const isEmpty = this.target.queuedBytes === 0;
    const now = performance.now();
    for (const { at, frames } of this.#queue.splice(0, isEmpty ? this.#queue.length : covered))
      if (frames > 0) this.#tap.sent(this.#direction, now - at, frames);
    if (this.#isPaused && this.#queuedBytes() <= this.#options.limits.pauseBytes / 4) {
      this.#isPaused = false;
      this.#source.resume('slow');
    }
    if (isEmpty) this.#queueEmptied();
    else this.#flush();
  }

  #queueEmptied(): void {
    this.#decongested();
    clearInterval(this.#stallTimer);
    this.#stallTimer = undefined;
    this.#whenFlushed?.();
    this.#whenFlushed = undefined;
  }

  #decongested(): void {
    const since = this.#congestedAt;
    this.#congestedAt = undefined;
    if (since !== undefined) this.#tap.moments.waited(this.targetSide, since, performance.now());
  }

  /** Calls back once nothing is queued any more: at once, or after the target has taken it all. */
  #afterFlush(callback: () => void): void {
    if (this.target.queuedBytes === 0) return void callback();
    this.#whenFlushed = callback;
    this.#flush();
  }

  /** Finishes between messages, or when the source is gone and will never end its message. */
  #finishIfPossible(): void {
    if (this.#reader.isBetweenMessages || this.#source.hasFinished) this.#finishNow();
  }

  #finishNow(): void {
    clearTimeout(this.#finishTimer);
    if (this.#observing === 'to-boundary') this.#observing = 'withheld';
    this.#whenFinished?.();
    this.#whenFinished = undefined;
    // The answer to our close comes behind everything that a paused source has still to send.
    this.#isPaused = false;
    for (const why of ['slow', 'held'] as const) this.#source.resume(why);
  }

  /** Checks four times per `stallMs` whether the kernel took anything; a full `stallMs` without that is a stall. */
  #startStallTimer(): void {
    const { target } = this;
    const { limits, onSlow } = this.#options;
    this.#congestedAt = performance.now();
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
