// The watch over the messages of a client, for parts of a session that are tried alone.

import { limitsSchema } from '../../server/config/schema.ts';
import { type MessageWatch, UnfinishedMessages } from '../../server/session/unfinished-messages.ts';
import type { Peer } from '../../server/transport/peer.ts';

/** No test waits for the end of `messageMs`, or comes near `maxUnfinishedBytes`. */
export function messagesOf(peer: Peer): MessageWatch {
  const limits = limitsSchema.parse({});
  const source = { direction: 'upstream', peer, limits, onStalled: () => {}, onNoMemory: () => {} } as const;
  return new UnfinishedMessages(limits).watch(source);
}
