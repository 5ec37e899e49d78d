// Puts the seed of a session between what its client sends: ahead of everything, or behind the provider's answer to the first message.
// Rule: then it is out of the way, and until then nothing of the client's gets ahead of it.

import { firstMessageEnd } from '../codecs/message-end.ts';
import type { Admitted } from './admit.ts';
import type { Peer } from './peer.ts';

/** What is done with the bytes of either end. */
export interface Passage {
  fromClient(chunk: Buffer): void;
  fromProvider(chunk: Buffer): void;
}

export interface Sowing {
  readonly admitted: Pick<Admitted, 'route' | 'seed'>;
  readonly client: Peer;
  readonly provider: Peer;
  /** Whether the session goes on: one that ends holds nothing back. */
  isOpen(): boolean;
}

/** The passage as it is where there is no seed, else the one that brings it along. Nobody has received anything yet. */
export function sow(passage: Passage, sowing: Sowing): Passage {
  const { route, seed } = sowing.admitted;
  const { seed: form } = route.dialect;
  if (!seed?.text || form === undefined) return passage;
  const event = form.event(seed.text);
  if (form.place === 'answered') return sowBehindAnswer(passage, event, sowing);
  sowing.provider.sendText(event);
  return passage;
}

/** The client is not read between its first message and the answer to that. */
function sowBehindAnswer(passage: Passage, event: string, { client, provider, isOpen }: Sowing): Passage {
  const [asked, answered] = [firstMessageEnd(), firstMessageEnd()];
  const held: Buffer[] = [];
  let state: 'beginning' | 'holding' | 'sown' = 'beginning';
  let isAnswered = false;

  /** What was sent together with the upgrade came before the pause could have an effect. */
  function hold(chunk: Buffer): void {
    if (chunk.length > 0) held.push(Buffer.from(chunk));
    client.pause();
  }

  /** Resumes first: what was held may be too much for the provider, and then the client is paused anew. */
  function letGo(): void {
    state = 'sown';
    client.resume();
    for (const chunk of held.splice(0)) passage.fromClient(chunk);
  }

  return {
    fromClient(chunk) {
      if (state === 'holding' && isOpen()) return hold(chunk);
      if (state === 'holding') letGo();
      const end = state === 'beginning' ? asked(chunk) : undefined;
      if (end === undefined) return passage.fromClient(chunk);
      state = 'holding';
      hold(chunk.subarray(end));
      passage.fromClient(chunk.subarray(0, end));
    },
    fromProvider(chunk) {
      if (state !== 'sown' && !isAnswered) isAnswered = answered(chunk) !== undefined;
      const isDue = state === 'holding' && isAnswered && isOpen();
      if (isDue) provider.sendText(event);
      passage.fromProvider(chunk);
      if (isDue) letGo();
    },
  };
}
