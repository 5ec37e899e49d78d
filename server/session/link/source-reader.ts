// Reads a source by its share of the event loop. What it sends within its share is read as it comes. Beyond that the source is paused and
// waits in the queue with others, so that a flood of whatever frames holds up nobody else.

import { performance } from 'node:perf_hooks';
import type { FrameBatch } from '../../../codecs/websocket/frame-batch.ts';
import type { Limits } from '../../config/config.ts';
import type { Peer } from '../../transport/peer.ts';
import type { Link } from './link.ts';
import { loopQueue, QUEUE_MS } from './loop-queue.ts';

/**
 * Reads a chunk that came at that time (monotonic ms), up to the end of so many frames: at least one. Tells how many it has read, and what
 * is left of the chunk.
 */
export type ReadFrames = (chunk: Buffer, at: number, maxFrames: number) => Pick<FrameBatch, 'count' | 'rest'>;

interface SourceReaderOptions {
  readonly source: Peer;
  readonly limits: Pick<Limits, 'maxFramesPerSecond'>;
  readonly read: ReadFrames;
  /** Reads in place of `read`, first what repeats, where nothing stands between the source and its link. */
  readonly link?: Pick<Link, 'repeat' | 'readNew'> | undefined;
  /** Overwrites in a chunk what may not pass. What repeats, such as sound, passes without it. */
  readonly mask?: ((chunk: Buffer) => void) | undefined;
  /** Called with what `read` throws. */
  readonly onFault: (error: unknown) => void;
}

/** Cost of a read and of its bytes, in frames. A frame costs about half a microsecond. */
const READ_FRAMES = 8;
const BYTES_OF_A_FRAME = 4096;
/** Part of `maxFramesPerSecond` that a source has without waiting, steadily. */
const FREE_PART = 1 / 10;

export class SourceReader {
  readonly #options: SourceReaderOptions;
  readonly #link: Pick<Link, 'repeat' | 'readNew'> | undefined;
  /** Frames that the source may send in the time between two times of reading. */
  readonly #share: number;
  /** Frames that may be read now, at most two shares, and when that was calculated. */
  #left: number;
  #at = 0;
  #isWaiting = false;
  #isStopped = false;
  /** Chunks that came and were not read, in order: at most one read of the socket (or one record of TLS more), and what was given back. */
  #kept: Buffer[] = [];
  #whenRead: (() => void) | undefined;

  constructor(options: SourceReaderOptions) {
    this.#options = options;
    this.#link = options.link;
    this.#share = (options.limits.maxFramesPerSecond * QUEUE_MS) / 1000;
    this.#left = 2 * this.#share;
  }

  /** Reads a chunk of the source; one that comes while the source waits is kept. A function: peers call it for every chunk. */
  readonly receive = (chunk: Buffer): void => {
    if (this.#isWaiting) return void this.#kept.push(Buffer.from(chunk));
    const at = performance.now();
    const free = ((at - this.#at) * FREE_PART * this.#share) / QUEUE_MS;
    const cost = READ_FRAMES + chunk.length / BYTES_OF_A_FRAME;
    this.#left = Math.min(2 * this.#share, this.#left + free) - cost;
    this.#at = at;
    const rest = this.#read(chunk, at);
    if (rest === undefined && this.#left > 0) return;
    if (rest !== undefined) this.#kept.unshift(Buffer.from(rest));
    this.#readKept(at);
  };

  /** Takes chunks back that were read and not used, to be read again before anything else, until `stop`. Their memory is not used again. */
  giveBack(chunks: readonly Buffer[]): void {
    if (this.#isStopped) return;
    this.#kept.unshift(...chunks);
    if (!this.#isWaiting) this.#readKept(performance.now());
  }

  /** Calls back once everything is read that has come: at once, or later. */
  afterKept(callback: () => void): void {
    if (this.#kept.length > 0) this.#whenRead = callback;
    else callback();
  }

  stop(): void {
    this.#isStopped = true;
    loopQueue.leave(this.#takeTurn);
    this.#kept = [];
  }

  #read(chunk: Buffer, at: number): Buffer | undefined {
    const maxFrames = Math.max(1, this.#left);
    const { read, mask, onFault } = this.#options;
    try {
      const repeated = this.#link?.repeat(chunk, at, maxFrames) ?? 0;
      this.#left -= repeated;
      if (repeated > 0) return undefined;
      mask?.(chunk);
      const { count, rest } = this.#link?.readNew(chunk, at, maxFrames) ?? read(chunk, at, maxFrames);
      this.#left -= count;
      return rest;
    } catch (error) {
      onFault(error);
      return undefined;
    }
  }

  /** Reads what is kept, as far as there is something left; then the source, or it waits. */
  #readKept(at: number): void {
    while (this.#left > 0) {
      const chunk = this.#kept.shift();
      if (chunk === undefined) return void this.#allRead();
      const rest = this.#read(chunk, at);
      if (rest !== undefined) this.#kept.unshift(rest);
    }
    this.#isWaiting = true;
    this.#options.source.pause('share');
    loopQueue.wait(this.#takeTurn);
  }

  #allRead(): void {
    const { source, onFault } = this.#options;
    const callback = this.#whenRead;
    this.#whenRead = undefined;
    try {
      callback?.();
    } catch (error) {
      onFault(error);
    }
    source.resume('share');
  }

  readonly #takeTurn = (): void => {
    this.#isWaiting = false;
    this.#left = this.#share;
    this.#at = performance.now();
    this.#readKept(this.#at);
  };
}
