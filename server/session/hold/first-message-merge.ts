// Puts a merged message in the place of a client's first one. Rule: its bytes pass only as a whole, and all bytes behind it pass untouched.

import type { Rejection } from '../../../adapters/realtime/contract/dialect.ts';
import type { Frame, OutFrame } from '../../../codecs/websocket/frame.ts';
import { type FrameBatch, newestPing, type ReadEnd } from '../../../codecs/websocket/frame-batch.ts';
import { encodeFrame } from '../../../codecs/websocket/frame-encoder.ts';
import type { FrameReader } from '../../../codecs/websocket/frame-reader.ts';
import type { Limits } from '../../config/config.ts';
import type { Peer } from '../../transport/peer.ts';
import type { ReadFrames } from '../link/source-reader.ts';
import type { MessageWatch } from '../unfinished-messages.ts';

export interface MergeOptions {
  readonly client: Peer;
  readonly limits: Limits;
  /** Messages of the client. */
  readonly messages: Pick<MessageWatch, 'newReader'>;
  /** Tells whether the session goes on: in one that has ended nothing is merged any more. */
  isOpen(): boolean;
  /** Called when the client closed or broke the protocol before its first message was complete. */
  onClientEnd(end: ReadEnd): void;
  /** Called when the first message cannot be merged: nothing of it has passed. `first` is valid during the call. */
  onRejected(rejection: Rejection, first: Frame): void;
  /** Called when the merge itself failed: nothing of the first message has passed. */
  onFault(error: unknown): void;
}

export class FirstMessageMerge {
  readonly #merge: (first: Frame) => OutFrame | Rejection;
  readonly #pass: ReadFrames;
  readonly #options: MergeOptions;
  readonly #reader: FrameReader;
  #isDone = false;

  /** `pass` gets frames as a client sends them: the merged message, masked, and then the bytes as they come. */
  constructor(merge: (first: Frame) => OutFrame | Rejection, pass: ReadFrames, options: MergeOptions) {
    this.#merge = merge;
    this.#pass = pass;
    this.#options = options;
    this.#reader = options.messages.newReader();
  }

  /** See `ReadFrames`. Reads one frame at a time: what is behind the first message passes untouched. */
  readonly read: ReadFrames = (chunk, at, maxFrames) => {
    if (this.#isDone) return this.#pass(chunk, at, maxFrames);
    let [count, rest, ping]: [number, Buffer | undefined, Buffer | undefined] = [0, chunk, undefined];
    while (rest !== undefined && count < maxFrames && !this.#isDone) {
      const batch: FrameBatch = this.#reader.read(rest, at, 1);
      ping = newestPing(batch) ?? ping;
      const [first] = batch.frames;
      if (first !== undefined && this.#options.isOpen()) this.#tryToReplace(first);
      if (batch.end !== undefined) this.#options.onClientEnd(batch.end);
      rest = batch.rest;
      count += batch.count;
    }
    if (ping !== undefined) this.#options.client.pong(ping);
    return { count, rest };
  };

  #tryToReplace(first: Frame): void {
    try {
      this.#replace(first);
    } catch (error) {
      this.#options.onFault(error);
    }
  }

  #replace(first: Frame): void {
    const merged = this.#bounded(this.#merge(first));
    if ('code' in merged) return void this.#options.onRejected(merged, first);
    this.#isDone = true;
    this.#pass(encodeFrame(merged.binary ? 'binary' : 'text', merged.data, true), first.at, 1);
  }

  /** Rejects a merged message that the limit of the client's own messages would end the session for. */
  #bounded(merged: OutFrame | Rejection): OutFrame | Rejection {
    const { clientMaxPayloadBytes } = this.#options.limits;
    if ('code' in merged || Buffer.byteLength(merged.data) <= clientMaxPayloadBytes) return merged;
    const message = `with the context of the earlier session the first message is longer than ${clientMaxPayloadBytes} bytes`;
    return { code: 'context_not_taken', message };
  }
}
