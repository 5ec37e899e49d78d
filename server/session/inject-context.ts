// Tells the provider what an earlier session was about: in an event of our own, or in the client's first message.
// Rule: until then nothing of the client's gets ahead of it; afterwards bytes pass untouched.

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

/** `limits.dialMs`: how long the first message may go unanswered. `pauseBytes`: with more than this held, the client is not read. */
interface InjectionOptions extends MergeOptions {
  readonly subject: Pick<SessionSubject, 'dialect' | 'context'>;
  readonly provider: Peer;
  /** Called when the provider did not answer the first message in time. */
  onUnanswered(): void;
}

/** Returns the receivers as they are where there is no context, else such as bring it along. Nothing has been received yet. */
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

/** Memory that a held read takes beside its bytes: a flood of tiny ones must not hold more than one of large ones. */
const READ_COST_BYTES = 512;

/** Holds what the client sends between its first message and the answer to that; it is read on, so that its end is seen. */
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

  /** A client that closes waits for no answer any more, and the context is of no use to it. */
  #hold(chunk: Buffer): void {
    this.#held.push(Buffer.from(chunk));
    this.#heldBytes += chunk.length + READ_COST_BYTES;
    if (this.#findCloseEnd(chunk) !== undefined) this.#release();
    else if (this.#heldBytes > this.#options.limits.pauseBytes) this.#options.client.pause();
  }

  /** Resumes first: what was held may be too much for the provider, and then the client is paused anew. */
  #release(): void {
    this.#state = 'done';
    clearTimeout(this.#deadline);
    if (this.#heldBytes > this.#options.limits.pauseBytes) this.#options.client.resume();
    for (const chunk of this.#held.splice(0)) this.#receivers.fromClient(chunk);
  }
}
