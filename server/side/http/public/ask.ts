// The HTTP API of the side path for clients: checks the key, keeps to the quota, and reads the body.

import type { Handshake } from '../../../../adapters/realtime/contract.ts';
import type { Refusal } from '../../../../adapters/realtime/refusal.ts';
import type { Key } from '../../../config/config.ts';
import type { ConnectionLimit } from '../../../http/connection/connection-limit.ts';
import { decodedPath } from '../../../http/handshake.ts';
import { askedOrigin } from '../../../http/origin-policy.ts';
import type { Answer, CheckedExchange } from '../../../http/request/answer.ts';
import { readBody } from '../../../http/request/body.ts';
import { askedFor } from '../../../http/request/facts.ts';
import { authenticate } from '../../../http/request/keys/authenticate.ts';
import { authenticateSecret, callerWithSecret, presentedSecret } from '../../../http/request/keys/client-secret.ts';
import type { RequestPolicy } from '../../../http/request/policy.ts';
import { type RefusalRows, refusedAsking } from '../../../http/request/refusal/refusal-rows.ts';
import { isRefusal, notNow, sidePathUnavailable } from '../../../http/request/refusals.ts';
import { type Requester, requesterOf } from '../../../ipc/side-request.ts';
import { sideRoutesAt } from '../../../ipc/side-routes.ts';
import type { StoredSecret } from '../../../ipc/stored-keys.ts';
import { type ForwardContext, forward } from './forward.ts';
import type { SideQuota } from './quota.ts';

export interface AskContext extends ForwardContext {
  policy(): RequestPolicy;
  readonly quota: SideQuota;
  readonly connections: Pick<ConnectionLimit, 'hold'>;
  /** Told of calls and tasks that find no place. Undefined where no rows are written. */
  readonly refusals?: Pick<RefusalRows, 'add'> | undefined;
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
  const { key, requester } = client;
  const expectedBytes = Math.min(config.side.maxBodyBytes, Number(request.headers['content-length'] ?? 0));
  const isStream = request.method === 'GET' && isStreamAt(path, handshake);
  using lease = isStream ? context.quota.acquireStream(key?.id) : context.quota.acquire(key?.id, expectedBytes);
  const noPlace = (refusal: Refusal): Refusal => {
    const route = sideRoutesAt('key', path).find((match) => match.route.method === request.method)?.route;
    const { class: promptClass, model: asked } = askedFor(request, policy);
    const kind = route?.path.endsWith('/tasks') ? 'task' : 'chat';
    if (route?.awaitsLlm) context.refusals?.add(refusedAsking(requester, { kind, promptClass, asked }, refusal));
    return refusal;
  };
  if (lease === undefined) return noPlace(isStream ? tooManyStreams : sideQuotaFull);
  context.connections.hold(request.socket, response);
  const body = await readBody(request, {
    maxBytes: config.side.maxBodyBytes,
    ms: config.limits.handshakeMs,
    reserve: (bytes) => (lease.grow(bytes) ? undefined : bodyQuotaExceeded),
  });
  if (isRefusal(body)) {
    // The unread rest of the body must not be taken for the next request.
    response.shouldKeepAlive = false;
    return body === bodyQuotaExceeded ? noPlace(body) : body;
  }
  using keyEnd = isStream && key !== undefined ? policy.keys.watchEnd(key.id) : undefined;
  const origin = askedOrigin(request, policy.origins);
  const asked = { handshake, path, requester, ...source, origin, body, keyEnd: keyEnd?.signal };
  const outcome = await forward(request, response, asked, context);
  if (outcome === 'answered') return undefined;
  return outcome === 'unavailable' ? sidePathUnavailable : outcome;
}

function isStreamAt(path: string, { query }: Handshake): boolean {
  const route = sideRoutesAt('key', path).find((match) => match.route.method === 'GET')?.route;
  const { isStream = false, streamsWhen } = route ?? {};
  return isStream || (streamsWhen !== undefined && query.get(streamsWhen) === 'true');
}

export interface Asker {
  /** Undefined in open mode. */
  readonly key: Key | undefined;
  readonly requester: Requester;
  readonly secret?: StoredSecret | undefined;
}

/** A client secret asks about its own sessions, also after it was used up, and makes calls within its terms. */
export async function authenticateAsker(
  method: string | undefined,
  path: string,
  request: { readonly handshake: Handshake; readonly policy: RequestPolicy; readonly address: string },
): Promise<Asker | Refusal> {
  const presented = presentedSecret(request);
  if (presented === undefined) {
    const found = await authenticate(request);
    return isRefusal(found) ? found : { key: found.key, requester: requesterOf(found.key) };
  }
  const routes = sideRoutesAt('key', path).map(({ route }) => route);
  const asked = method === 'HEAD' ? 'GET' : method;
  const route = routes.find((one) => one.method === asked && one.takesSecret);
  if (route === undefined) return needsKey;
  const holder = await authenticateSecret(presented, request);
  if (isRefusal(holder)) return holder;
  const { key, secret } = holder;
  if (!route.takesCalls) return { key, secret, requester: requesterOf(key, secret.id) };
  const requester = callerWithSecret(holder, { handshake: request.handshake, isReading: asked === 'GET' });
  return isRefusal(requester) ? requester : { key, secret, requester };
}

const needsKey: Refusal = {
  status: 403,
  code: 'secret_not_allowed',
  message: 'a client secret opens sessions and chats, and sees those that it opened: expected a key for anything else',
};

function warnOfOldPath(path: string, { warnOfOldName }: RequestPolicy): void {
  const { route, isOldPath } = sideRoutesAt('key', path)[0] ?? {};
  if (isOldPath && route?.oldPath !== undefined) warnOfOldName(route.oldPath, route.path);
}

const undecodable: Refusal = { status: 404, code: 'unknown_path', message: 'expected a path in percent-encoding' };

export const tooManyStreams: Refusal = {
  status: 503,
  code: 'too_many_streams',
  message: 'as many event streams and sockets are open as may be, or as those of this key may (side.streams)',
  retryAfterS: 5,
};

export const sideQuotaFull = notNow(
  'as many requests as may wait for the side path, or those of this key, do (side.requests, side.requestBytes)',
);

const bodyQuotaExceeded = notNow(
  'no room for more of this body beside those that wait for the side path (side.requestBytes)',
);
