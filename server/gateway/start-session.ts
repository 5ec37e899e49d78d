// Answers an admitted upgrade, whose provider socket is open, with the 101, and starts the session of both sockets.
// Rule: work that the client does not wait for is done after the 101 is written.

import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import type { Renaming } from '../../adapters/realtime/contract/names.ts';
import { basesOf } from '../../adapters/realtime/index.ts';
import { credentialMask } from '../../codecs/text/secret.ts';
import { readTraceParent, traceParentText } from '../../codecs/text/trace-parent.ts';
import type { Config, Limits } from '../config/config.ts';
import type { RequestSource } from '../http/request/source.ts';
import { type LimitScope, limitScopesOf, tokenScopes } from '../ipc/limits.ts';
import type { SessionStarted, TurnFinished } from '../ipc/session-event.ts';
import type { MovedSessionStore, MovingState, SessionRecord } from '../ipc/session-record.ts';
import type { OnBehalf } from '../ipc/stored-rows.ts';
import type { Metrics } from '../platform/metrics.ts';
import { reasons } from '../session/close-reason.ts';
import type { ClientRule } from '../session/hold/client-gate.ts';
import { credentialRule } from '../session/hold/credential-rule.ts';
import type { Leash } from '../session/meter/meter.ts';
import { Session } from '../session/session.ts';
import type { Opening, SessionSubject } from '../session/subject.ts';
import type { UnfinishedMessages } from '../session/unfinished-messages.ts';
import type { Connector } from '../transport/connector.ts';
import { Peer } from '../transport/peer.ts';
import { upgradeReply } from '../transport/upgrade.ts';
import type { Admission, AdmissionPolicy } from './admission/admission.ts';
import { hasModelList, mayUse } from './admission/authorize.ts';
import { modelUpstream } from './admission/endpoint.ts';
import type { LiveSession } from './sessions/live-sessions.ts';
import { canMove, moveAway } from './sessions/return/leave.ts';
import type { SessionRegistry } from './sessions/session-registry.ts';
import { clientSurvivalOf, survivalOf } from './sessions/survival.ts';
import type { WaitingClient } from './sessions/waiting-client.ts';
import type { IdOwners } from './side/id-owners.ts';
import type { Outbox } from './side/outbox.ts';

/** An upgrade request that has no answer yet. `head`: what the client sent behind it. */
export interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Socket;
  readonly head: Buffer;
  readonly source: RequestSource;
}

export interface SessionOwner {
  readonly connector: Connector;
  policy(): AdmissionPolicy;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly registry: SessionRegistry;
  readonly unfinished: UnfinishedMessages;
  /** Takes the events of sessions to the side process; undefined when there is none. */
  readonly outbox?: Outbox | undefined;
  readonly idOwners: IdOwners;
  /** Where sessions are left for other processes; undefined where there is no side process. */
  readonly moved?: MovedSessionStore | undefined;
  /** Called once the 101 is written. */
  onStarted(id: string, live: LiveSession): void;
  /** Called when both sockets of the session are closed. */
  onClosed(id: string): void;
}

interface SessionParts {
  readonly admission: Admission;
  readonly upgrade: Upgrade;
  /** The client, where it had its 101 before. */
  readonly waiting?: WaitingClient | undefined;
  /** The provider's socket, behind its 101. */
  readonly upstream: Socket;
  /** The start that `announceSession` returned. */
  readonly started: SessionStarted;
  readonly opening: Opening;
  readonly leash: Leash | undefined;
  /** Set where another process has left the session; its client is back, and has got so many messages. */
  readonly moved?: { readonly state: MovingState; readonly received: number };
}

/** Lets the supervisor know of a session before its client: one that has its 101 has a row, even if this process is killed now. */
export function announceSession(
  admission: Admission,
  { registry, outbox }: SessionOwner,
  startedAt = Date.now(),
): SessionStarted {
  const started = { ...startOf(admission), startedAt };
  registry.announce(admission.sessionId, outbox && started);
  return started;
}

export function startSession(
  { admission, upgrade, waiting, upstream, started, opening, leash, moved }: SessionParts,
  owner: SessionOwner,
): void {
  const { log, metrics, registry, outbox } = owner;
  const { config } = admission.policy;
  const { request, socket, source } = upgrade;
  const limits = limitsBehind(config.limits, moved?.state.before.durationMs);
  const { sessionId, provider, endpoint, subprotocol, context, survives } = admission;
  const { requestId } = source;
  registry.opened();
  const webSocketKey = request.headers['sec-websocket-key'] ?? '';
  if (waiting === undefined)
    socket.write(upgradeReply(webSocketKey, { subprotocol, sessionId, requestId, context, survives }));
  if (outbox?.push(started) === false) registry.notKept(sessionId);
  const { head } = waiting ?? upgrade;
  if (head.length > 0) socket.unshift(head);
  const emitter = outbox && emitEvents(admission, config, outbox);
  const session = new Session({
    subject: { ...sessionSubject(admission), opening },
    client: waiting?.peer ?? new Peer({ socket, role: 'client', limits }),
    provider: new Peer({ socket: upstream, role: 'provider', limits }),
    limits,
    unfinished: owner.unfinished,
    metrics,
    log,
    turns: emitter,
    leash,
    onEnding: emitter && ((record: SessionRecord) => isMoved(record) || registry.ending(record)),
    ids: owner.idOwners.of(admission),
    survival: survivalOf(admission, owner, moved?.state.followed),
    clientSurvival: clientSurvivalOf(admission, moved?.state),
    moved: moved && { before: moved.state.before, received: moved.received },
    credentialRule: credentialRuleOf(admission),
    accountRule: accountRuleOf(admission),
    mask: credentialMask(admission.ownCredential),
    onClosed(record: SessionRecord) {
      if (isMoved(record)) {
        outbox?.forget(sessionId);
        registry.release(sessionId);
      } else {
        emitter?.ended(record);
        registry.ended(record);
      }
      owner.onClosed(sessionId);
    },
  });
  const store = emitter?.keepsText && leash === undefined && canMove(admission) ? owner.moved : undefined;
  const leaving = store && { admission, session, store, rowStartedAt: started.startedAt };
  owner.onStarted(sessionId, { session, key: admission.key?.id, leave: leaving && (() => moveAway(leaving)) });
  metrics.opened(provider.name, endpoint.dialect.name, admission);
}

