// Puts the context of an earlier session before the provider: in an event of the gateway, or inside the client's first message.
// Rule: no message of the client overtakes the context; once the context is sent, bytes pass untouched.

import type { ContextForm } from '../../adapters/realtime/contract.ts';
import { findClose } from '../../codecs/close-frame.ts';
import type { OutFrame } from '../../codecs/frame.ts';
import type { FrameBatch } from '../../codecs/frame-batch.ts';
import type { Peer } from '../transport/peer.ts';
import { FirstMessageMerge, type MergeOptions } from './first-message-merge.ts';
import type { ReadFrames } from './source-reader.ts';
import type { SessionSubject } from './subject.ts';

/** Readers of the bytes of either end. */
export interface Receivers {
  readonly fromClient: ReadFrames;
  readonly fromProvider: ReadFrames;
}

/** Readers that also give the messages that have passed. */
export interface Links {
  readonly fromClient: (...chunk: Parameters<ReadFrames>) => FrameBatch;
  readonly fromProvider: (...chunk: Parameters<ReadFrames>) => FrameBatch;
}

/** `limits.dialMs` bounds the wait for the answer to the first message. While more than `pauseBytes` are held, the client is not read. */
interface InjectionOptions extends MergeOptions {
  readonly subject: Pick<SessionSubject, 'dialect' | 'context'>;
  readonly provider: Peer;
  /** Takes chunks of the client that were held: they are read again, before anything that comes later. */
  readAgain(chunks: readonly Buffer[]): void;
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
  return { fromClient: first.read, fromProvider: links.fromProvider };
}

/** Memory that a held chunk takes beside its bytes: a flood of tiny chunks must not hold more memory than a few large chunks. */
const READ_COST_BYTES = 512;

const HELD = { count: 0, rest: undefined };

/** Holds the client's messages between its first message and the provider's answer. Keeps reading the client, so that its close is seen. */
class EventAfterAnswer implements Receivers {
  readonly #links: Links;
  readonly #event: OutFrame;
  readonly #options: InjectionOptions;
  readonly #hasClose = findClose();
  #held: Buffer[] = [];
  #heldBytes = 0;
  #state: 'before-request' | 'holding' | 'done' = 'before-request';
  #isAnswered = false;
  #deadline: NodeJS.Timeout | undefined;

  constructor(links: Links, event: OutFrame, options: InjectionOptions) {
    this.#links = links;
    this.#event = event;
    this.#options = options;
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

  #beginHolding(): void {
    const { client, limits, onUnanswered } = this.#options;
    this.#state = 'holding';
    this.#deadline = setTimeout(onUnanswered, limits.dialMs);
    client.socket.once('close', () => clearTimeout(this.#deadline));
  }

  /** Releases at the client's close, or when the session has ended: then nobody waits for an answer, and the context is of no use. */
  #hold(chunk: Buffer): typeof HELD {
    const { limits, client, isOpen } = this.#options;
    this.#held.push(Buffer.from(chunk));
    this.#heldBytes += chunk.length + READ_COST_BYTES;
    if (this.#hasClose(chunk) || !isOpen()) this.#release();
    else if (this.#heldBytes > limits.pauseBytes) client.pause('held');
    return HELD;
  }

  #release(): void {
    const held = this.#held;
    this.#held = [];
    this.#state = 'done';
    clearTimeout(this.#deadline);
    this.#options.client.resume('held');
    this.#options.readAgain(held);
  }
}
