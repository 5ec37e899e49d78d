// Waits for what a provider reports last of a session that the gateway ends: behind the client's close, and ahead of the provider's own.

import type { Limits } from '../../config/config.ts';
import type { Peer } from '../../transport/peer.ts';
import type { AwaitedUsage } from '../close-reason.ts';
import type { Link } from '../link/link.ts';
import type { SessionSubject } from '../subject.ts';
import type { UsageDue } from '../tap/usage-due.ts';

export interface LastUsageOptions {
  readonly subject: Pick<SessionSubject, 'dialect' | 'billedBy'>;
  readonly provider: Pick<Peer, 'isOpen' | 'sendMessage'>;
  /** The link toward the provider: nothing of the client passes any more. */
  readonly upstream: Pick<Link, 'finish' | 'boundary'>;
  readonly due: UsageDue;
  readonly which: AwaitedUsage;
  readonly limits: Pick<Limits, 'usageMs'>;
  /** Called once, when the wait is over: the provider is to be closed. */
  onOver(): void;
}

/**
 * Begins the wait where a report is to come, and returns what ends it early; undefined: nobody has to wait. A session that is billed by time
 * would cost more for every second.
 */
export function awaitLastUsage(options: LastUsageOptions): (() => void) | undefined {
  const { subject, provider, upstream, due, which, limits, onOver } = options;
  const { billedBy } = subject;
  const mayWait = billedBy.includes('reported-usage') && !billedBy.includes('connected-time');
  if (!mayWait || !due.isExpected(which) || !provider.isOpen) return undefined;
  const end = (): void => {
    if (due.whenReported === undefined) return;
    due.whenReported = undefined;
    clearTimeout(timer);
    onOver();
  };
  const timer = setTimeout(end, limits.usageMs);
  due.whenReported = end;
  const { ask, comesWith } = subject.dialect.lastUsage ?? {};
  upstream.finish(() => {
    if (ask === undefined || due.whenReported === undefined) return;
    // A client that left within a message has left no place to ask, and a session does not end by itself.
    if (upstream.boundary.isBetweenMessages) provider.sendMessage(ask);
    else if (comesWith !== undefined) end();
  });
  return end;
}
