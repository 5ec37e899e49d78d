// The HTTP API of the side path for clients: checks the key, keeps to the quota, and reads the body.

import type { Handshake } from '../../../../adapters/realtime/contract.ts';
import type { Refusal } from '../../../../adapters/realtime/refusal.ts';
import type { Key } from '../../../config/config.ts';
import type { ConnectionLimit } from '../../../http/connection/connection-limit.ts';
import { decodedPath } from '../../../http/handshake.ts';
import type { Answer, CheckedExchange } from '../../../http/request/answer.ts';
import { readBody } from '../../../http/request/body.ts';
import { authenticate } from '../../../http/request/keys/authenticate.ts';
import { authenticateSecret, presentedSecret } from '../../../http/request/keys/client-secret.ts';
import type { RequestPolicy } from '../../../http/request/policy.ts';
import { isRefusal, notNow, sidePathUnavailable } from '../../../http/request/refusals.ts';
import { requesterOf } from '../../../ipc/side-request.ts';
import { sideRoutesAt } from '../../../ipc/side-routes.ts';
import type { StoredSecret } from '../../../ipc/stored-keys.ts';
import { type ForwardContext, forward } from './forward.ts';
import type { SideQuota } from './quota.ts';

export interface AskContext extends ForwardContext {
  policy(): RequestPolicy;
  readonly quota: SideQuota;
  readonly connections: Pick<ConnectionLimit, 'hold'>;
}

/** Answers one request, or says why not. */
export async function askSide(
  { request, response, handshake, source }: CheckedExchange,
  context: AskContext,
): Promise<Answer> {
  const policy = context.policy();
  const { config } = policy;
  const path = decodedPath(handshake);
  if (path === undefined) return undecodable;
  warnOfOldPath(path, policy);
  const client = await authenticateAsker(request.method, path, { handshake, policy, address: source.address });
  if (isRefusal(client)) return client;
  const { key, secret } = client;
  const expectedBytes = Math.min(config.side.maxBodyBytes, Number(request.headers['content-length'] ?? 0));
  const isStream = request.method === 'GET' && isStreamAt(path, handshake);
  using lease = isStream ? context.quota.acquireStream() : context.quota.acquire(key?.id, expectedBytes);
  if (lease === undefined) return isStream ? tooManyStreams : sideQuotaFull;
  context.connections.hold(request.socket, response);
  const body = await readBody(request, {
    maxBytes: config.side.maxBodyBytes,
    ms: config.limits.handshakeMs,
    reserve: (bytes) => (lease.grow(bytes) ? undefined : bodyQuotaExceeded),
  });
  if (isRefusal(body)) {
    // The unread rest of the body must not be taken for the next request.
    response.shouldKeepAlive = false;
    return body;
  }
  const requester = requesterOf(key, secret?.id);
  using keyEnd = isStream && key !== undefined ? policy.keys.watchEnd(key.id) : undefined;
  const asked = { handshake, path, requester, ...source, body, keyEnd: keyEnd?.signal };
  const outcome = await forward(request, response, asked, context);
  if (outcome === 'answered') return undefined;
  return outcome === 'unavailable' ? sidePathUnavailable : outcome;
}

function isStreamAt(path: string, { query }: Handshake): boolean {
  const route = sideRoutesAt('key', path).find((match) => match.route.method === 'GET')?.route;
  const { isStream = false, streamsWhen } = route ?? {};
  return isStream || (streamsWhen !== undefined && query.get(streamsWhen) === 'true');
}

interface Asker {
  /** Undefined in open mode. */
  readonly key: Key | undefined;
  readonly secret?: StoredSecret | undefined;
}

/** A client secret asks about its own sessions alone, also after it was used up. */
async function authenticateAsker(
  method: string | undefined,
  path: string,
  request: { readonly handshake: Handshake; readonly policy: RequestPolicy; readonly address: string },
): Promise<Asker | Refusal> {
  const presented = presentedSecret(request);
  if (presented === undefined) return authenticate(request);
  const routes = sideRoutesAt('key', path).map(({ route }) => route);
  const asked = method === 'HEAD' ? 'GET' : method;
  const isTaken = routes.some((route) => route.method === asked && route.takesSecret);
  return isTaken ? authenticateSecret(presented, request) : needsKey;
}

const needsKey: Refusal = {
  status: 403,
  code: 'secret_not_allowed',
  message: 'a client secret opens sessions, and sees those that it opened: expected a key for anything else',
};

function warnOfOldPath(path: string, { warnOfOldName }: RequestPolicy): void {
  const { route, isOldPath } = sideRoutesAt('key', path)[0] ?? {};
  if (isOldPath && route?.oldPath !== undefined) warnOfOldName(route.oldPath, route.path);
}

const undecodable: Refusal = { status: 404, code: 'unknown_path', message: 'expected a path in percent-encoding' };

const tooManyStreams: Refusal = {
  status: 503,
  code: 'too_many_streams',
  message: 'as many event streams are open as may be (side.streams)',
  retryAfterS: 5,
};

export const sideQuotaFull = notNow(
  'as many requests as may wait for the side path, or those of this key, do (side.requests, side.requestBytes)',
);

const bodyQuotaExceeded = notNow(
  'no room for more of this body beside those that wait for the side path (side.requestBytes)',
);
