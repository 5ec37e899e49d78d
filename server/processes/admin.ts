// The admin listener: health, readiness, metrics and live sessions of all gateway processes, and the side path over all keys.
// Loopback, or behind a token.

import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { AggregatorRegistry } from 'prom-client';
import type { Config } from '../config/config.ts';
import { type ForwardContext, forward } from '../gateway/side/forward.ts';
import { readHandshake } from '../http/handshake.ts';
import { closeListener, createListener, openListener } from '../http/listener.ts';
import { checkOrigin, type OriginPolicy, ownOrigins } from '../http/origin-policy.ts';
import type { SessionRecord } from '../ipc/session-record.ts';
import { sidePaths, sideRoutesAt } from '../ipc/side-routes.ts';
import { faultOf } from '../platform/log.ts';

export interface AdminSources extends ForwardContext {
  isReady(): boolean;
  /** The live sessions of all processes. */
  records(): Promise<readonly SessionRecord[]>;
  /** The metrics of each process, as prom-client's JSON. */
  metrics(): Promise<readonly object[]>;
}

export interface AdminListener {
  readonly port: number;
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

const PATHS = ['/healthz', '/readyz', '/metrics', '/sessions'];
const NOWHERE = `unknown path; expected one of ${[...PATHS, ...sidePaths('admin')].join(', ')}`;

export async function startAdmin(
  config: Pick<Config, 'admin' | 'limits' | 'side'>,
  sources: AdminSources,
  log: Logger,
): Promise<AdminListener> {
  const { admin, limits } = config;
  let origins: OriginPolicy = { allowed: new Set(), loopbackHostOnly: admin.token === undefined };
  const server = createListener(limits);
  server.on('request', (request, response) => {
    request.resume();
    const answered = answer(request, response, { sources, origins, config });
    void answered
      .catch(() => json(500, { error: 'the admin listener failed to answer' }))
      .then((reply) => reply && write(response, reply));
  });
  const address = { setting: 'admin.port', host: admin.host, port: admin.port, isShared: false };
  const port = await openListener(server, address);
  server.on('error', (error) => log.error(faultOf(error), 'admin listener failed'));
  origins = { ...origins, allowed: new Set(ownOrigins('http', admin.host, port)) };
  return { port, close: () => closeListener(server) };
}

interface AdminContext {
  readonly sources: AdminSources;
  readonly origins: OriginPolicy;
  readonly config: Pick<Config, 'admin' | 'limits' | 'side'>;
}

/** Returns undefined where the answer has been written. */
async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  context: AdminContext,
): Promise<Answer | undefined> {
  const handshake = readHandshake(request);
  if (handshake === undefined) return json(400, { error: 'expected a path as the request target' });
  const refusal = refusalOf(request, context);
  if (refusal !== undefined) return refusal;
  if (sideRoutesAt('admin', handshake.path).length > 0) {
    const path = decodeURIComponent(handshake.path);
    const { sources: source, config } = context;
    const requester = { scope: 'admin' } as const;
    const { kind } = await forward(request, response, { handshake, path, requester, source, config });
    return kind === 'answered' ? undefined : json(503, { error: 'the side path does not answer' });
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') return json(405, { error: 'expected GET' });
  return ownAnswer(handshake.path, context.sources);
}

function refusalOf(request: IncomingMessage, { origins, config }: AdminContext): Answer | undefined {
  const { headers } = request;
  const refusal = checkOrigin(headers, origins);
  if (refusal !== undefined) return json(refusal.status, { error: refusal.message });
  if (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0) {
    return json(415, { error: 'expected no body' });
  }
  const { token } = config.admin;
  if (token !== undefined && !isSame(headers.authorization ?? '', `Bearer ${token}`)) {
    return json(401, { error: 'expected the header Authorization: Bearer with admin.token' });
  }
  return undefined;
}

async function ownAnswer(path: string, sources: AdminSources): Promise<Answer> {
  switch (path) {
    case '/healthz':
      return json(200, { status: 'ok' });
    case '/readyz':
      return sources.isReady() ? json(200, { status: 'ready' }) : json(503, { status: 'not ready' });
    case '/metrics':
      return metrics(await sources.metrics());
    case '/sessions':
      return json(200, { sessions: await sources.records() });
    default:
      return json(404, { error: NOWHERE });
  }
}

async function metrics(perProcess: readonly object[]): Promise<Answer> {
  const registry = AggregatorRegistry.aggregate(perProcess as object[]);
  return { status: 200, type: registry.contentType, body: await registry.metrics() };
}

function isSame(given: string, expected: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}

function json(status: number, body: object): Answer {
  return { status, type: 'application/json', body: `${JSON.stringify(body)}\n` };
}

function write(response: ServerResponse, { status, type, body }: Answer): void {
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
  });
  response.end(response.req.method === 'HEAD' ? undefined : body);
}
