// An end of a session after its handshake: a raw socket, the bytes that go out to it, and the closing handshake (RFC 6455, section 7).
// Rule: frames of our own go out only after a whole frame, since the bytes that pass through may stop in mid-frame.

import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { TLSSocket } from 'node:tls';
import { closePayload } from '../../codecs/websocket/close-frame.ts';
import type { OutFrame } from '../../codecs/websocket/frame.ts';
import { encodeFrame, type OwnOpcode } from '../../codecs/websocket/frame-encoder.ts';
import type { Limits } from '../config/config.ts';
import { DirectWriter, hasDirectWays, hasTcpTakenAll, takenBytes } from './socket-handle.ts';
import { readerOf, type SocketReader } from './socket-reader.ts';

export interface PeerOptions {
  readonly socket: Socket;
  /** Our own frames to a provider are masked, those to a client are not. */
  readonly role: 'client' | 'provider';
  /**
   * `closeMs`: how long we wait for the answer to our close, or for the end of the connection after it. `pauseBytes`: with more
   * than this queued, our pings and pongs wait, and only the newest of each.
   */
  readonly limits: Pick<Limits, 'closeMs' | 'pauseBytes'>;
}

/** Gets what happens to a peer. */
interface PeerListener {
  /** Gets bytes that the peer sent. The chunk is valid during the call. */
  readonly received: (chunk: Buffer) => void;
  /** Called when the peer's side of the connection ended without a close frame. */
  lost(): void;
  /** Called when the connection is closed. */
  gone(): void;
}

/** Tells whether the bytes that have passed to a peer end after a whole frame, or a whole message. */
export interface Boundary {
  readonly isBetweenFrames: boolean;
  readonly isBetweenMessages: boolean;
}

/** Why a peer is not read: the other end is slow, its share of the event loop is used up, or its messages are held. Bits. */
const PAUSES = { slow: 1, share: 2, held: 4 } as const;
type Pause = keyof typeof PAUSES;

const EMPTY = Buffer.alloc(0);

export class Peer {
  socket: Socket;
  readonly #options: PeerOptions;
  #listener: PeerListener | undefined;
  #reader: SocketReader;
  /** TLS copies the bytes of a write. */
  #isSecure = false;
  #direct: DirectWriter | undefined;
  /** Length of the last write over TLS, where nothing was queued ahead of it. */
  #tlsWriteBytes = 0;
  #boundary: Boundary = { isBetweenFrames: true, isBetweenMessages: true };
  /** The newest frame of each kind that waits for the end of the frame that is passing, or for the socket to take more. */
  #pending: Map<OwnOpcode, Buffer> | undefined;
  #isAwaitingQueue = false;
  #pauses = 0;
  #isClosing = false;
  #hasFinished = false;
  #hasEnded = false;
  #closeTimer: NodeJS.Timeout | undefined;
  /** The time when the newest ping without an answer left (monotonic ms). */
  #pingedAt: number | undefined;

  constructor(options: PeerOptions) {
    this.#options = options;
    this.socket = options.socket;
    this.#reader = readerOf(options.socket);
    this.#useSocket();
  }

