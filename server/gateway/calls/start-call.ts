// Starts to count a call that its provider has answered.

import { isRefusal } from '../../http/request/refusals.ts';
import type { SessionStarted } from '../../ipc/session-event.ts';
import type { SessionRecord } from '../../ipc/session-record.ts';
import { proxyFor } from '../../platform/outbound/proxy.ts';
import type { Leash } from '../../session/meter/meter.ts';
import type { Opening } from '../../session/subject.ts';
import type { DialOutcome } from '../../transport/dial.ts';
import type { SessionHost } from '../open-session.ts';
import { emitEvents, sessionSubject } from '../start-session.ts';
import type { CallAdmission } from './admit-call.ts';
import { MediaCall } from './media-call.ts';
import { type BegunCall, hangUp, reach } from './reach-call.ts';

interface CallParts {
  readonly admission: CallAdmission;
  readonly begun: BegunCall;
  /** The start that `announceSession` returned. */
  readonly started: SessionStarted;
  readonly opening: Opening;
  readonly leash: Leash | undefined;
}

/** From now on the call is one of the sessions of its key, and its id is the key's. */
export function startCall({ admission, begun, started, opening, leash }: CallParts, host: SessionHost): MediaCall {
  const { registry, outbox, metrics, log, idOwners } = host;
  const { sessionId, provider, key, policy, call: endpoint } = admission;
  const { config } = policy;
  idOwners.ofCalls(admission, begun.family.keptMs).handedOut([begun.id]);
  registry.holds({ session: sessionId, provider: provider.name, path: endpoint.path, id: begun.id });
  registry.opened();
  if (outbox?.push(started) === false) registry.notKept(sessionId);
  const emitter = outbox && emitEvents(admission, config, outbox);
  const call = new MediaCall({
    ...{ subject: { ...sessionSubject(admission), opening }, limits: config.limits, unfinished: host.unfinished },
    ...{ metrics, log, turns: emitter, leash, ids: idOwners.of(admission) },
    dial: (signal) => dialSideband(begun, host, signal),
    hangUp: (signal) => hangUp(begun, host.policy, signal),
    onEnding: emitter && ((record: SessionRecord) => registry.ending(record)),
    onClosed(record) {
      emitter?.ended(record);
      registry.ended(record);
      host.onClosed(sessionId);
    },
  });
  host.onStarted(sessionId, { session: call, key: key?.id });
  metrics.opened(provider.name, begun.family.dialect.name, admission);
  return call;
}

async function dialSideband(
  begun: BegunCall,
  { connector, policy }: Pick<SessionHost, 'connector' | 'policy'>,
  signal: AbortSignal,
): Promise<DialOutcome> {
  const now = policy();
  const reached = await reach(begun, begun.family.sideband(begun.id), now);
  if (isRefusal(reached)) return { kind: 'failed', refusal: reached };
  const { upstream, allowPrivate, isRehearsal } = reached;
  const { limits, proxy: proxies } = now.config;
  const proxy = isRehearsal || !proxies ? undefined : proxyFor(new URL(upstream.url), proxies);
  const provider = begun.provider.name;
  return connector.dial({ upstream, allowPrivate, proxy, limits, signal, preconnect: undefined, provider });
}
