// Answers plain HTTP on the public listener: the console, the API of the side path, and a refusal that says why for everything else.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { findEndpoint, findNotServed, providers } from '../../adapters/realtime/index.ts';
import type { HttpReply, Refusal } from '../../adapters/realtime/refusal.ts';
import { consoleFile } from '../http/console-files.ts';
import { allowReading, preflightReply } from '../http/cors.ts';
import { readHandshake } from '../http/handshake.ts';
import { checkOrigin } from '../http/origin-policy.ts';
import { jsonReply, sendReply } from '../http/reply.ts';
import { hasBody } from '../http/request-body.ts';
import { checkRequest } from '../http/request-guard.ts';
import { sideRoutesAt } from '../ipc/side-routes.ts';
import { version } from '../platform/entry.ts';
import type { AdmissionPolicy } from './admission/admission.ts';
import { badTarget, isRefusal, notImplemented, refuse, unknownPath } from './admission/refusals.ts';
import { explainUpgrade, type SessionHost } from './open-session.ts';
import { handleSideRequest, type SideApiContext } from './side/api.ts';

/** The gateway, as requests and upgrades see it. */
export type GatewayHost = SessionHost & SideApiContext;

/** Answers one request. Faults become a 500 for that request alone. */
export async function answerHttp(request: IncomingMessage, response: ServerResponse, host: GatewayHost): Promise<void> {
  allowReading(request, response, host.policy().origins);
  try {
    const answer = await replyTo(request, response, host);
    request.resume();
    if (answer === undefined) return;
    if (isRefusal(answer)) host.metrics.refused(answer.code, answer.status);
    sendReply(response, isRefusal(answer) ? refuse(request, answer) : answer);
  } catch {
    request.resume();
    if (response.headersSent) return void response.destroy();
    sendReply(response, jsonReply(500, { error: { code: 'internal', message: 'the gateway failed to answer' } }));
  }
}

/** Resolves with undefined when the answer has been written. */
async function replyTo(
  request: IncomingMessage,
  response: ServerResponse,
  host: GatewayHost,
): Promise<HttpReply | Refusal | undefined> {
  const ambiguous = checkRequest(request);
  if (ambiguous !== undefined) {
    response.setHeader('connection', 'close');
    return ambiguous;
  }
  const handshake = readHandshake(request);
  if (handshake === undefined) return badTarget;
  const { path } = handshake;
  const methods = sideRoutesAt('key', path).map(({ route }) => route.method);
  const early = checkOrigin(request.headers, host.policy().origins) ?? preflightReply(request, methods);
  if (early !== undefined) return early;
  if (methods.length > 0) {
    return checkBody(request) ?? handleSideRequest(request, response, handshake, host);
  }
  const notServed = findNotServed(request.method ?? '', path);
  const refusal = checkBody(request, notServed?.endpoint.bodies);
  if (refusal !== undefined) return refusal;
  if (notServed !== undefined) return notImplemented(path);
  if (findEndpoint(path) !== undefined) return explainUpgrade(request, host);
  if (request.method !== 'GET' && request.method !== 'HEAD') return unknownPath;
  if (path === '/console.json') return jsonReply(200, describeConsole(host.policy()));
  return consoleFile(path) ?? unknownPath;
}

function describeConsole({ config, rehearsalUrl }: AdmissionPolicy) {
  const rehearsed = config.rehearsal === false || rehearsalUrl === undefined ? [] : config.rehearsal.providers;
  // Kinds of tasks that a session may have; those that score results follow from them.
  const kinds = config.tasks.filter(({ of }) => of === undefined).map(({ kind }) => kind);
  return {
    version,
    mode: config.keys.length === 0 ? 'open' : 'keys',
    providers: [...providers.values()].map(({ name, endpoints }) => ({
      name,
      status: config.providers[name] ? 'configured' : rehearsed.includes(name) ? 'rehearsal' : 'missing',
      dialects: endpoints.map(({ path, dialect }) => ({ name: dialect.name, path })),
    })),
    side: { tasks: [...new Set(kinds)], transcripts: config.transcripts },
  };
}

/** Bodies must be JSON: a page elsewhere can send other types without asking first. */
function checkBody(request: IncomingMessage, alsoAllowed: readonly string[] = []): Refusal | undefined {
  if (!hasBody(request)) return undefined;
  const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  if (type === 'application/json' || alsoAllowed.includes(type)) return undefined;
  const message = `expected a body of application/json, got ${type || 'no content-type'}`;
  return { status: 415, code: 'unsupported_media_type', message };
}
