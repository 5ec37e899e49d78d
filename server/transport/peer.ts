// One end of a session after its handshake: a raw socket, what goes out to it, and the closing handshake (RFC 6455, section 7).
// Frames of our own go out only after a whole frame: what passes through may stop anywhere.

import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { closePayload } from '../../codecs/close-frame.ts';
import { encodeFrame, type OwnOpcode } from '../../codecs/frame-encoder.ts';
import type { Limits } from '../config/config.ts';
import { readerOf, type SocketReader } from './socket-reader.ts';

export interface PeerOptions {
  readonly socket: Socket;
  /** Our own frames to a provider are masked, those to a client are not. */
  readonly role: 'client' | 'provider';
  /**
   * `closeMs`: how long we wait for the answer to our close, or for the end of the connection after it. `pauseBytes`: with more
   * than this queued, only the newest ping and pong of ours wait.
   */
  readonly limits: Pick<Limits, 'closeMs' | 'pauseBytes'>;
}

/** What a session hears of a peer. */
export interface PeerListener {
  /** Valid during the call. */
  received(chunk: Buffer): void;
  /** Its side of the connection ended without a close frame. */
  lost(): void;
  /** The connection is gone. */
  gone(): void;
}

/** Whether what has passed to a peer ends after a whole frame, or a whole message. */
export interface Boundary {
  readonly isBetweenFrames: boolean;
  readonly isBetweenMessages: boolean;
}

const EMPTY = Buffer.alloc(0);

export class Peer {
  readonly socket: Socket;
  readonly #options: PeerOptions;
  readonly #intake: SocketReader;
  /** TLS takes a copy of what it is given. */
  readonly #copies: boolean;
  #boundary: Boundary = { isBetweenFrames: true, isBetweenMessages: true };
  /** The newest frame of each kind that waits for the end of the frame that is passing, or for the socket to take more; made when one has to. */
  #waiting: Map<OwnOpcode, Buffer> | undefined;
  #isAwaitingQueue = false;
  #isClosing = false;
  #hasFinished = false;
  #hasEnded = false;
  #patience: NodeJS.Timeout | undefined;

  constructor(options: PeerOptions) {
    this.#options = options;
    this.socket = options.socket;
    this.#intake = readerOf(options.socket);
    this.#copies = options.socket instanceof TLSSocket;
  }

  /** It may be written to: no close frame of ours is on its way. */
  get isOpen(): boolean {
    return !this.#isClosing && this.socket.writable;
  }

  /** Nothing more will come of it. */
  get hasFinished(): boolean {
    return this.#hasFinished || this.socket.destroyed;
  }

  get isGone(): boolean {
    return this.socket.closed;
  }

  /** It is not being read, whoever wants it so. */
  get isPaused(): boolean {
    return this.socket.isPaused();
  }

  get queuedBytes(): number {
    return this.socket.writableLength;
  }

  /** Bytes that the kernel took so far. One write of 16 MiB is one request, so only the handle sees it progress. */
  get takenBytes(): number {
    const top = (this.socket as Socket & { _handle?: Handle | null })._handle;
    const handle = top?._parent ?? top;
    if (handle?.bytesWritten === undefined) return -this.queuedBytes;
    return handle.bytesWritten - (handle.writeQueueSize ?? 0);
  }

