// A session between a raw client and a raw provider, without the handshakes.

import type { Dialect } from '../../adapters/realtime/contract/dialect.ts';
import type { Limits } from '../../server/config/config.ts';
import { limitsSchema } from '../../server/config/schema.ts';
import type { SessionRecord } from '../../server/ipc/session-record.ts';
import { createLog } from '../../server/platform/log.ts';
import { createMetrics } from '../../server/platform/metrics.ts';
import type { KeyIds } from '../../server/session/hold/id-guard.ts';
import type { Survival } from '../../server/session/legs/survivor.ts';
import { Session } from '../../server/session/session.ts';
import type { SessionSubject } from '../../server/session/subject.ts';
import { UnfinishedMessages } from '../../server/session/unfinished-messages.ts';
import { Peer } from '../../server/transport/peer.ts';
import { watchSocket } from './raw-socket.ts';
import { openSocketPair } from './socket-pair.ts';

export interface RawSessionOptions extends Partial<SessionSubject> {
  readonly dialect: Dialect;
  readonly limits?: Partial<Limits>;
  readonly ids?: KeyIds;
  readonly survival?: Survival;
}

/** No test waits for the end of `dialMs`, or comes near `pauseBytes`, unless it gives its own. */
export async function openRawSession({ limits: given, ids, survival, ...subject }: RawSessionOptions) {
  const [near, far] = [await openSocketPair({ near: 'accepted' }), await openSocketPair({ near: 'dialled' })];
  const [client, upstream] = [watchSocket(near.far), watchSocket(far.far)];
  const { promise: ended, resolve } = Promise.withResolvers<SessionRecord>();
  const limits = limitsSchema.parse({ dialMs: 600_000, pauseBytes: 64 * 1024, closeMs: 100, ...given });
  const session = new Session({
    subject: {
      sessionId: 'b',
      provider: 'some',
      path: '/some',
      key: undefined,
      mayUse: undefined,
      model: undefined,
      billedBy: ['reported-usage'],
      promptClass: 'realtime',
      dataClass: 'open',
      maxSeconds: undefined,
      context: undefined,
      ...subject,
    },
    client: new Peer({ socket: near.near, role: 'client', limits }),
    provider: new Peer({ socket: far.near, role: 'provider', limits }),
    limits,
    ids,
    survival,
    unfinished: new UnfinishedMessages(limits),
    metrics: createMetrics(() => 1),
    log: createLog({ level: 'silent', format: 'json' }),
    onClosed: resolve,
  });
  return { session, socket: near.near, client, upstream, ended };
}
