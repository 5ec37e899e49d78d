// Refusals before the 101: the sentences that the gateway itself has to say, and the one place that gives a refusal its shape.

import type { HttpReply, Provider, Refusal } from '../../../adapters/realtime/contract.ts';
import { knownPaths } from '../../../adapters/realtime/index.ts';
import { helpFor } from '../../http/problem.ts';
import { sidePaths } from '../../ipc/side-routes.ts';

const UPGRADE_HEADERS = { upgrade: 'websocket', 'sec-websocket-version': '13' };

/** All that is served to clients. */
const PATHS: readonly string[] = [...knownPaths, ...sidePaths('key')];

export interface RefusalReply {
  readonly kind: 'refused';
  readonly refusal: Refusal;
  readonly reply: HttpReply;
}

export function isRefusal(value: object | string | undefined): value is Refusal {
  return typeof value === 'object' && 'status' in value;
}

/** For paths of no provider. */
function plainRefusal({ status, code, message, retryAfterS, help }: Refusal): HttpReply {
  const error = { code, message, help, ...(code === 'unknown_path' ? { paths: PATHS } : {}) };
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (retryAfterS !== undefined) headers['retry-after'] = String(retryAfterS);
  return { status, headers, body: JSON.stringify({ error }) };
}

export function refuse(adapter: Provider | undefined, refusal: Refusal): RefusalReply {
  const explained = { ...refusal, help: helpFor(refusal.code) };
  const reply = adapter?.httpError(explained) ?? plainRefusal(explained);
  // RFC 9110, section 15.5.22, and RFC 6455, section 4.4: who is to upgrade is told to what.
  const headers = refusal.status === 426 ? { ...reply.headers, ...UPGRADE_HEADERS } : reply.headers;
  return { kind: 'refused', refusal, reply: { ...reply, headers } };
}

export function notImplemented(path: string): Refusal {
  const message = `${path} is not served by this gateway: sessions are opened over WebSocket with a key of the gateway`;
  return { status: 501, code: 'not_implemented', message };
}

export function unknownPath(): Refusal {
  return { status: 404, code: 'unknown_path', message: `unknown path; expected one of ${PATHS.join(', ')}` };
}

export function invalid(message: string): Refusal {
  return { status: 400, code: 'invalid_request', message };
}

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

export const tooManySessions: Refusal = {
  status: 429,
  code: 'too_many_sessions',
  message: 'this key has as many sessions open as it may',
  retryAfterS: 5,
};

export const duplicateSession: Refusal = {
  status: 409,
  code: 'duplicate_session',
  message: 'a session with this id is open',
};
