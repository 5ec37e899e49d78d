// Holds the gateway's own refusals before the 101, and gives every refusal its shape: that of the provider, or a plain one.

import type { IncomingMessage } from 'node:http';
import { findEndpoint, findNotServed, knownPaths } from '../../../adapters/realtime/index.ts';
import type { HttpReply, Refusal } from '../../../adapters/realtime/refusal.ts';
import { readHandshake } from '../../http/handshake.ts';
import { unknownPath } from '../../http/nearest-path.ts';
import { type HttpProblem, helpFor, problemReply, shortened } from '../../http/problem.ts';
import { sidePaths } from '../../ipc/side-routes.ts';

const UPGRADE_HEADERS = { upgrade: 'websocket', 'sec-websocket-version': '13' };

/** Every path that is served to clients. */
const PATHS: readonly string[] = [...knownPaths, ...sidePaths('key')];

export function isRefusal(value: object | string | undefined): value is Refusal {
  return typeof value === 'object' && 'code' in value;
}

/** Gives a refusal the shape that the clients of the request's path read. */
export function refuse(request: IncomingMessage, refusal: Refusal): HttpReply {
  const { path = '' } = readHandshake(request) ?? {};
  const provider = (findEndpoint(path) ?? findNotServed(request.method ?? '', path))?.provider;
  const reply = provider?.httpError({ ...refusal, help: helpFor(refusal.code) }) ?? problemReply(path, refusal);
  // RFC 9110, section 15.5.22, and RFC 6455, section 4.4: the answer names the protocol and the version to upgrade to.
  return refusal.status === 426 ? { ...reply, headers: { ...reply.headers, ...UPGRADE_HEADERS } } : reply;
}

/** `instead`: see `NotServed`. */
export function notImplemented(
  path: string,
  instead = 'sessions are opened over WebSocket with a key of the gateway',
): Refusal {
  const message = `${shortened(path)} is not served by this gateway: ${instead}`;
  return { status: 501, code: 'not_implemented', message };
}

export const nowhere = (path: string): Refusal => unknownPath(path, PATHS);

export const onlyGet: Refusal & Pick<HttpProblem, 'allow'> = {
  status: 405,
  code: 'method_not_allowed',
  message: 'expected GET',
  allow: ['GET', 'HEAD'],
};

export function invalid(message: string): Refusal {
  return { status: 400, code: 'invalid_request', message };
}

export const badTarget: Refusal = invalid('expected a path as the request target, without a fragment');

/** The answer to a plain request whose upgrade would go on to the provider. */
export const speaksWebSocket: Refusal = {
  status: 426,
  code: 'invalid_request',
  message: 'this path speaks WebSocket: expected an upgrade',
};

export const draining: Refusal = {
  status: 503,
  code: 'draining',
  message: 'the gateway is shutting down',
  retryAfterS: 1,
};

export const sideUnavailable: Refusal = {
  status: 503,
  code: 'side_unavailable',
  message: 'what sessions do cannot be stored now, and no more of it can be kept here',
  retryAfterS: 5,
};

export const outboxShareFull: Refusal = {
  status: 429,
  code: 'outbox_share_full',
  message:
    'as much of what sessions of this key do waits to be stored as may while other keys share the room (side.outboxItems, side.outboxBytes)',
  retryAfterS: 1,
};

export const tooManySessions: Refusal = {
  status: 429,
  code: 'too_many_sessions',
  message: 'this key has as many sessions open as it may',
  retryAfterS: 5,
};

export const processFull: Refusal = {
  status: 503,
  code: 'too_many_sessions',
  message: 'this gateway process has as many sessions open as it may (limits.maxSessions)',
  retryAfterS: 5,
};

export const duplicateSession: Refusal = {
  status: 409,
  code: 'duplicate_session',
  message: 'a session with this id is open',
};

/** Refusals of an upgrade for which there is no room, by who fills it. */
export const tooManyUpgrades: Readonly<Record<'all' | 'address', Refusal>> = {
  all: {
    status: 503,
    code: 'too_many_connections',
    message: 'as many upgrades are in progress as may be (limits.maxUpgrades)',
    retryAfterS: 1,
  },
  address: {
    status: 429,
    code: 'too_many_connections',
    message: 'this address has half of the upgrades that may be in progress (limits.maxUpgrades)',
    retryAfterS: 1,
  },
};
