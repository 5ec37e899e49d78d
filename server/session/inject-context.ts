// Puts the context of an earlier session before the provider: in an event of the gateway, or inside the client's first message.
// Rule: no message of the client overtakes the context; once the context is sent, bytes pass untouched.

import type { ContextForm } from '../../adapters/realtime/contract.ts';
import type { OutFrame } from '../../codecs/frame.ts';
import { findCloseEnd, findFirstMessageEnd } from '../../codecs/message-end.ts';
import type { Peer } from '../transport/peer.ts';
import { FirstMessageMerge, type MergeOptions } from './first-message-merge.ts';
import type { SessionSubject } from './subject.ts';

/** Takes the bytes of either end. Functions, not methods: peers call them directly, for every chunk. */
export interface Receivers {
  readonly fromClient: (chunk: Buffer) => void;
  readonly fromProvider: (chunk: Buffer) => void;
}

/** `limits.dialMs` bounds the wait for the answer to the first message. While more than `pauseBytes` are held, the client is not read. */
interface InjectionOptions extends MergeOptions {
  readonly subject: Pick<SessionSubject, 'dialect' | 'context'>;
  readonly provider: Peer;
  /** Called when the provider did not answer the first message in time. */
  onUnanswered(): void;
}

/**
 * Wraps the receivers so that the context reaches the provider; without a context returns them unchanged. Must be called before the
 * first byte arrives.
 */
export function injectContext(receivers: Receivers, options: InjectionOptions): Receivers {
  const { dialect, context } = options.subject;
  const form = dialect.context;
  if (!context?.text || form === undefined) return receivers;
  if (form.kind === 'in-first-message') return inFirstMessage(receivers, form, context.text, options);
  const event = form.event(context.text);
  if (form.after === 'first-answer') return new EventAfterAnswer(receivers, event, options);
  options.provider.sendMessage(event);
  return receivers;
}

function inFirstMessage(
  receivers: Receivers,
  { merge }: ContextForm & { readonly kind: 'in-first-message' },
  text: string,
  options: InjectionOptions,
): Receivers {
  const first = new FirstMessageMerge((message) => merge(message, text), receivers.fromClient, options);
  return { fromClient: (chunk) => first.receive(chunk), fromProvider: receivers.fromProvider };
}

/** Memory that a held chunk takes beside its bytes: a flood of tiny chunks must not hold more memory than a few large chunks. */
const READ_COST_BYTES = 512;

/** Holds the client's messages between its first message and the provider's answer. Keeps reading the client, so that its close is seen. */
class EventAfterAnswer implements Receivers {
  readonly #receivers: Receivers;
  readonly #event: OutFrame;
  readonly #options: InjectionOptions;
  readonly #findRequestEnd = findFirstMessageEnd();
  readonly #findAnswerEnd = findFirstMessageEnd();
  readonly #findCloseEnd = findCloseEnd();
  readonly #held: Buffer[] = [];
  #heldBytes = 0;
  #state: 'before-request' | 'holding' | 'done' = 'before-request';
  #isAnswered = false;
  #deadline: NodeJS.Timeout | undefined;

  constructor(receivers: Receivers, event: OutFrame, options: InjectionOptions) {
    this.#receivers = receivers;
    this.#event = event;
    this.#options = options;
  }

  readonly fromClient = (chunk: Buffer): void => {
    if (this.#state === 'holding' && this.#options.isOpen()) return void this.#hold(chunk);
    if (this.#state === 'holding') this.#release();
    const end = this.#state === 'before-request' ? this.#findRequestEnd(chunk) : undefined;
    if (end === undefined) return void this.#receivers.fromClient(chunk);
    this.#beginHolding();
    this.#receivers.fromClient(chunk.subarray(0, end));
    if (end < chunk.length) this.fromClient(chunk.subarray(end));
  };

  readonly fromProvider = (chunk: Buffer): void => {
    if (this.#state !== 'done' && !this.#isAnswered) this.#isAnswered = this.#findAnswerEnd(chunk) !== undefined;
    const isDue = this.#state === 'holding' && this.#isAnswered && this.#options.isOpen();
    if (isDue) this.#options.provider.sendMessage(this.#event);
    this.#receivers.fromProvider(chunk);
    if (isDue) this.#release();
  };

  #beginHolding(): void {
    const { client, limits, onUnanswered } = this.#options;
    this.#state = 'holding';
    this.#deadline = setTimeout(onUnanswered, limits.dialMs);
    client.socket.once('close', () => clearTimeout(this.#deadline));
  }

  /** Releases at the client's close: such a client waits for no answer, and the context is of no use to it. */
  #hold(chunk: Buffer): void {
    this.#held.push(Buffer.from(chunk));
    this.#heldBytes += chunk.length + READ_COST_BYTES;
    if (this.#findCloseEnd(chunk) !== undefined) this.#release();
    else if (this.#heldBytes > this.#options.limits.pauseBytes) this.#options.client.pause();
  }

  /** Resumes the client before the held chunks are sent: they may be too much for the provider, and then the client is paused anew. */
  #release(): void {
    this.#state = 'done';
    clearTimeout(this.#deadline);
    if (this.#heldBytes > this.#options.limits.pauseBytes) this.#options.client.resume();
    for (const chunk of this.#held.splice(0)) this.#receivers.fromClient(chunk);
  }
}
