// Serves the administrator's requests, which the admin listener has checked, over all keys. It listens on a socket that only this user can
// reach.

import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { decodedPath, readHandshake } from '../../http/handshake.ts';
import { closeListener, createListener } from '../../http/listener.ts';
import { type HttpProblem, invalidRequest, problemReply } from '../../http/problem.ts';
import { sendReply } from '../../http/reply.ts';
import { readBody } from '../../http/request/body.ts';
import { isRefusal, sidePathUnavailable } from '../../http/request/refusals.ts';
import { ADDRESS_HEADER } from '../../ipc/side-request.ts';
import { type ForwardContext, forward } from './public/forward.ts';

/** Bodies of these requests are a few words long. */
const MAX_BODY_BYTES = 64 * 1024;

/** Resolves when it listens on the socket of that path. */
export async function serveAdmin(path: string, context: ForwardContext): Promise<{ close(): Promise<void> }> {
  const server = createListener(context.config.limits);
  server.on('request', (request, response) => {
    answer(request, response, context)
      .then((problem) => problem && sendReply(response, problemReply('', problem)))
      .catch(() => response.destroy());
  });
  server.listen(path);
  await once(server, 'listening');
  server.unref();
  return { close: () => closeListener(server) };
}

/** Returns undefined where the answer has been written. */
async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  context: ForwardContext,
): Promise<HttpProblem | undefined> {
  const handshake = readHandshake(request);
  const path = handshake && decodedPath(handshake);
  if (handshake === undefined || path === undefined) return invalidRequest('expected a path in percent-encoding');
  const body = await readBody(request, { maxBytes: MAX_BODY_BYTES, ms: context.config.limits.handshakeMs });
  if (isRefusal(body)) return body;
  // The admin listener says whom the request is from.
  const address = request.headers[ADDRESS_HEADER]?.toString();
  const given = { handshake, path, requester: { scope: 'admin' }, address, body } as const;
  const outcome = await forward(request, response, given, context);
  return outcome === 'unavailable' ? sidePathUnavailable : undefined;
}
