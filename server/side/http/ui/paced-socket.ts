// The page's end of a WebSocket of the side path: what is written and not yet taken is bounded, so is how fast it is read, pings tell whether the
// page is there, and one that takes nothing is cut off.

import type { RawData, WebSocket } from 'ws';

/** Bytes on their way to the page, beyond which writers wait. */
const HIGH_BYTES = 256 * 1024;
/** Time in which messages are counted. */
const COUNTED_MS = 100;

export interface PacedLimits {
  /** Bytes written for a page that does not read. Then it is cut off. */
  readonly maxReplyBytes: number;
  /** Messages of a page, a tenth of them at once. Beyond that it is not read for a while. */
  readonly maxFramesPerSecond: number;
  /** Longest time without progress while bytes are queued. */
  readonly stallMs: number;
  /** Time between pings. Two missed ones end the socket. */
  readonly pingMs: number;
}

export class PacedSocket {
  readonly #socket: WebSocket;
  readonly #limits: PacedLimits;
  readonly #pings: NodeJS.Timeout;
  #stall: NodeJS.Timeout | undefined;
  #isClosing = false;
  #messages = 0;
  #countsSince = 0;
  #missed = 0;

  constructor(socket: WebSocket, limits: PacedLimits) {
    this.#socket = socket;
    this.#limits = limits;
    this.#pings = setInterval(() => this.#ping(), limits.pingMs);
    socket.on('pong', () => {
      this.#missed = 0;
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      clearInterval(this.#pings);
      clearTimeout(this.#stall);
    });
  }

  /** `take` gets each message as text; undefined: it was binary. */
  listen({ take, closed }: { take(text: string | undefined): void; closed(): void }): void {
    this.#socket.on('message', (data: RawData, isBinary) => {
      if (this.#isClosing) return;
      this.#count();
      take(isBinary ? undefined : data.toString());
    });
    this.#socket.on('close', closed);
  }

  #count(): void {
    const now = performance.now();
    if (now - this.#countsSince >= COUNTED_MS) [this.#countsSince, this.#messages] = [now, 0];
    this.#messages += 1;
    if (this.#messages < (this.#limits.maxFramesPerSecond * COUNTED_MS) / 1000 || this.#socket.isPaused) return;
    this.#socket.pause();
    setTimeout(() => this.#socket.resume(), this.#countsSince + COUNTED_MS - now);
  }

  /** Sends messages in order. Returns a promise where the page has enough for now: of when it has taken them, or is gone. */
  send(messages: readonly string[]): Promise<void> | undefined {
    // A page that reads well may be sent a large message at once.
    if (this.#socket.bufferedAmount > this.#limits.maxReplyBytes) this.#socket.terminate();
    const { promise, resolve } = Promise.withResolvers<void>();
    for (const [at, message] of messages.entries())
      this.#socket.send(message, at === messages.length - 1 ? () => resolve(this.#progressed()) : this.#progressed);
    const { bufferedAmount } = this.#socket;
    if (bufferedAmount <= HIGH_BYTES) return undefined;
    this.#stall ??= setTimeout(() => this.#socket.terminate(), this.#limits.stallMs);
    return promise;
  }

  /** The page has taken something: one that is slow may need longer than `stallMs` for all of it. */
  readonly #progressed = (): void => {
    this.#missed = 0;
    if (this.#stall === undefined) return;
    if (this.#socket.bufferedAmount > HIGH_BYTES) return void this.#stall.refresh();
    clearTimeout(this.#stall);
    this.#stall = undefined;
  };

  /** Leaves unread what the page still says. The first close counts. */
  close(code: number | undefined, reason: string | Buffer | undefined): void {
    this.#isClosing = true;
    this.#socket.close(code, reason);
  }

  #ping(): void {
    if (this.#missed >= 2) this.#socket.terminate();
    else this.#socket.ping();
    this.#missed += 1;
  }
}
