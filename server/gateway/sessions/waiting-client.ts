// A client that has its 101 and no provider yet: its first message is read, and what comes behind that is held for its session.
// Rule: until its first message is complete it may send as many bytes as that may have, pings included, and takes the room of a connection that
// waits for a request.

import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import type { FirstFrame } from '../../../adapters/realtime/contract/first-frame.ts';
import type { Refusal } from '../../../adapters/realtime/refusal.ts';
import { findClose, readClose } from '../../../codecs/websocket/close-frame.ts';
import type { Frame } from '../../../codecs/websocket/frame.ts';
import { newestPing, type ReadEnd } from '../../../codecs/websocket/frame-batch.ts';
import { encodeFrame } from '../../../codecs/websocket/frame-encoder.ts';
import type { FrameReader } from '../../../codecs/websocket/frame-reader.ts';
import type { Limits } from '../../config/config.ts';
import type { ClientGone } from '../../http/connection/client-gone.ts';
import { closeOfRefusal, relayed } from '../../session/close-reason.ts';
import type { MessageWatch, UnfinishedMessages } from '../../session/unfinished-messages.ts';
import { Peer } from '../../transport/peer.ts';
import type { AwaitedForm } from '../admission/admission.ts';

interface WaitingOptions {
  readonly socket: Socket;
  /** Bytes that the client sent behind its request. */
  readonly head: Buffer;
  readonly limits: Limits;
  /** Those of all sessions of the process. */
  readonly unfinished: UnfinishedMessages;
  /** The form of its first message. */
  readonly form: AwaitedForm;
}

/** Room for headers and pings beside the payload of the first message. */
const FRAMING_BYTES = 1024;
/** Memory that a held chunk takes beside its bytes. */
const READ_COST_BYTES = 512;
/** Nothing passes to the client ahead of its session. */
const BETWEEN_MESSAGES = { isBetweenFrames: true, isBetweenMessages: true };

/** Starts to read at once. It is a `ClientGone` for as long as the provider is asked. */
export class WaitingClient implements ClientGone {
  readonly peer: Peer;
  /** The facts of the first message, once it is complete, or why there are none. */
  readonly reading: Promise<FirstFrame | Refusal>;
  readonly #options: WaitingOptions;
  readonly #messages: MessageWatch;
  readonly #reader: FrameReader;
  readonly #gone = new AbortController();
  readonly #timers: NodeJS.Timeout[];
  readonly #hasClose = findClose();
  #isFirst = true;
  #hasLeft = false;
  /** True once nothing of the client is read here any more. */
  #isStopped = false;
  #readBytes = 0;
  #held: Buffer[] = [];
  #heldBytes = 0;
  /** Close code of a breach of the WebSocket protocol. */
  #fault: number | undefined;
  #firstFrame: FirstFrame | undefined;
  #noRoom: Refusal | undefined;
  #readyAt = performance.now();
  #resolve: (outcome: FirstFrame | Refusal) => void = () => {};

  constructor(options: WaitingOptions) {
    const { socket, head, limits, unfinished, form } = options;
    this.#options = options;
    this.peer = new Peer({ socket, role: 'client', limits });
    this.reading = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    this.#messages = unfinished.watch({
      direction: 'upstream',
      peer: this.peer,
      limits: { ...limits, clientMaxPayloadBytes: this.#maxBytes },
      onStalled: () => this.#settle(this.#tooLate),
      onNoMemory: () => this.#giveUp(),
    });
    this.#reader = this.#messages.newReader();
    this.#timers = [setTimeout(() => this.#settle(this.#tooLate), limits.handshakeMs)];
    if (form.unnamedMs !== undefined) this.#timers.push(setTimeout(() => this.#nameNothing(), form.unnamedMs));
    socket.on('data', this.#receive).once('end', this.#leave).once('close', this.#leave);
    if (head.length > 0) this.#receive(head);
    if (socket.destroyed) this.#leave();
  }

  /** Aborted once the client has closed or is lost. */
  get signal(): AbortSignal {
    return this.#gone.signal;
  }

  /** Bytes that its session reads first: the first message, and what came behind it. */
  get head(): Buffer {
    return Buffer.concat(this.#held);
  }

  /** The facts of the first message; undefined until it was read. */
  get firstFrame(): FirstFrame | undefined {
    return this.#firstFrame;
  }

  /** The time at which the first message was complete (monotonic ms). */
  get readyAt(): number {
    return this.#readyAt;
  }

  /** True where the client, and not the gateway, has ended it. */
  get hasLeft(): boolean {
    return this.#hasLeft;
  }

  /** Set once what it holds had to be dropped: it can have no session. */
  get noRoom(): Refusal | undefined {
    return this.#noRoom;
  }

  /** Gives the reason not to wait any longer for the first message, where that is still to come. */
  refuseFirst(refusal: Refusal): void {
    this.#settle(refusal);
  }

  /** Aborts the signal and leaves the socket open. */
  abort(): void {
    this.#gone.abort();
  }

  readonly stop = (): void => {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#endWait();
    this.#messages.stop();
    const { socket } = this.#options;
    socket.off('data', this.#receive).off('end', this.#leave).off('close', this.#leave);
    socket.pause();
  };

  /** Tells the client why there is no session, and closes. */
  refuse(refusal: Refusal): void {
    this.#readNothing();
    const { peer } = this;
    const event = this.#options.form.refusalEvent(refusal);
    const { code, reason } = this.#fault === undefined ? closeOfRefusal(refusal) : { code: this.#fault };
    if (event !== undefined && this.#fault === undefined) peer.sendMessage(event);
    peer.close(code, reason);
  }

  get #maxBytes(): number {
    const { firstMessageBytes, clientMaxPayloadBytes } = this.#options.limits;
    return Math.min(firstMessageBytes, clientMaxPayloadBytes);
  }

  get #tooLate(): Refusal {
    const { limits, form } = this.#options;
    const message = `expected the first message, which has ${form.has}, within ${limits.handshakeMs} ms (limits.handshakeMs)`;
    return { status: 408, code: 'request_timeout', message };
  }

  get #tooLarge(): Refusal {
    const message = `expected at most ${this.#maxBytes} bytes as the first message, which has ${this.#options.form.has} (limits.firstMessageBytes)`;
    return { status: 413, code: 'body_too_large', message };
  }

