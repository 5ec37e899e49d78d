// A session that continues an earlier one, between a raw client and a raw provider.

import type { Dialect } from '../../adapters/realtime/contract.ts';
import type { Limits } from '../../server/config/config.ts';
import { limitsSchema } from '../../server/config/schema.ts';
import type { SessionRecord } from '../../server/ipc/session-record.ts';
import { createLog } from '../../server/platform/log.ts';
import { createMetrics } from '../../server/platform/metrics.ts';
import { Session } from '../../server/session/session.ts';
import type { SessionSubject } from '../../server/session/subject.ts';
import { UnfinishedMessages } from '../../server/session/unfinished-messages.ts';
import { Peer } from '../../server/transport/peer.ts';
import { watchSocket } from './raw-socket.ts';
import { openSocketPair } from './socket-pair.ts';
import { until } from './until.ts';

export interface ContinuedSessionOptions {
  readonly dialect: Dialect;
  readonly limits?: Partial<Limits>;
  readonly mayUse?: SessionSubject['mayUse'];
  readonly billedBy?: SessionSubject['billedBy'];
}

/** The context is the text `what was said`. No test waits for the end of `dialMs`, or comes near `pauseBytes`, unless it gives its own. */
export async function openContinuedSession(options: ContinuedSessionOptions) {
  const { dialect, mayUse, billedBy = 'reported-usage' } = options;
  const [near, far] = [await openSocketPair({ near: 'accepted' }), await openSocketPair({ near: 'dialled' })];
  const [client, upstream] = [watchSocket(near.far), watchSocket(far.far)];
  const { promise: ended, resolve } = Promise.withResolvers<SessionRecord>();
  const limits = limitsSchema.parse({ dialMs: 600_000, pauseBytes: 64 * 1024, closeMs: 100, ...options.limits });
  const session = new Session({
    subject: {
      sessionId: 'b',
      provider: 'some',
      path: '/some',
      dialect,
      key: undefined,
      mayUse,
      model: undefined,
      billedBy,
      promptClass: 'realtime',
      dataClass: 'open',
      maxSeconds: undefined,
      context: { continues: 'a', from: 'turns', text: 'what was said', dataClass: 'open' },
    },
    client: new Peer({ socket: near.near, role: 'client', limits }),
    provider: new Peer({ socket: far.near, role: 'provider', limits }),
    limits,
    unfinished: new UnfinishedMessages(limits),
    metrics: createMetrics(() => 1),
    log: createLog({ level: 'silent', format: 'json' }),
    onClosed: resolve,
  });
  const hasLasted = (ms: number) => until(() => session.record().durationMs > ms || session.record().reason);
  return { session, socket: near.near, client, upstream, ended, hasLasted };
}
