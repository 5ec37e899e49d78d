// The HTTP API of the side path on the public listener: checks the key, keeps to the quota, reads the body, and forwards. Bodies are not
// parsed here, since this process carries the audio.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Handshake } from '../../../adapters/realtime/contract.ts';
import type { HttpReply, Refusal } from '../../../adapters/realtime/refusal.ts';
import type { ConnectionLimit } from '../../http/connection/connection-limit.ts';
import { decodedPath } from '../../http/handshake.ts';
import { jsonReply } from '../../http/reply.ts';
import { readBody } from '../../http/request/body.ts';
import type { SideRefusal } from '../../ipc/side-request.ts';
import { sideRoutesAt } from '../../ipc/side-routes.ts';
import type { AdmissionPolicy } from '../admission/admission.ts';
import { authenticate } from '../admission/authenticate.ts';
import { isRefusal } from '../admission/refusals.ts';
import { type ForwardContext, forward } from './forward.ts';
import type { SideQuota } from './quota.ts';

export interface SideApiContext extends ForwardContext {
  policy(): AdmissionPolicy;
  readonly quota: SideQuota;
  readonly connections: Pick<ConnectionLimit, 'hold'>;
}

/** Answers one request, or says why not. A reply or a Refusal that is returned is still to be written; what is `refused` was. */
export async function handleSideRequest(
  request: IncomingMessage,
  response: ServerResponse,
  { handshake, requestId }: { readonly handshake: Handshake; readonly requestId: string },
  context: SideApiContext,
): Promise<HttpReply | Refusal | { readonly refused: SideRefusal } | undefined> {
  const policy = context.policy();
  const { config } = policy;
  const path = decodedPath(handshake);
  if (path === undefined) return undecodable;
  warnOfOldPath(path, policy);
  const authenticated = authenticate({ handshake, policy });
  if (isRefusal(authenticated)) return authenticated;
  const { key } = authenticated;
  const expectedBytes = Math.min(config.side.maxBodyBytes, Number(request.headers['content-length'] ?? 0));
  const isStream = request.method === 'GET' && sideRoutesAt('key', path)[0]?.route.isStream === true;
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
    response.setHeader('connection', 'close');
    return body;
  }
  const requester = { scope: 'key', key: key?.id, team: key?.team } as const;
  const options = { handshake, path, requester, requestId, body, source: context, config };
  const outcome = await forward(request, response, options);
  if (outcome === 'answered') return undefined;
  if (typeof outcome === 'object') return 'refused' in outcome ? outcome : jsonReply(200, outcome.shown);
  return outcome === 'unknown_session' ? unknownSession : sidePathUnavailable;
}

function warnOfOldPath(path: string, { warnOfOldName }: AdmissionPolicy): void {
  const { route, isOldPath } = sideRoutesAt('key', path)[0] ?? {};
  if (isOldPath && route?.oldPath !== undefined) warnOfOldName(route.oldPath, route.path);
}

const undecodable: Refusal = { status: 404, code: 'unknown_path', message: 'expected a path in percent-encoding' };

const unknownSession: Refusal = {
  status: 404,
  code: 'unknown_session',
  message: 'no session of this key has this id',
};

const sideUnavailable = (message: string): Refusal => ({
  status: 503,
  code: 'side_unavailable',
  message,
  retryAfterS: 1,
});

export const sidePathUnavailable = sideUnavailable('the side path does not answer; sessions go on without it');

const tooManyStreams: Refusal = {
  status: 503,
  code: 'too_many_streams',
  message: 'as many event streams are open as may be (side.streams)',
  retryAfterS: 5,
};

export const sideQuotaFull = sideUnavailable(
  'as many requests as may wait for the side path, or those of this key, do (side.requests, side.requestBytes)',
);

const bodyQuotaExceeded = sideUnavailable(
  'no room for more of this body beside those that wait for the side path (side.requestBytes)',
);
