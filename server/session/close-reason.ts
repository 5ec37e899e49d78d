// Lists every name that a session ends by, with its outcome in the ledger. For the endings that a live gateway brings about, gives the
// close that each end gets and whether the client may try again. Maps codes that cannot be sent.

import type { Rejection } from '../../adapters/realtime/contract/dialect.ts';
import type { Refusal } from '../../adapters/realtime/refusal.ts';
import { readClose } from '../../codecs/websocket/close-frame.ts';
import type { OutFrame } from '../../codecs/websocket/frame.ts';
import type { ReadEnd } from '../../codecs/websocket/frame-batch.ts';
import type { SessionClose } from '../ipc/session-record.ts';

/** A WebSocket close as it goes out. Without a code the close frame is empty (RFC 6455, section 7.1.5: 1005). */
export interface Close {
  readonly code?: number;
  readonly reason?: string | Buffer;
}

/** The reason that a session ended for, and the close that each end gets. `lost`: that end is beyond a close handshake, its socket is destroyed. */
export interface CloseReason {
  readonly name: CloseName;
  readonly mayRetry: boolean;
  readonly client: Close | 'lost';
  readonly provider: Close | 'lost';
  /** The error event that the client gets in its dialect before its close. */
  readonly words?: Rejection;
  /**
   * The client is closed at once, the provider when it has reported what was used, or has had the time for it. `of-session`: that of a response is not
   * waited for. Left out where the provider has ended the session, or answers nothing.
   */
  readonly awaitsUsage?: AwaitedUsage;
}

/** A report that comes with the end of the session alone, or that of a response, too. */
export type AwaitedUsage = 'of-session' | 'any';

export interface EndOptions {
  /** Close code on the client's side, where it is not the one of the reason. */
  readonly closeCode?: number;
  /** An event for the client before its close. */
  readonly finalEvent?: OutFrame | undefined;
  /** The close does not wait for what is queued before it to leave. */
  readonly isHurried?: boolean;
  /** The tap sees what the provider still sends. */
  readonly isObserving?: boolean;
}

/**
 * Every name that a session ends by, and the outcome of its ledger row: `ok`, or the name itself for a failure. `gateway-lost` is
 * written for a session whose gateway process died, `recovered` for one whose whole instance was lost; neither sends a close.
 */
export const closeOutcomes = {
  'client-closed': 'ok',
  'client-lost': 'failure',
  'client-broke-protocol': 'failure',
  'client-silent': 'failure',
  'client-slow': 'failure',
  'client-stalled': 'failure',
  'provider-closed': 'ok',
  'provider-lost': 'failure',
  'provider-broke-protocol': 'failure',
  'provider-silent': 'failure',
  'provider-slow': 'failure',
  'provider-stalled': 'failure',
  'no-message-memory': 'failure',
  'short-of-memory': 'failure',
  'frame-refused': 'failure',
  'pins-not-taken': 'failure',
  idle: 'ok',
  'duration-reached': 'ok',
  'session-limit': 'ok',
  'budget-reached': 'ok',
  'ended-by-operator': 'ok',
  'key-revoked': 'ok',
  drained: 'ok',
  moved: 'ok',
  'gateway-fault': 'failure',
  'gateway-lost': 'failure',
  recovered: 'failure',
} as const satisfies Record<string, 'ok' | 'failure'>;

export type CloseName = keyof typeof closeOutcomes;

/** Returns the outcome of a session in the ledger: `ok`, or the name of the failure. An unknown name is a failure. */
export function ledgerOutcome(name: string): string {
  return closeOutcomes[name as CloseName] === 'ok' ? 'ok' : name;
}

/** Returns who brought an ending about: that end by a close or a loss of its own, else the gateway. */
export function closerOf(name: string): SessionClose['by'] {
  if (name === 'ended-by-operator') return 'operator';
  const [, end] = /^(client|provider)-(?:closed|lost)$/.exec(name) ?? [];
  return (end as SessionClose['by'] | undefined) ?? 'gateway';
}

/** Describes an ending for the timeline. A client's own words are content. */
export function closeMoment({ name, client }: CloseReason): SessionClose {
  const by = closerOf(name);
  const words = by === 'client' || client === 'lost' ? '' : String(client.reason ?? '');
  return { by, reason: name, words: words || undefined };
}

/** Returns the close that an end sent, or the code of its fault; undefined for a refusal, which ends the session itself. */
export function closeOf(end: ReadEnd): ReturnType<typeof readClose> | undefined {
  if (end.name === 'refused') return void end.refuse();
  return end.name === 'closed' ? readClose(end.payload) : { fault: end.code };
}

const NO_REASON = Buffer.alloc(0);

/** A close as it was received goes on to the other end: 1005 becomes an empty close frame, 1006 and 1015 become 1011. */
export function relayed(code: number, reason: Buffer): Close {
  if (code === 1005) return {};
  if (code === 1006 || code === 1015) return { code: 1011 };
  return { code, reason };
}

export function clientEnded(code: number, reason: Buffer = NO_REASON): CloseReason {
  const close = relayed(code, reason);
  const name = code === 1006 ? 'client-lost' : 'client-closed';
  return { name, mayRetry: false, client: close, provider: close, awaitsUsage: 'of-session' };
}

export function providerEnded(code: number, reason: Buffer = NO_REASON): CloseReason {
  const close = relayed(code, reason);
  return {
    name: code === 1006 ? 'provider-lost' : 'provider-closed',
    mayRetry: code !== 1000,
    client: close,
    provider: close,
  };
}

const goingAway: Close = { code: 1001, reason: 'the session ended' };

