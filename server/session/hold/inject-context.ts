// Puts the context of an earlier session before the provider: in an event of the gateway, or inside the client's first message.
// Rule: no message of the client overtakes the context; once the context is sent, bytes pass untouched.

import type { ContextForm } from '../../../adapters/realtime/contract/dialect.ts';
import { findClose } from '../../../codecs/websocket/close-frame.ts';
import type { OutFrame } from '../../../codecs/websocket/frame.ts';
import type { FrameBatch } from '../../../codecs/websocket/frame-batch.ts';
import type { Limits } from '../../config/config.ts';
import type { Peer } from '../../transport/peer.ts';
import type { ReadFrames, SourceReader } from '../link/source-reader.ts';
import type { SessionSubject } from '../subject.ts';
import { FirstMessageMerge, type MergeOptions } from './first-message-merge.ts';
import { HELD, HeldChunks, type HeldChunksOptions } from './held-chunks.ts';

/** Readers of the bytes of either end. */
export interface Receivers {
  readonly fromClient: ReadFrames;
  readonly fromProvider: ReadFrames;
  /** Calls back once nothing that still counts is held of a client that is gone; false, and no call, where nothing is. */
  afterHeld(callback: () => void): boolean;
}

/** Calls back once everything is read that a client had sent; what was held is read again, and may be held again. */
export function afterAllRead(client: SourceReader, receivers: Receivers, callback: () => void): void {
  client.afterKept(() => {
    if (!receivers.afterHeld(() => afterAllRead(client, receivers, callback))) callback();
  });
}

/** Readers that also give the messages that have passed. They hold nothing. */
export interface Links extends Receivers {
  readonly fromClient: (...chunk: Parameters<ReadFrames>) => FrameBatch;
  readonly fromProvider: (...chunk: Parameters<ReadFrames>) => FrameBatch;
}

/** `limits.dialMs` bounds the wait for the answer to the first message. While more than `pauseBytes` are held, the client is not read. */
export interface InjectionOptions extends MergeOptions, HeldChunksOptions {
  readonly limits: Limits;
  readonly subject: Pick<SessionSubject, 'dialect' | 'context'>;
  readonly provider: Peer;
  /** Called when the provider did not answer the first message in time. */
  onUnanswered(): void;
}

/**
 * Wraps the receivers so that the context reaches the provider; without a context returns them unchanged. Must be called before the
 * first byte arrives.
 */
export function injectContext(links: Links, options: InjectionOptions): Receivers {
  const { dialect, context } = options.subject;
  const form = dialect.context;
  if (!context?.text || form === undefined) return links;
  if (form.kind === 'in-first-message') return inFirstMessage(links, form, context.text, options);
  const event = form.event(context.text);
  if (form.after === 'first-answer') return new EventAfterAnswer(links, event, options);
  options.provider.sendMessage(event);
  return links;
}

function inFirstMessage(
  links: Links,
  { merge }: ContextForm & { readonly kind: 'in-first-message' },
  text: string,
  options: InjectionOptions,
): Receivers {
  const first = new FirstMessageMerge((message) => merge(message, text), links.fromClient, options);
  return { ...links, fromClient: first.read };
}

/** Holds the client's messages between its first message and the provider's answer. Keeps reading the client, so that its close is seen. */
class EventAfterAnswer implements Receivers {
  readonly #links: Links;
  readonly #event: OutFrame;
  readonly #options: InjectionOptions;
  readonly #hasClose = findClose();
  readonly #held: HeldChunks;
  #state: 'before-request' | 'holding' | 'done' = 'before-request';
  #isAnswered = false;
  #deadline: NodeJS.Timeout | undefined;

  constructor(links: Links, event: OutFrame, options: InjectionOptions) {
    this.#links = links;
    this.#event = event;
    this.#options = options;
    this.#held = new HeldChunks(options);
  }

  readonly fromClient: ReadFrames = (chunk, at, maxFrames) => {
    if (this.#state === 'done') return this.#links.fromClient(chunk, at, maxFrames);
    if (this.#state === 'holding') return this.#hold(chunk);
    // One frame at a time: what is behind the request is held.
    const batch = this.#links.fromClient(chunk, at, 1);
    if (batch.frames.length > 0) this.#beginHolding();
    return batch;
  };

  readonly fromProvider: ReadFrames = (chunk, at, maxFrames) => {
    const batch = this.#links.fromProvider(chunk, at, maxFrames);
    this.#isAnswered ||= batch.frames.length > 0;
    if (this.#state !== 'holding' || !this.#isAnswered || !this.#options.isOpen()) return batch;
    this.#options.provider.sendMessage(this.#event);
    this.#release();
    return batch;
  };

  /** Nobody waits for an answer to a client that is gone: what is held is dropped. */
  afterHeld(): boolean {
    return false;
  }

  #beginHolding(): void {
    const { client, limits, onUnanswered } = this.#options;
    this.#state = 'holding';
    this.#deadline = setTimeout(onUnanswered, limits.dialMs);
    client.socket.once('close', () => clearTimeout(this.#deadline));
  }

  /** Releases at the client's close, or when the session has ended: then nobody waits for an answer, and the context is of no use. */
  #hold(chunk: Buffer): typeof HELD {
    this.#held.add(chunk);
    if (this.#hasClose(chunk) || !this.#options.isOpen()) this.#release();
    return HELD;
  }

  #release(): void {
    this.#state = 'done';
    clearTimeout(this.#deadline);
    this.#held.release();
  }
}
