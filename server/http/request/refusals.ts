// Refusals that any listener for clients may give, and the shape of every refusal: that of the provider, or a plain one.

import type { IncomingMessage } from 'node:http';
import {
  callPaths,
  findCall,
  findEndpoint,
  findMint,
  findNotServed,
  knownPaths,
} from '../../../adapters/realtime/index.ts';
import type { HttpReply, Refusal } from '../../../adapters/realtime/refusal.ts';
import { type LimitRefusal, RATE_SETTINGS, type RateName, type RateStates } from '../../ipc/limits.ts';
import { sidePaths } from '../../ipc/side-routes.ts';
import type { OverloadReason } from '../../platform/load/overload.ts';
import { readHandshake } from '../handshake.ts';
import { unknownPath } from '../nearest-path.ts';
import { type HttpProblem, helpFor, problemReply, shortened } from '../problem.ts';

const UPGRADE_HEADERS = { upgrade: 'websocket', 'sec-websocket-version': '13' };

/** Every path that is served to clients. */
const PATHS: readonly string[] = [
  ...new Set([...knownPaths, ...callPaths.map(({ path }) => path), ...sidePaths('key')]),
];

export function isRefusal(value: object | string | undefined): value is Refusal {
  return typeof value === 'object' && 'code' in value;
}

/** Gives a refusal the shape that the clients of the request's path read. */
export function refuse(request: IncomingMessage, refusal: Refusal, requestId?: string): HttpReply {
  const { path = '' } = readHandshake(request) ?? {};
  const method = request.method ?? '';
  const found = findEndpoint(path) ?? findMint(path) ?? findCall(method, path) ?? findNotServed(method, path);
  const provider = found?.provider;
  const own = provider?.httpError({ ...refusal, help: helpFor(refusal.code) });
  const reply = own
    ? { ...own, headers: { ...own.headers, ...refusal.headers } }
    : problemReply(path, refusal, { requestId, headers: request.headers });
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

/** The answer to what the side path, or the owner of the store, cannot do or tell now. */
export const notNow = (message: string): Refusal => ({
  status: 503,
  code: 'side_unavailable',
  message,
  retryAfterS: 1,
});

/** The answer to a request that the side path cannot take now. */
export const sidePathUnavailable = notNow('the side path does not answer; sessions go on without it');

/** The answer to a request for a reload whose configuration is wrong, in so many words. */
export const configRefused = (problems: readonly string[]): HttpProblem => ({
  status: 400,
  code: 'config_refused',
  message: `the configuration has ${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}: the one before stays in force`,
});

/** The answer to a restart whose new process does not serve. */
export const notRestarted = (message: string): HttpProblem => ({ status: 409, code: 'not_restarted', message });

/** The answer to a client secret while nobody can tell what it is worth. */
export const secretsUnavailable = notNow('client secrets cannot be checked now, since the store cannot be asked');

export const draining: Refusal = {
  status: 503,
  code: 'draining',
  message: 'the gateway is shutting down',
  retryAfterS: 1,
};

/** The answers to what is new while a process has more to do, or to hold, than it can. */
export const overloaded: Readonly<Record<OverloadReason, Refusal>> = {
  lag: {
    status: 503,
    code: 'overloaded',
    message: 'this gateway process is overloaded: its event loop is late (limits.overload.lagMs)',
    retryAfterS: 5,
  },
  memory: {
    status: 503,
    code: 'overloaded',
    message: 'this gateway process is overloaded: its memory is nearly used up (limits.overload.memoryBytes)',
    retryAfterS: 5,
  },
};

type BeyondRate = Extract<LimitRefusal, { readonly kind: 'beyond' }>;

const RATE_WORDS: Readonly<Record<RateName, readonly [verb: string, noun: string]>> = {
  sessions: ['open', 'sessions'],
  calls: ['make', 'calls'],
  tokens: ['use', 'tokens'],
};

/** The answer to a session or a call beyond a rate. */
export function rateExceeded({ scope, rate, waitMs, rates }: BeyondRate): Refusal & Pick<HttpProblem, 'shouldRetry'> {
  const setting = RATE_SETTINGS[rate];
  const [verb, noun] = RATE_WORDS[rate];
  const may = `this ${scope.of} may ${verb} ${scope.rates?.[setting]} ${noun} a minute (${setting})`;
  const known = { status: 429, code: 'rate_limit_exceeded', headers: rateHeaders(rates) } as const;
  // SDKs would repeat it for nothing.
  if (waitMs === undefined)
    return { ...known, message: `${may}, and this call alone might need more`, shouldRetry: false };
  const message = `${may}; there is room again in ${goDuration(waitMs)}`;
  return { ...known, message, retryAfterS: Math.ceil(waitMs / 1000) };
}

/** https://developers.openai.com/api/docs/guides/rate-limits#rate-limits-in-headers. A request is a call, or a session that is opened. */
export function rateHeaders({ calls, sessions, tokens }: RateStates): Readonly<Record<string, string>> {
  const named = { requests: calls ?? sessions, tokens };
  const headers = Object.entries(named).flatMap(([name, state]) => {
    if (state === undefined) return [];
    const { limit, left, resetMs } = state;
    const values = { limit: String(limit), remaining: String(left), reset: goDuration(resetMs) };
    return Object.entries(values).map(([what, value]) => [`x-ratelimit-${what}-${name}`, value]);
  });
  return Object.fromEntries(headers);
}

/** Writes a time as Go does, and so OpenAI: `20ms`, `1.5s`, `1m0s`. */
function goDuration(ms: number): string {
  const whole = Math.ceil(ms);
  if (whole < 1000) return `${whole}ms`;
  const minutes = Math.floor(whole / 60_000);
  return `${minutes > 0 ? `${minutes}m` : ''}${(whole % 60_000) / 1000}s`;
}

export const secretExpired: Refusal = {
  status: 401,
  code: 'secret_expired',
  message: 'this client secret has expired: expected a new one',
};