  /** `boundary`: of what will be passed to this peer. What it sent before is received at once. */
  start(listener: PeerListener, boundary: Boundary): void {
    this.#boundary = boundary;
    const { socket } = this;
    const lose = (): void => {
      if (this.#hasFinished) return;
      this.#hasFinished = true;
      listener.lost();
    };
    socket.once('end', () => {
      this.#hasEnded = true;
      lose();
      if (this.#isClosing) this.#end();
    });
    socket.once('close', () => {
      clearTimeout(this.#patience);
      lose();
      listener.gone();
    });
    // Before anything is received: what comes early may already pause it.
    socket.resume();
    this.#intake.start((chunk) => listener.received(chunk));
    if (socket.destroyed) lose();
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  /** Passes bytes of the other end on. True when the socket still holds on to the memory that it was given. */
  pass(bytes: Buffer): boolean {
    // Behind a queue it would wait for long in memory that the next read wants.
    const isQueued = this.queuedBytes > 0;
    this.socket.write(isQueued ? Buffer.from(bytes) : bytes);
    return !isQueued && !this.#copies && this.queuedBytes > 0;
  }

  /** The chunk that was received is still in use. */
  keepReceived(): void {
    this.#intake.keep();
  }

  /** Called after bytes were passed, or have left: what waited goes out. */
  release(): void {
    if (!this.#waiting?.size || this.#mustWait || !this.isOpen) return;
    for (const frame of this.#waiting.values()) this.socket.write(frame);
    this.#waiting.clear();
  }

  ping(): void {
    this.#send('ping', EMPTY);
  }

  pong(payload: Buffer): void {
    this.#send('pong', payload);
  }

  /** A text message of our own; not within a message of the other end, where it would be misread. */
  sendText(text: string): void {
    if (!this.isOpen || !this.#boundary.isBetweenMessages) return;
    this.socket.write(encodeFrame('text', Buffer.from(text), this.#isMasking));
  }

  /** The close frame, behind what is queued; in the middle of a frame it cannot be said, and the connection just ends. */
  close(code?: number, reason?: string | Buffer): void {
    if (!this.isOpen) return;
    if (this.#boundary.isBetweenFrames) this.#send('close', closePayload(code, reason));
    this.#isClosing = true;
    const isAnswer = this.#hasFinished && this.#options.role === 'client';
    if (!this.#boundary.isBetweenFrames || this.#hasEnded || isAnswer) this.#end();
    else this.#wait();
  }

  /** It sent its close frame, or broke the protocol: nothing that it sends from now on counts. */
  finish(): void {
    this.#hasFinished = true;
    if (this.#isClosing && this.#options.role === 'client') this.#end();
  }

  /** Lets the socket go, whatever is still queued. */
  terminate(): void {
    this.socket.destroy();
  }

  #send(opcode: OwnOpcode, payload: Buffer): void {
    if (!this.isOpen) return;
    const frame = encodeFrame(opcode, payload, this.#isMasking);
    if (opcode !== 'close' && this.#mustWait) {
      this.#waiting ??= new Map();
      this.#waiting.set(opcode, frame);
      this.#awaitQueue();
    } else {
      // An older one that still waits would come after it.
      this.#waiting?.delete(opcode);
      this.socket.write(frame);
    }
  }

  /** An empty write is answered when everything before it has left. */
  #awaitQueue(): void {
    if (this.#isAwaitingQueue || !this.#isQueueLong) return;
    this.#isAwaitingQueue = true;
    this.socket.write(EMPTY, () => {
      this.#isAwaitingQueue = false;
      this.release();
      if (this.#waiting?.size && this.isOpen) this.#awaitQueue();
    });
  }

  get #isMasking(): boolean {
    return this.#options.role === 'provider';
  }

  get #mustWait(): boolean {
    return !this.#boundary.isBetweenFrames || this.#isQueueLong;
  }

  get #isQueueLong(): boolean {
    return this.queuedBytes > this.#options.limits.pauseBytes;
  }

  /** The server closes the connection (section 7.1.1): we do toward a client, a provider does. */
  #end(): void {
    this.socket.end();
    this.#wait();
  }

  #wait(): void {
    this.#patience ??= setTimeout(() => this.socket.destroy(), this.#options.limits.closeMs);
  }
}

/** What Node keeps beneath a socket; under TLS the handle of the TCP connection is the parent of the one on top. */
interface Handle {
  readonly bytesWritten?: number;
  readonly writeQueueSize?: number;
  readonly _parent?: Handle | null;
}
