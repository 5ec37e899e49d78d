// Plain HTTP on the public listener: the console, the door to the side path, and a clear word for everything else.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HttpReply, Refusal } from '../../adapters/realtime/contract.ts';
import { findEndpoint, findNotServed, providers } from '../../adapters/realtime/index.ts';
import { readHandshake } from '../http/handshake.ts';
import { checkOrigin } from '../http/origin-policy.ts';
import { sideRoutesAt } from '../ipc/side-routes.ts';
import { version } from '../platform/entry.ts';
import type { Metrics } from '../platform/metrics.ts';
import { type Admission, admit } from './admission/admit.ts';
import type { AdmissionPolicy } from './admission/authenticate.ts';
import { notImplemented, type RefusalReply, refuse, unknownPath } from './admission/refusals.ts';
import { consoleFile } from './console-files.ts';
import { handleSideRequest, refuseSideRequest, type SideApiContext } from './side/api.ts';

export interface HttpContext extends SideApiContext {
  readonly metrics: Metrics;
  /** What keeps an admitted session from being opened now; undefined when nothing does. */
  objection(admitted: Admission): Promise<Refusal | undefined>;
}

/** Answers one request. Faults become a 500 for that request alone. */
export async function answerHttp(
  request: IncomingMessage,
  response: ServerResponse,
  context: HttpContext,
): Promise<void> {
  try {
    const answer = await replyTo(request, response, context);
    request.resume();
    if (answer === undefined) return;
    if ('refusal' in answer) context.metrics.refused(answer.refusal.code, answer.refusal.status);
    const reply = 'refusal' in answer ? answer.reply : answer;
    response.writeHead(reply.status, { ...reply.headers, 'content-length': Buffer.byteLength(reply.body) });
    response.end(request.method === 'HEAD' ? undefined : reply.body);
  } catch {
    request.resume();
    if (response.headersSent) return void response.destroy();
    response.writeHead(500, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ error: { code: 'internal', message: 'the gateway failed to answer' } }));
  }
}

/** undefined: the answer has been written. */
async function replyTo(
  request: IncomingMessage,
  response: ServerResponse,
  context: HttpContext,
): Promise<HttpReply | RefusalReply | undefined> {
  const handshake = readHandshake(request);
  if (handshake === undefined) return refuse(undefined, badTarget);
  const { path } = handshake;
  const visitor = checkOrigin(request.headers, context.policy.origins);
  if (sideRoutesAt('key', path).length > 0) {
    const objection = visitor ?? bodyObjection(request);
    return objection ? refuseSideRequest(path, objection) : handleSideRequest(request, response, handshake, context);
  }
  const unserved = findNotServed(request.method ?? '', path);
  const route = findEndpoint(path);
  const adapter = unserved?.provider ?? route?.provider;
  const objection = visitor ?? bodyObjection(request, unserved?.endpoint.bodies);
  if (objection !== undefined) return refuse(adapter, objection);
  if (unserved !== undefined) return refuse(unserved.provider, notImplemented(path));
  if (route !== undefined) return explainRoute(admit(request, context.policy, 'plain'), context);
  if (request.method !== 'GET' && request.method !== 'HEAD') return refuse(undefined, unknownPath());
  if (path === '/console.json') return json(200, describeConsole(context.policy));
  return consoleFile(path) ?? refuse(undefined, unknownPath());
}

/** A plain GET on a WebSocket route tells a browser, which cannot see why its upgrade failed, what would be refused. */
async function explainRoute(decision: Admission | RefusalReply, { objection }: HttpContext): Promise<HttpReply> {
  if (decision.kind === 'refused') return decision.reply;
  const refusal = await objection(decision);
  return refuse(decision.provider, refusal ?? speaksWebSocket).reply;
}

const speaksWebSocket: Refusal = {
  status: 426,
  code: 'invalid_request',
  message: 'this path speaks WebSocket: expected an upgrade',
};

function describeConsole({ config, rehearsalUrl }: AdmissionPolicy) {
  const rehearsed = config.rehearsal === false || rehearsalUrl === undefined ? [] : config.rehearsal.providers;
  return {
    version,
    mode: config.keys.length === 0 ? 'open' : 'keys',
    providers: [...providers.values()].map(({ name, endpoints }) => ({
      name,
      status: config.providers[name] ? 'configured' : rehearsed.includes(name) ? 'rehearsal' : 'missing',
      dialects: endpoints.map(({ path, dialect }) => ({ name: dialect.name, path })),
    })),
    side: { tasks: kindsOf(config.tasks), transcripts: config.transcripts },
  };
}

/** What a session may have; scores of results follow from it. */
const kindsOf = (tasks: AdmissionPolicy['config']['tasks']): readonly string[] => [
  ...new Set(tasks.filter(({ of }) => of === undefined).map(({ kind }) => kind)),
];

/** Bodies must be JSON: a page elsewhere can send other types without asking first. */
function bodyObjection({ headers }: IncomingMessage, alsoAllowed: readonly string[] = []): Refusal | undefined {
  if (headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0) return undefined;
  const type = (headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  if (type === 'application/json' || alsoAllowed.includes(type)) return undefined;
  const message = `expected a body of application/json, got ${type || 'no content-type'}`;
  return { status: 415, code: 'unsupported_media_type', message };
}

const badTarget: Refusal = { status: 400, code: 'invalid_request', message: 'expected a path as the request target' };

function json(status: number, body: unknown): HttpReply {
  return {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
    body: JSON.stringify(body),
  };
}