  #useSocket(): void {
    this.#isSecure = this.socket instanceof TLSSocket;
    this.#tlsWriteBytes = 0;
    this.#direct = !this.#isSecure && hasDirectWays(this.socket) ? new DirectWriter(this.socket) : undefined;
  }

  /**
   * Goes on with another socket of the same end, which is read at once. What the one before had yet to take is given up; nothing that happens to it is
   * told any more.
   */
  adopt(socket: Socket): void {
    clearTimeout(this.#closeTimer);
    this.socket.destroy();
    this.socket = socket;
    this.#reader = readerOf(socket);
    this.#useSocket();
    this.#pending?.clear();
    this.#isAwaitingQueue = this.#isClosing = this.#hasFinished = this.#hasEnded = false;
    this.#pingedAt = this.#closeTimer = undefined;
    this.#listen();
    if (this.#pauses > 0) socket.pause();
  }

  /** True while it may be written to: no close frame of ours is on its way. */
  get isOpen(): boolean {
    return !this.#isClosing && this.socket.writable;
  }

  /** True when nothing more will come from it. */
  get hasFinished(): boolean {
    return this.#hasFinished || this.socket.destroyed;
  }

  get isGone(): boolean {
    return this.socket.closed;
  }

  /** True while it is not read, for whatever reason. */
  get isPaused(): boolean {
    return this.socket.isPaused();
  }

  /**
   * Bytes that the kernel has yet to take. A socket of TLS calls a write done at the end of the turn at the earliest, though the kernel may
   * have it by then; to wait for that would cost as much again as the write.
   */
  get queuedBytes(): number {
    const bytes = this.socket.writableLength;
    if (this.#direct !== undefined) return bytes + this.#direct.queuedBytes;
    return bytes > 0 && bytes === this.#tlsWriteBytes && hasTcpTakenAll(this.socket) ? 0 : bytes;
  }

  /** Bytes that the kernel took so far. */
  get takenBytes(): number {
    return takenBytes(this.socket) ?? -this.queuedBytes;
  }

  /** Begins to read: bytes that came before are received at once. `boundary`: of the bytes that will be passed to this peer. */
  start(listener: PeerListener, boundary: Boundary): void {
    this.#boundary = boundary;
    this.#listener = listener;
    this.#listen();
  }

  #listen(): void {
    const { socket } = this;
    const listener = this.#listener as PeerListener;
    const lose = (): void => {
      if (this.#hasFinished || socket !== this.socket) return;
      this.#hasFinished = true;
      listener.lost();
    };
    socket.once('end', () => {
      if (socket !== this.socket) return;
      this.#hasEnded = true;
      lose();
      if (this.#isClosing) this.#end();
    });
    socket.once('close', () => {
      if (socket !== this.socket) return;
      clearTimeout(this.#closeTimer);
      lose();
      listener.gone();
    });
    // Resumes before it reads: the bytes that came before may already pause it.
    socket.resume();
    this.#reader.start(listener.received);
    if (socket.destroyed) lose();
  }

  /** Stops reading, until each reason that was given is taken back. */
  pause(why: Pause): void {
    this.#pauses |= PAUSES[why];
    this.socket.pause();
  }

  resume(why: Pause): void {
    if (this.#pauses === 0) return;
    this.#pauses &= ~PAUSES[why];
    if (this.#pauses === 0) this.socket.resume();
  }

  /** Passes bytes of the other end on. Returns true when the socket still needs the memory of `bytes`. */
  pass(bytes: Buffer): boolean {
    const direct = this.#direct;
    // Bytes behind a queue would wait for long in memory that the next read needs.
    const isQueued = this.socket.writableLength > 0 || (direct !== undefined && direct.queuedBytes > 0);
    if (!isQueued && direct !== undefined) return direct.write(bytes);
    this.socket.write(isQueued ? Buffer.from(bytes) : bytes);
    if (this.#isSecure) this.#tlsWriteBytes = isQueued ? 0 : bytes.length;
    return !isQueued && !this.#isSecure && this.queuedBytes > 0;
  }

  /** Keeps the memory of the chunk that was received, which is still in use. */
  keepChunk(): void {
    this.#reader.keepChunk();
  }

  /** Called from time to time: lets go of memory that was hardly used since. */
  rest(): void {
    this.#reader.rest();
  }

  /** Sends our frames that wait, where they may go out now. Called after bytes were passed, or have left. */
  sendPending(): void {
    if (!this.#pending?.size || this.#mustWait || !this.isOpen) return;
    for (const [opcode, frame] of this.#pending) this.#write(opcode, frame);
    this.#pending.clear();
  }

  ping(): void {
    this.#send('ping', EMPTY);
  }

  pong(payload: Buffer): void {
    this.#send('pong', payload);
  }

  /** Takes a pong of the peer. Returns how long it took (ms); undefined where no ping waited for an answer. */
  answered(at: number): number | undefined {
    const ms = this.#pingedAt && at - this.#pingedAt;
    this.#pingedAt = undefined;
    return ms;
  }

  /** Sends a message of our own; not within a message of the other end, where it would be misread. */
  sendMessage({ data, binary }: OutFrame): void {
    if (!this.isOpen || !this.#boundary.isBetweenMessages) return;
    this.socket.write(encodeFrame(binary ? 'binary' : 'text', data, this.#isMasking));
  }

  /** Sends a close frame behind the queue. In the middle of a frame that is impossible, and the connection just ends. */
  close(code?: number, reason?: string | Buffer): void {
    if (!this.isOpen) return;
    if (this.#boundary.isBetweenFrames) this.#send('close', closePayload(code, reason));
    this.#isClosing = true;
    const isAnswer = this.#hasFinished && this.#options.role === 'client';
    if (!this.#boundary.isBetweenFrames || this.#hasEnded || isAnswer) this.#end();
    else this.#startCloseTimer();
  }

  /** Tells that the peer sent its close frame, or broke the protocol: nothing that it sends from now on counts. */
  finish(): void {
    this.#hasFinished = true;
    if (this.#isClosing && this.#options.role === 'client') this.#end();
  }

  /** Destroys the socket, whatever is still queued. */
  terminate(): void {
    this.socket.destroy();
  }

  #send(opcode: OwnOpcode, payload: Buffer): void {
    if (!this.isOpen) return;
    const frame = encodeFrame(opcode, payload, this.#isMasking);
    if (opcode !== 'close' && this.#mustWait) {
      this.#pending ??= new Map();
      this.#pending.set(opcode, frame);
      this.#awaitQueue();
    } else {
      // An older frame of the kind that still waits would come after this one.
      this.#pending?.delete(opcode);
      this.#write(opcode, frame);
    }
  }

  #write(opcode: OwnOpcode, frame: Buffer): void {
    if (opcode === 'ping') this.#pingedAt = performance.now();
    this.socket.write(frame);
  }

  /** Sends an empty write, which is answered when everything before it has left. */
  #awaitQueue(): void {
    if (this.#isAwaitingQueue || !this.#isQueueLong) return;
    this.#isAwaitingQueue = true;
    this.socket.write(EMPTY, () => {
      this.#isAwaitingQueue = false;
      this.sendPending();
      if (this.#pending?.size && this.isOpen) this.#awaitQueue();
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

  /** Ends our side. The server closes the connection first (section 7.1.1): toward a client we do, toward us the provider does. */
  #end(): void {
    // A second end makes an error with its stack, which nobody sees.
    if (!this.socket.writableEnded) this.socket.end();
    this.#startCloseTimer();
  }

  #startCloseTimer(): void {
    this.#closeTimer ??= setTimeout(() => this.socket.destroy(), this.#options.limits.closeMs);
  }
}
