// Answers plain HTTP on the public listener: the console, the API of the side path, and a refusal that says why for everything else.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { findEndpoint, findNotServed, providers } from '../../adapters/realtime/index.ts';
import type { HttpReply, Refusal } from '../../adapters/realtime/refusal.ts';
import { consoleFile } from '../http/console-files.ts';
import { allowReading, preflightReply } from '../http/cors.ts';
import { readHandshake } from '../http/handshake.ts';
import { checkOrigin } from '../http/origin-policy.ts';
import { problemReply } from '../http/problem.ts';
import { jsonReply, sendReply } from '../http/reply.ts';
import { hasBody } from '../http/request/body.ts';
import { checkRequest } from '../http/request/guard.ts';
import { REQUEST_ID_HEADER, type RequestSource } from '../http/request/source.ts';
import type { SideRefusal } from '../ipc/side-request.ts';
import { sideRoutes, sideRoutesAt } from '../ipc/side-routes.ts';
import { version } from '../platform/entry.ts';
import type { AdmissionPolicy } from './admission/admission.ts';
import { askedFor } from './admission/facts.ts';
import { badTarget, isRefusal, notImplemented, nowhere, onlyGet, refuse } from './admission/refusals.ts';
import { explainUpgrade, type SessionHost } from './open-session.ts';
import { handleSideRequest, type SideApiContext } from './side/api.ts';

/** The gateway, as requests and upgrades see it. */
export type GatewayHost = SessionHost & SideApiContext;

/** A request whose answer is to be written. */
interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly source: RequestSource;
}

/** Answers one request. Faults become a 500 for that request alone. */
export async function answerHttp(exchange: Exchange, host: GatewayHost): Promise<void> {
  const { request, response, source } = exchange;
  response.setHeader(REQUEST_ID_HEADER, source.requestId);
  allowReading(request, response, host.policy().origins);
  try {
    const answer = await replyTo(exchange, host);
    request.resume();
    if (answer === undefined) return;
    if ('refused' in answer) return reportRefusal(exchange, answer.refused, host);
    if (isRefusal(answer)) {
      host.metrics.refused(answer.code, answer.status);
      const { code, status, cause } = answer;
      reportRefusal(exchange, { code, status, cause }, host);
    }
    sendReply(response, isRefusal(answer) ? refuse(request, answer) : answer);
  } catch {
    request.resume();
    if (response.headersSent) return void response.destroy();
    sendReply(response, problemReply('', { status: 500, code: 'internal', message: 'the gateway failed to answer' }));
  }
}

/** Resolves with undefined when the answer has been written. */
async function replyTo(
  { request, response, source }: Exchange,
  host: GatewayHost,
): Promise<HttpReply | Refusal | { readonly refused: SideRefusal } | undefined> {
  const ambiguous = checkRequest(request);
  if (ambiguous !== undefined) {
    response.setHeader('connection', 'close');
    return ambiguous;
  }
  const handshake = readHandshake(request);
  if (handshake === undefined) return badTarget;
  const { path } = handshake;
  const methods = sideRoutesAt('key', path).map(({ route }) => route.method);
  const early = checkOrigin(request, host.policy().origins) ?? preflightReply(request, methods);
  if (early !== undefined) return early;
  const notServed = findNotServed(request.method ?? '', path);
  if (methods.length > 0 && notServed === undefined) {
    return checkBody(request) ?? handleSideRequest(request, response, { handshake, requestId: source.requestId }, host);
  }
  const refusal = notServed?.endpoint.takesAnyBody ? undefined : checkBody(request);
  if (refusal !== undefined) return refusal;
  if (notServed !== undefined) return notImplemented(path, notServed.endpoint.instead);
  if (findEndpoint(path) !== undefined) return explainUpgrade(request, host);
  const page = path === '/console.json' ? jsonReply(200, describeConsole(host.policy())) : consoleFile(path);
  if (page === undefined) return nowhere(path);
  return request.method === 'GET' || request.method === 'HEAD' ? page : onlyGet;
}

/** The path of calls, which are counted by key and class when they are refused. */
const CALL_PATH = sideRoutes.find(({ name }) => name === 'postChatCompletion')?.path;

/** Logs a refusal of the gateway, or one that the side process has answered with, and counts refused calls. */
function reportRefusal(
  { request, source }: Pick<Exchange, 'request' | 'source'>,
  { promptClass, ...refused }: SideRefusal & Pick<Refusal, 'cause'>,
  { metrics, policy, logRefusal }: GatewayHost,
): void {
  const asked = askedFor(request, policy());
  const facts = { ...source, ...asked, class: promptClass ?? asked.class, ...refused };
  if (facts.route === CALL_PATH) metrics.refusedCall(facts);
  logRefusal(facts, 'request refused');
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
function checkBody(request: IncomingMessage): Refusal | undefined {
  if (!hasBody(request)) return undefined;
  const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  if (type === 'application/json') return undefined;
  const message = `expected a body of application/json, got ${type || 'no content-type'}`;
  return { status: 415, code: 'unsupported_media_type', message };
}
