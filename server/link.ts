// One direction of a session: every frame of the source goes to the target as it is, and the source waits while the target is slow.
// Nothing is parsed before a frame was sent, and there is no queue but the one of the target's socket.

import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import type { WebSocket } from 'ws';
import type { Direction, Frame } from '../codecs/frame.ts';
import type { Limits } from './config.ts';
import type { Tap } from './tap.ts';

/** One end of a session: its WebSocket and the socket beneath, which alone knows what the kernel has taken. */
export interface Peer {
  readonly ws: WebSocket;
  readonly socket: Socket;
}

export interface LinkOptions {
  readonly direction: Direction;
  readonly source: Peer;
  readonly target: Peer;
  readonly limits: Pick<Limits, 'pauseBytes' | 'overrunBytes' | 'stallMs' | 'maxFramesPerSecond'>;
  readonly tap: Tap;
  /** The target took nothing for `stallMs`, or more is queued than any pause can explain. */
  readonly onSlow: () => void;
}

const TEXT = { binary: false } as const;
const BINARY = { binary: true } as const;
const EMPTY = Buffer.alloc(0);
/** What a queued frame costs beside its bytes: a flood of tiny ones must not hold more memory than one of large ones. */
const FRAME_COST_BYTES = 512;

export class Link {
  readonly #options: LinkOptions;
  /** Receipt times of the frames that are still queued, oldest first. */
  #waiting: number[] = [];
  #isPaused = false;
  /** Frames that may still pass in this second, and when that was reckoned. */
  #allowance: number;
  #reckonedAt = 0;
  #rest: NodeJS.Timeout | undefined;
  #largestFrame = 0;
  #flushing = false;
  #whenFlushed: (() => void) | undefined;
  #watch: NodeJS.Timeout | undefined;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#allowance = options.limits.maxFramesPerSecond;
  }

  /** Whether the source is not being read. */
  get isPaused(): boolean {
    return this.#isPaused || this.#rest !== undefined;
  }

  /** Whether frames are queued that the target has yet to take. */
  get isCongested(): boolean {
    return this.#flushing;
  }

  /** Passes one frame on. A target that is closing takes no more: ws would count its bytes as queued for ever. */
  send(frame: Frame): void {
    const { target, tap, direction } = this.#options;
    if (target.ws.readyState !== target.ws.OPEN) return;
    this.#spend(frame.at);
    target.ws.send(frame.data, frame.binary ? BINARY : TEXT, ignoreError);
    if (target.ws.bufferedAmount === 0) tap.sent(direction, performance.now() - frame.at);
    else this.#congested(frame);
    tap.observe(frame, direction);
  }

  /** Calls back once nothing is queued any more: at once, or after the target has taken it all. */
  flushed(callback: () => void): void {
    if (this.#options.target.ws.bufferedAmount === 0) callback();
    else {
      this.#whenFlushed = callback;
      this.#flush();
    }
  }

  /** Drops the timer and the callback; the sockets belong to the session. */
  stop(): void {
    clearInterval(this.#watch);
    clearTimeout(this.#rest);
    this.#watch = undefined;
    this.#rest = undefined;
    this.#whenFlushed = undefined;
  }

  /** A source that sends more frames than any call does is read no further until its allowance is back: others need the loop. */
  #spend(at: number): void {
    const { source, limits } = this.#options;
    const perMs = limits.maxFramesPerSecond / 1000;
    this.#allowance = Math.min(limits.maxFramesPerSecond, this.#allowance + (at - this.#reckonedAt) * perMs) - 1;
    this.#reckonedAt = at;
    if (this.#allowance >= 0 || this.#rest !== undefined) return;
    source.ws.pause();
    this.#rest = setTimeout(() => {
      this.#rest = undefined;
      if (!this.#isPaused) source.ws.resume();
    }, -this.#allowance / perMs);
  }

  #congested(frame: Frame): void {
    const { source, target, limits } = this.#options;
    this.#waiting.push(frame.at);
    this.#largestFrame = Math.max(this.#largestFrame, frame.data.length);
    this.#flush();
    const queued = target.ws.bufferedAmount;
    if (queued + this.#waiting.length * FRAME_COST_BYTES > limits.pauseBytes && !this.#isPaused) {
      this.#isPaused = true;
      source.ws.pause();
    }
    if (queued > limits.pauseBytes + this.#largestFrame + limits.overrunBytes) this.#options.onSlow();
  }

  /** An empty write is answered when everything before it has left: the one sign of progress that costs frames nothing. */
  #flush(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    const covered = this.#waiting.length;
    this.#options.target.socket.write(EMPTY, (error) => {
      if (!error) this.#left(covered);
    });
    if (this.#watch === undefined) this.#watchStall();
  }

  #left(covered: number): void {
    this.#flushing = false;
    const { source, target, limits, tap, direction } = this.#options;
    const queued = target.ws.bufferedAmount;
    const now = performance.now();
    for (const at of this.#waiting.splice(0, queued === 0 ? this.#waiting.length : covered))
      tap.sent(direction, now - at);
    if (this.#isPaused && queued + this.#waiting.length * FRAME_COST_BYTES <= limits.pauseBytes / 4) {
      this.#isPaused = false;
      if (this.#rest === undefined) source.ws.resume();
    }
    if (queued === 0) this.#relieved();
    else this.#flush();
  }

  #relieved(): void {
    clearInterval(this.#watch);
    this.#watch = undefined;
    this.#largestFrame = 0;
    this.#whenFlushed?.();
    this.#whenFlushed = undefined;
  }

  /** Looks four times per `stallMs` whether the kernel took anything; only a full `stallMs` without it is a stall. */
  #watchStall(): void {
    let taken = this.#taken();
    let quietLooks = 0;
    this.#watch = setInterval(() => {
      const now = this.#taken();
      quietLooks = now === taken ? quietLooks + 1 : 0;
      taken = now;
      if (quietLooks >= 4) this.#options.onSlow();
    }, this.#options.limits.stallMs / 4);
  }

  /** Bytes that the kernel took so far. One write of 16 MiB is one request, so only the handle sees it progress. */
  #taken(): number {
    const { ws, socket } = this.#options.target;
    const top = (socket as Socket & { _handle?: Handle | null })._handle;
    const handle = top?._parent ?? top;
    if (handle?.bytesWritten === undefined) return -ws.bufferedAmount;
    return handle.bytesWritten - (handle.writeQueueSize ?? 0);
  }
}

/** What Node keeps beneath a socket; under TLS the handle of the TCP connection is the parent of the one on top. */
interface Handle {
  readonly bytesWritten?: number;
  readonly writeQueueSize?: number;
  readonly _parent?: Handle | null;
}

function ignoreError(): void {}