/** A breach of the WebSocket protocol is answered with the code of its fault (RFC 6455, section 7.4.1). */
export function clientBrokeProtocol(code: number): CloseReason {
  const close = { client: { code }, provider: { code: 1011 } };
  return { name: 'client-broke-protocol', mayRetry: false, ...close, awaitsUsage: 'of-session' };
}

export function providerBrokeProtocol(code: number): CloseReason {
  const client = { code: 1011, reason: 'the provider broke the WebSocket protocol' };
  return { name: 'provider-broke-protocol', mayRetry: true, client, provider: { code } };
}

/** An ending whose reason only the client is told; the provider hears that it is over. The client may try again. */
function tellingClient<Name extends CloseName>(name: Name, code: number, reason: string) {
  return { name, mayRetry: true, client: { code, reason }, provider: goingAway, awaitsUsage: 'of-session' } as const;
}

/** The endings that the gateway itself decides on, but for those that say why in words of the moment. */
export const reasons = {
  clientSilent: {
    name: 'client-silent',
    mayRetry: true,
    client: 'lost',
    provider: { code: 1011 },
    awaitsUsage: 'of-session',
  },
  providerSilent: {
    name: 'provider-silent',
    mayRetry: true,
    client: { code: 1011, reason: 'the provider went silent' },
    provider: 'lost',
  },
  providerUnanswered: {
    name: 'provider-silent',
    mayRetry: true,
    client: { code: 1011, reason: 'the provider did not answer the first message' },
    provider: 'lost',
  },
  clientSlow: tellingClient('client-slow', 4008, 'the client reads too slowly'),
  providerSlow: {
    name: 'provider-slow',
    mayRetry: true,
    client: { code: 1011, reason: 'the provider reads too slowly' },
    provider: { code: 4008, reason: 'the provider reads too slowly' },
  },
  clientStalled: tellingClient('client-stalled', 4408, 'a message made no progress'),
  providerStalled: {
    name: 'provider-stalled',
    mayRetry: true,
    client: { code: 1011, reason: 'a message of the provider made no progress' },
    provider: { code: 4408, reason: 'a message made no progress' },
  },
  noMessageMemory: tellingClient('no-message-memory', 1013, 'no memory for unfinished messages: try again later'),
  shortOfMemory: tellingClient('short-of-memory', 1013, 'the gateway is short of memory: try again later'),
  frameRefused: {
    name: 'frame-refused',
    mayRetry: false,
    client: { code: 1008 },
    provider: goingAway,
    awaitsUsage: 'of-session',
  },
  idle: tellingClient('idle', 4408, 'idle'),
  durationReached: tellingClient('duration-reached', 1001, 'the session reached its maximum duration'),
  /** Another process goes on with the session once its client is there. */
  moved: {
    name: 'moved',
    mayRetry: true,
    client: { code: 4012, reason: 'the session moves: come back to it' },
    provider: { code: 1001, reason: 'the session moves' },
  },
  drained: tellingClient('drained', 1001, 'the gateway is shutting down'),
  gatewayFault: { name: 'gateway-fault', mayRetry: true, client: { code: 1011 }, provider: { code: 1011 } },
} as const satisfies Record<string, CloseReason>;

/** A refused frame closes with 1008, or 1011 where it may pass later, and says why. */
export function frameRefused(message: string, mayRetry = false): CloseReason {
  return { ...reasons.frameRefused, mayRetry, client: { code: mayRetry ? 1011 : 1008, reason: cut(message) } };
}

/** A client that is refused behind its 101 is closed with the code that says as much as the status would have: whether to try again, and who is at fault. */
export function closeOfRefusal({ status, message }: Pick<Refusal, 'status' | 'message'>): Close {
  const isLater = status === 429 || status === 503;
  const code = status === 413 ? 1009 : isLater ? 1013 : status >= 500 ? 1011 : 1008;
  return { code, reason: cut(message) };
}

/** The operator, or the key itself, has ended the session. */
export function endedByOperator(message: string) {
  return withWords(tellingClient('ended-by-operator', 4504, cut(message)), { code: 'ended_by_operator', message });
}

/** The key of the session is no longer one of this gateway. */
export function keyRevoked() {
  const message = 'the key of the session was revoked';
  return withWords(tellingClient('key-revoked', 4501, message), { code: 'key_revoked', message });
}

/** The session has cost as much as its budgets, its key or its class let it; the message says which. */
export function budgetReached(message: string) {
  return withWords(tellingClient('budget-reached', 4502, cut(message)), { code: 'budget_reached', message });
}

/** The session has lasted as long as its key or its class lets it. */
export function sessionLimit(seconds: number) {
  const message = `the session lasted ${seconds} s, which is as long as it may (maxSessionSeconds)`;
  return withWords(tellingClient('session-limit', 4503, cut(message)), { code: 'session_limit', message });
}

/** The provider did not take what the client secret pins. */
export function pinsNotTaken(fault: string) {
  const message = `the provider did not take what the client secret pins: ${fault}`;
  return withWords(tellingClient('pins-not-taken', 1011, cut(message)), { code: 'pins_not_taken', message });
}

/** Tells the client why in its dialect, too. Another session would end the same way. */
function withWords(reason: ReturnType<typeof tellingClient>, words: Rejection) {
  return { ...reason, mayRetry: false, words, awaitsUsage: 'any' } as const;
}

/** Shortens a reason to the 123 bytes that a close has room for. */
function cut(message: string): string {
  const reason = Buffer.from(message);
  if (reason.length <= 123) return message;
  const start = reason.subarray(0, 117).toString('utf8');
  return `${start.replace(/\uFFFD+$/, '')}...`;
}