/** A session lasts no longer for having moved. */
function limitsBehind(limits: Limits, beforeMs = 0): Limits {
  const { sessionMs } = limits;
  return sessionMs === 0 ? limits : { ...limits, sessionMs: Math.max(1, sessionMs - beforeMs) };
}

/** Tells of a session that goes on elsewhere, whose end is told there. */
const isMoved = ({ reason }: SessionRecord): boolean => reason === reasons.moved.name;

/** Undefined where the client's messages hold no credential. */
function credentialRuleOf({ endpoint, upstream }: Admission): ClientRule | undefined {
  const { firstFrame: form } = endpoint;
  return form && credentialRule(form, upstream.inFirstFrame);
}

/** Undefined where no message names what a setting of the account does. */
function accountRuleOf({ endpoint, provider, policy }: Admission): ClientRule | undefined {
  const decide = endpoint.accountRule?.(policy.config.providers[provider.name]?.settings ?? {});
  return (
    decide && {
      verdictOn(frame) {
        const said = decide(frame);
        return said === 'last' ? { isLast: true } : said && { rejection: said };
      },
      goesOn: () => false,
    }
  );
}

/** The session keeps no headers and no credential. */
export function sessionSubject(admission: Admission): SessionSubject {
  const { provider, endpoint, key, secret, sessionId, model, promptClass, dataClass, maxSeconds } = admission;
  const { context, pinned, handshake, dialled, targets } = admission;
  return {
    sessionId,
    provider: provider.name,
    path: endpoint.path,
    dialect: endpoint.dialect,
    key,
    mayUse: hasModelList(admission, provider) ? (name) => mayUse(admission, provider, name) : undefined,
    model,
    asked: targets?.name,
    renamed: renamingOf(admission),
    // Another session counts what this one is told of.
    billedBy: admission.isJoined ? [] : basesOf(provider, endpoint),
    sound: endpoint.soundIn?.(handshake) ?? dialled?.sound,
    promptClass,
    dataClass,
    maxSeconds,
    context,
    pinned,
    ...onBehalf(admission),
    clientSecret: secret?.id,
  };
}

/** The name that messages of the client have in the place of the model's own. */
function renamingOf({ handshake, renamed, targets, model, provider, policy }: Admission): Renaming | undefined {
  const known = handshake.firstFrame?.renamed ?? renamed;
  if (known !== undefined || targets === undefined || model === undefined) return known;
  return { from: targets.name, to: modelUpstream(provider, model, policy) };
}

/** The one whom the session is for. */
function onBehalf({ key, secret }: Admission): OnBehalf {
  const { endUser = key?.endUser, tags } = secret?.settings ?? {};
  return { endUser, tags: (tags ?? key?.tags) && { ...tags, ...key?.tags } };
}

/** It starts when its provider is dialled. */
function startOf(admission: Admission): Omit<SessionStarted, 'startedAt'> {
  const { sessionId, key, secret, provider, endpoint, model, promptClass, dataClass, isRehearsal, context } = admission;
  const { handshake, policy, targets } = admission;
  const isTraced = policy.config.telemetry !== undefined;
  return {
    kind: 'started',
    id: sessionId,
    key: key?.id,
    team: key?.team,
    provider: provider.name,
    route: endpoint.path,
    dialect: endpoint.dialect.name,
    model,
    promptClass,
    dataClass,
    isRehearsal,
    ...onBehalf(admission),
    clientSecret: secret?.id,
    ...(isTraced && { trace: clientTrace(handshake) }),
    ...(targets && { asked: targets.name, tried: targets.tries.map(({ target }) => target), why: targets.why }),
    ...(key?.transcripts === 'off' && { isTextless: true }),
    // Ownership of an unreadable session is unknown.
    ...(context !== undefined && context.from !== 'unavailable' && { continues: context.continues }),
  };
}

/** The client's `traceparent`, where it is one. */
function clientTrace({ headers }: Admission['handshake']): string | undefined {
  const { traceparent } = headers;
  const trace = typeof traceparent === 'string' ? readTraceParent(traceparent) : undefined;
  return trace && traceParentText(trace);
}

/** Those whose limits a session counts for. */
export const scopesOf = (admission: Admission): readonly LimitScope[] =>
  limitScopesOf({ key: admission.key, endUser: onBehalf(admission).endUser });

/** Emits the turns of the session and its end. Texts only where the configuration and the key let them be kept. */
export function emitEvents(
  admission: Admission,
  { transcripts, regulated }: Pick<Config, 'transcripts' | 'regulated'>,
  outbox: Outbox,
) {
  const { sessionId, dataClass, key } = admission;
  const isOff = transcripts === 'off' || key?.transcripts === 'off';
  const countedIn = tokenScopes(scopesOf(admission));
  return {
    keepsText: !isOff && (dataClass === 'open' || regulated.store),
    onTurn: (turn: TurnFinished) => outbox.push(countedIn === undefined ? turn : { ...turn, countedIn }),
    ended: (record: SessionRecord) =>
      outbox.push({ kind: 'ended', id: sessionId, endedAt: Date.now(), record, countedIn }),
  };
}