  readonly #receive = (chunk: Buffer): void => {
    const isClose = this.#hasClose(chunk);
    const rest = this.#isFirst ? this.#readFirst(chunk) : chunk;
    if (rest !== undefined) this.#hold(rest);
    if (isClose && !this.#isStopped) this.#answerClose(1000);
  };

  readonly #leave = (): void => {
    this.#goes();
    this.#options.socket.destroy();
  };

  #goes(): void {
    this.#hasLeft = true;
    this.#settle(broken);
    this.#gone.abort();
  }

  /** Returns what is behind the first message; undefined where that is not complete. */
  #readFirst(chunk: Buffer): Buffer | undefined {
    let rest: Buffer | undefined = chunk;
    let ping: Buffer | undefined;
    while (rest !== undefined && this.#isFirst) {
      const { frames, end, rest: behind, ...batch } = this.#reader.read(rest, performance.now(), 1);
      this.#readBytes += rest.length - (behind?.length ?? 0);
      ping = newestPing(batch) ?? ping;
      rest = behind;
      const [first] = frames;
      if (first !== undefined) this.#complete(first);
      else if (end !== undefined) this.#ended(end);
      else if (this.#readBytes > this.#maxBytes + FRAMING_BYTES) this.#settle(this.#tooLarge);
    }
    if (ping !== undefined) this.peer.pong(ping);
    return rest;
  }

  /** Its fragments, and the mask of the client, do not matter: the message is written anew. */
  #complete(first: Frame): void {
    this.#hold(encodeFrame(first.binary ? 'binary' : 'text', first.data, true));
    this.#settle(this.#read(first));
  }

  #read(first: Frame): FirstFrame | Refusal {
    try {
      const read = this.#options.form.read(first, true);
      return 'code' in read ? unreadable(read.message) : read;
    } catch {
      return unreadable('the first message cannot be read');
    }
  }

  #ended(end: ReadEnd): void {
    if (end.name === 'closed') {
      const close = readClose(end.payload);
      this.#answerClose('fault' in close ? close.fault : relayed(close.code, close.reason).code);
      return;
    }
    this.#fault = end.name === 'broken' ? end.code : 1002;
    this.#settle(this.#fault === 1009 ? this.#tooLarge : broken);
  }

  #answerClose(code: number | undefined): void {
    this.#goes();
    this.#readNothing();
    this.peer.finish();
    this.peer.close(code);
  }

  /** Drops whatever the client still sends, but its close. */
  #readNothing(): void {
    this.stop();
    const { peer } = this;
    const received = (chunk: Buffer): void => {
      if (this.#hasClose(chunk)) peer.finish();
    };
    peer.start({ received, lost() {}, gone() {} }, BETWEEN_MESSAGES);
  }

  #settle(outcome: FirstFrame | Refusal): void {
    if (!this.#isFirst) return;
    this.#isFirst = false;
    this.#readyAt = performance.now();
    if (!('code' in outcome)) this.#firstFrame = outcome;
    this.#endWait();
    this.#resolve(outcome);
  }

  /** A message that has begun is waited for. */
  #nameNothing(): void {
    if (this.#readBytes === 0) this.#settle({ resources: [] });
  }

  #endWait(): void {
    for (const timer of this.#timers) clearTimeout(timer);
  }

  /** Frees what it holds. The provider that is asked is not waited for. */
  #giveUp(): void {
    if (this.#isFirst) this.#settle(noMemory);
    else {
      this.#noRoom = noMemory;
      this.#held = [];
      this.stop();
      this.abort();
    }
  }

  /** Holds as much as a peer that is slow would: the client is not read beyond that. */
  #hold(chunk: Buffer): void {
    if (this.#isStopped) return;
    this.#held.push(Buffer.from(chunk));
    this.#heldBytes += chunk.length + READ_COST_BYTES;
    this.#messages.hold(chunk.length + READ_COST_BYTES);
    if (this.#heldBytes > this.#options.limits.pauseBytes) this.#options.socket.pause();
  }
}

const unreadable = (message: string): Refusal => ({ status: 400, code: 'invalid_request', message });

const broken = unreadable('the client broke the WebSocket protocol, or closed, before its first message was complete');

const noMemory: Refusal = {
  status: 503,
  code: 'too_many_connections',
  message: 'no memory for unfinished messages (limits.maxUnfinishedBytes): try again later',
  retryAfterS: 1,
};
