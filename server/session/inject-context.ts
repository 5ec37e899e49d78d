// Puts the seed of a session between what its client sends: ahead of everything, or behind the provider's answer to the first message.
// Rule: then it is out of the way, and until then nothing of the client's gets ahead of it.

import { findCloseEnd, findFirstMessageEnd } from '../../codecs/message-end.ts';
import type { Limits } from '../config/config.ts';
import type { Peer } from '../transport/peer.ts';
import type { SessionSubject } from './subject.ts';

/** What is done with the bytes of either end. */
export interface Passage {
  fromClient(chunk: Buffer): void;
  fromProvider(chunk: Buffer): void;
}

export interface Sowing {
  readonly subject: Pick<SessionSubject, 'dialect' | 'context'>;
  readonly client: Peer;
  readonly provider: Peer;
  /** `dialMs`: how long the first message may go unanswered. `pauseBytes`: with more than this held, the client is not read. */
  readonly limits: Pick<Limits, 'dialMs' | 'pauseBytes'>;
  /** Whether the session goes on: one that ends holds nothing back. */
  isOpen(): boolean;
  onUnanswered(): void;
}

/** What a held read costs beside its bytes: a flood of tiny ones must not hold more memory than one of large ones. */
const READ_COST_BYTES = 512;

/** The passage as it is where there is no seed, else the one that brings it along. Nobody has received anything yet. */
export function sow(passage: Passage, sowing: Sowing): Passage {
  const { dialect, context } = sowing.subject;
  const { context: form } = dialect;
  if (!context?.text || form === undefined) return passage;
  const event = form.event(context.text);
  if (form.after === 'answered') return sowBehindAnswer(passage, event, sowing);
  sowing.provider.sendText(event);
  return passage;
}

/** What the client sends between its first message and the answer to that is held; it is read on, so that its end is seen. */
function sowBehindAnswer(passage: Passage, event: string, sowing: Sowing): Passage {
  const { client, provider, limits, isOpen, onUnanswered } = sowing;
  const [asked, answered, closed] = [findFirstMessageEnd(), findFirstMessageEnd(), findCloseEnd()];
  const held: Buffer[] = [];
  let heldBytes = 0;
  let state: 'beginning' | 'holding' | 'sown' = 'beginning';
  let isAnswered = false;
  let deadline: NodeJS.Timeout | undefined;

  function beginHolding(): void {
    state = 'holding';
    deadline = setTimeout(onUnanswered, limits.dialMs);
    client.socket.once('close', () => clearTimeout(deadline));
  }

  /** One who closes waits for no answer any more, and the seed is of no use to him. */
  function hold(chunk: Buffer): void {
    held.push(Buffer.from(chunk));
    heldBytes += chunk.length + READ_COST_BYTES;
    if (closed(chunk) !== undefined) letGo();
    else if (heldBytes > limits.pauseBytes) client.pause();
  }

  /** Resumes first: what was held may be too much for the provider, and then the client is paused anew. */
  function letGo(): void {
    state = 'sown';
    clearTimeout(deadline);
    if (heldBytes > limits.pauseBytes) client.resume();
    for (const chunk of held.splice(0)) passage.fromClient(chunk);
  }

  function fromClient(chunk: Buffer): void {
    if (state === 'holding' && isOpen()) return void hold(chunk);
    if (state === 'holding') letGo();
    const end = state === 'beginning' ? asked(chunk) : undefined;
    if (end === undefined) return void passage.fromClient(chunk);
    beginHolding();
    passage.fromClient(chunk.subarray(0, end));
    if (end < chunk.length) fromClient(chunk.subarray(end));
  }

  return {
    fromClient,
    fromProvider(chunk) {
      if (state !== 'sown' && !isAnswered) isAnswered = answered(chunk) !== undefined;
      const isDue = state === 'holding' && isAnswered && isOpen();
      if (isDue) provider.sendText(event);
      passage.fromProvider(chunk);
      if (isDue) letGo();
    },
  };
}
