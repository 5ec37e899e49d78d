// Reads the messages of one end whole, one by one, so that each can be passed on as it is, replaced or left out.
// Rule: a message that passes has its own bytes, fragments included; nothing overtakes another.

import { findClose } from '../../../codecs/websocket/close-frame.ts';
import type { Frame, OutFrame } from '../../../codecs/websocket/frame.ts';
import { type FrameBatch, hasPong, newestPing, type ReadEnd } from '../../../codecs/websocket/frame-batch.ts';
import { encodeFrame } from '../../../codecs/websocket/frame-encoder.ts';
import type { FrameReader } from '../../../codecs/websocket/frame-reader.ts';
import type { Peer } from '../../transport/peer.ts';
import type { ReadFrames } from '../link/source-reader.ts';
import type { MessageWatch } from '../unfinished-messages.ts';

interface WholeMessagesOptions {
  readonly source: Pick<Peer, 'pong'>;
  /** True for messages of clients. */
  readonly isMasked: boolean;
  readonly messages: Pick<MessageWatch, 'newReader'>;
  /** Gets the bytes of what passes, a message at a time. */
  readonly pass: ReadFrames;
  /**
   * Decides about a message: undefined lets it pass; a function is called in its place, behind all that came before. `frame.data` is valid
   * during the call.
   */
  readonly decide: (frame: Frame) => (() => void) | undefined;
  /** Called for each message that was read, once it has passed or its function was called. */
  readonly onRead?: () => void;
  readonly onPong?: (at: number) => void;
  /** Tells whether more may be read now; always, where it is left out. */
  readonly mayRead?: () => boolean;
  /** Called when the source closed or broke the protocol. Nothing is read behind that. */
  readonly onEnd: (end: ReadEnd) => void;
  /** The one that read the source before, which is gone: what it has of a message is let go. */
  readonly former?: WholeMessages | undefined;
}

export class WholeMessages {
  readonly #options: Omit<WholeMessagesOptions, 'former'>;
  #reader: FrameReader;
  #hasEnded = false;

  constructor({ former, ...options }: WholeMessagesOptions) {
    this.#options = options;
    const before = former === undefined ? undefined : former.#reader;
    before?.drop();
    this.#reader = this.#newReader(before);
  }

  /** See `ReadFrames`. */
  readonly read: ReadFrames = (chunk, at, maxFrames) => {
    const { mayRead, source } = this.#options;
    let [count, rest, ping]: [number, Buffer | undefined, Buffer | undefined] = [0, chunk, undefined];
    while (!this.#hasEnded && rest !== undefined && count < maxFrames && mayRead?.() !== false) {
      const batch: FrameBatch = this.#reader.read(rest, at, 1);
      ping = newestPing(batch) ?? ping;
      if (hasPong(batch)) this.#options.onPong?.(at);
      rest = batch.rest;
      count += batch.count;
      this.#take(batch, at);
    }
    if (ping !== undefined) source.pong(ping);
    return { count, rest: this.#hasEnded ? undefined : rest };
  };

  /** Passes a message of our own on, as if the source had sent it. */
  send({ data, binary }: OutFrame, at: number): void {
    this.#forward(encodeFrame(binary ? 'binary' : 'text', data, this.#options.isMasked), at);
  }

  /** Forgets what was read of a message that will not end. */
  forgetUnfinished(): void {
    this.#reader.drop();
    this.#reader = this.#newReader(this.#reader);
    this.#hasEnded = false;
  }

  /** Makes what finds a close in the chunks that come from now on. */
  closeFinder(): ReturnType<typeof findClose> {
    return findClose(this.#reader.begun);
  }

  #take({ runs, frames, end }: FrameBatch, at: number): void {
    for (const run of runs) this.#forward(run, at);
    if (end?.name === 'refused') {
      // The reader ended with the message that it did not let pass.
      this.#reader = this.#newReader(this.#reader);
      end.refuse();
    } else if (end !== undefined) {
      this.#hasEnded = true;
      this.#options.onEnd(end);
    }
    if (end?.name === 'refused' || frames.length > 0) this.#options.onRead?.();
  }

  /** Passes on a whole message, which has no more frames than a message may have. */
  #forward(message: Buffer, at: number): void {
    let rest: Buffer | undefined = message;
    while (rest !== undefined) ({ rest } = this.#options.pass(rest, at, Number.POSITIVE_INFINITY));
  }

  #newReader(former?: FrameReader): FrameReader {
    return this.#options.messages.newReader(this.#options.decide, former);
  }
}
