// A direction of a session: the bytes of the source go to the target as they are, and the source is paused while the target is slow.
// Frames are read as they go by, and looked at only after they were sent; the only queue is the one of the target's socket.

import { performance } from 'node:perf_hooks';
import type { Observation } from '../../../adapters/realtime/contract/observation.ts';
import { AlikeMessages } from '../../../codecs/websocket/alike-messages.ts';
import { type Direction, inDirection, type OutFrame } from '../../../codecs/websocket/frame.ts';
import { emptyFrameBatch, type FrameBatch, hasPong, newestPing } from '../../../codecs/websocket/frame-batch.ts';
import type { FrameReader } from '../../../codecs/websocket/frame-reader.ts';
import type { Limits } from '../../config/config.ts';
import type { SessionSide } from '../../ipc/session-record.ts';
import type { Traffic } from '../../platform/times/traffic.ts';
import type { Boundary, Peer } from '../../transport/peer.ts';
import type { SentMessages } from '../legs/sent-messages.ts';
import type { Tap } from '../tap/tap.ts';
import { SendQueue } from './send-queue.ts';

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
  /** Keeps the messages that pass, for a target that may go away and come back; undefined where it may not. */
  readonly sent?: SentMessages | undefined;
}

/** The boundary of a target that is away: nothing is on its way to it. */
const NOTHING_PASSES: Boundary = { isBetweenFrames: true, isBetweenMessages: true };

/** Reads of repeats of which one is measured. */
const MEASURED_ONE_IN = 16;
/** The result of a read of such messages, which nobody looks into. */
const repeated = emptyFrameBatch();

export class Link {
  readonly target: Peer;
  readonly #options: Pick<LinkOptions, 'limits' | 'onEnd' | 'sent'>;
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
  readonly #queue: SendQueue;
  /** `returning`: the target is back, and gets whole messages until the bytes that pass are at the end of one. */
  #absence: 'away' | 'returning' | undefined;
  /** Messages that a target which is returning has got. */
  #told = 0;
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
    this.#queue = new SendQueue({
      ...options,
      onSent: (ms, frames) => this.#tap.sent(this.#direction, ms, frames),
      onWaited: (since, until) => this.#tap.moments.waited(this.targetSide, since, until),
    });
  }

  /** Tells whether the bytes that have passed end after a whole frame, or a whole message. */
  get boundary(): Boundary {
    return this.#absence === undefined ? this.#reader : NOTHING_PASSES;
  }

  /** True while bytes are queued that the target has yet to take. */
  get isCongested(): boolean {
    return this.#queue.isFlushing;
  }

  /** Since when bytes have waited for the target (monotonic ms); undefined where none do. */
  get congestedAt(): number | undefined {
    return this.#queue.since;
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
    this.#mayRepeat = this.#observing === 'no' && this.#reader.mayPassUnread && this.#options.sent === undefined;
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
    if (target.queuedBytes > 0) this.#queue.add(at, count);
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
    this.#whenFinished = isHurried ? callback : () => this.#queue.afterFlush(callback);
    this.#finishTimer = setTimeout(() => this.#finishNow(), this.#options.limits.closeMs);
    if (isHurried) this.#finishNow();
    else this.#finishIfPossible();
  }

  /** Sends the target a message of our own; not within a message of the source. */
  send(message: OutFrame): void {
    this.#options.sent?.add(message);
    if (this.#absence === undefined) this.target.sendMessage(message);
    else this.#tell();
  }

  get isTargetAway(): boolean {
    return this.#absence === 'away';
  }

  /** Takes note that the target is away: nothing is written until it is back, and what comes is kept. */
  targetLeft(): void {
    this.#absence = 'away';
    this.#mayRepeat = false;
    this.#queue.forget();
  }

  /** Goes on with a target that is back, and has got so many of all messages. */
  targetCame(received: number): void {
    this.#absence = 'returning';
    this.#told = received;
    this.#tell();
  }

  /** Tells that the source is gone: a message that has begun will not end. */
  sourceLost(): void {
    if (this.#whenFinished !== undefined) this.#finishIfPossible();
  }

  /** Clears timers and callbacks. Does not close sockets. */
  stop(): void {
    this.#queue.stop();
    clearTimeout(this.#finishTimer);
    this.#whenFinished = undefined;
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
    const { sent } = this.#options;
    if (sent !== undefined) for (const frame of frames) sent.add(frame);
    if (this.#observing === 'withheld' || this.#absence !== undefined) {
      for (const frame of frames) tap.observe(frame, direction);
      this.#tell();
      return;
    }
    if (!target.isOpen) return;
    for (const run of runs) if (target.pass(run)) this.#source.keepChunk();
    target.sendPending();
    if (target.queuedBytes > 0) this.#queue.add(at, frames.length);
    else if (frames.length > 0) tap.sent(direction, performance.now() - at, frames.length);
    let observation: Observation | undefined;
    for (const frame of frames) observation = tap.observe(frame, direction);
    const newest = frames.at(-1);
    if (newest === undefined || !this.#reader.mayPassUnread) return;
    this.#alike.learn(newest.data, newest.binary, observation?.decides?.(newest.data));
    this.#learned = observation?.mark && tap.learned;
  }

  /** Sends a target that is returning what it has not got; it is back where no message is half on its way. */
  #tell(): void {
    const { sent } = this.#options;
    if (this.#absence !== 'returning' || sent === undefined) return;
    for (const message of sent.after(this.#told)) this.target.sendMessage(message);
    this.#told = sent.count;
    if (this.#reader.isBetweenMessages) this.#absence = undefined;
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
    this.#queue.letSourceBe();
    this.#source.resume('held');
  }
}
