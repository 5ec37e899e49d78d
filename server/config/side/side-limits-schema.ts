// Describes the bounds of the side path, each with its unit in its name and its meaning beside it.

import { z } from 'zod';

/** The longest timer of Node, 24.8 days: longer ones fire at once. */
export const MAX_TIMER_MS = 2 ** 31 - 1;
/** A whole number from 1 on, no larger than `max` where that is given. */
export const positive = (max?: number) => (max === undefined ? z.int().min(1) : z.int().min(1).max(max));
export const ms = positive(MAX_TIMER_MS);
export const seconds = positive(Math.floor(MAX_TIMER_MS / 1000));
export const usd = z.number().min(0).max(1_000_000);
/** A text that goes into a header: printable ASCII without spaces, at least one character. */
export const headerText = z
  .string()
  .regex(/^[\x21-\x7e]*$/, 'expected printable ASCII without spaces')
  .min(1);
/** A name of the operator's own. */
export const kebab = z
  .string()
  .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'expected a name in kebab-case')
  .max(64);
const bytes = (max: number) => z.int().min(1024).max(max);

export const sideLimitsSchema = z.strictObject({
  processes: positive(16)
    .default(1)
    .describe('Side processes: all answer requests and run tasks; the first one owns the store, which the others ask.'),
  outboxItems: positive(1_000_000)
    .default(10_000)
    .describe('Items handed over and not yet stored, in each gateway process.'),
  outboxBytes: bytes(2 ** 30)
    .default(16 * 1024 * 1024)
    .describe('Bytes handed over and not yet stored, in each gateway process.'),
  whenFull: z
    .enum(['refuse', 'lose'])
    .default('refuse')
    .describe(
      'What happens when the outbox is full: refuse new sessions (503 side_unavailable), or lose what cannot be kept.',
    ),
  concurrency: positive(1000).default(8).describe('Tasks at once, in each side process.'),
  leaseMs: ms.default(60_000).describe('Silence of a runner, after which it loses its task.'),
  silenceMs: ms.default(30_000).describe('Silence of a side process, after which it is started anew.'),
  ownerLeaseMs: ms.default(30_000).describe('Silence of an instance, after which its sessions are ended.'),
  pollMs: ms.default(500).describe('Time between looks at the queue, and at a followed session, without a sign.'),
  maxBodyBytes: bytes(2 ** 28)
    .default(4 * 1024 * 1024)
    .describe('Largest body of a request (413). It has limits.handshakeMs to arrive (408).'),
  requests: positive(1_000_000)
    .default(2000)
    .describe(
      'Requests that wait for their answers, in each side process; so many connections may be on their way there. Then 503 side_unavailable.',
    ),
  requestBytes: bytes(2 ** 32)
    .default(64 * 1024 * 1024)
    .describe('Bytes of the bodies of those requests together, as they arrive. Then 503 side_unavailable.'),
  maxReplyBytes: bytes(2 ** 28)
    .default(16 * 1024 * 1024)
    .describe('Bytes written for a client that does not read. Then, or after limits.stallMs, it is cut off.'),
  syncMs: ms.default(30_000).describe('Time that a task in mode sync is waited for, before 202 says how far it is.'),
  keepAliveMs: ms
    .default(5000)
    .describe('Longest time without a byte in a stream of a chat completion. Then a comment is sent.'),
  contextBytes: bytes(2 ** 18)
    .default(16 * 1024)
    .describe('Largest text that a provider is told of the session that is continued, in bytes.'),
  contextMs: ms.default(2000).describe('Time to read that text, while the provider is dialled.'),
  whenContextUnavailable: z
    .enum(['refuse', 'open'])
    .default('refuse')
    .describe(
      'What happens to a session whose text cannot be read: refuse it (503 side_unavailable), or open it without.',
    ),
  whenBudgetUnavailable: z
    .enum(['continue', 'end'])
    .default('continue')
    .describe(
      'What a live session with a budget does while the store cannot be asked: it goes on until what it has leased of the budget is used, or ends at once.',
    ),
  streams: positive(100_000)
    .default(1000)
    .describe('Event streams, sockets of chats and of routed Responses open at once, in each side process. Then 503.'),
});

export const runsSchema = z.strictObject({
  keepMs: ms
    .default(600_000)
    .describe('How long after its end the log of an answer is kept, so that a client that was cut off reads it again.'),
  orphanMs: ms
    .default(120_000)
    .describe(
      'How long an answer goes on that nobody reads. Then it is cancelled. One in the background has no such limit.',
    ),
  maxBytes: bytes(2 ** 30)
    .default(32 * 1024 * 1024)
    .describe(
      'Largest log. A longer answer goes on for those who read it, and cannot be read again (response_not_kept).',
    ),
  totalBytes: bytes(2 ** 36)
    .default(256 * 1024 * 1024)
    .describe(
      'Bytes of runs (their requests and logs) in the memory of each side process. Beyond it those that have ended are read from the store, and then the longest ones cannot be read again. As much may wait for a store that takes nothing; beyond that a response is stored without what was asked and answered.',
    ),
  storeMs: ms
    .default(86_400_000)
    .describe(
      'How long after its end a response is kept that was asked to be stored, where transcripts is until-tasks-done. A duration of transcripts comes first.',
    ),
});

export interface SideQuotaLimits {
  /** Requests at once. */
  readonly requests: number;
  /** Bytes of all their bodies together, as far as they have arrived. */
  readonly requestBytes: number;
}

/** Share of each limit that one key may take where there may be others. */
const SHARE_OF_KEY = 1 / 2;

/** Limits of one key; in open mode there are no others. */
export function quotaOfKey({ requests, requestBytes }: SideQuotaLimits, access: 'open' | 'keys'): SideQuotaLimits {
  const share = access === 'keys' ? SHARE_OF_KEY : 1;
  return { requests: Math.ceil(requests * share), requestBytes: Math.floor(requestBytes * share) };
}
