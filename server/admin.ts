// The admin listener: health, readiness, metrics and live sessions of all gateway processes. Loopback, or behind a token.

import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { AggregatorRegistry } from 'prom-client';
import type { Config } from './config.ts';
import { readHandshake } from './handshake.ts';
import { closeListener, createListener, openListener } from './listener.ts';
import { faultOf } from './log.ts';
import type { SessionRecord } from './session.ts';
import { ownOrigins, type VisitorRule, visitorObjection } from './visitor.ts';

export interface AdminSources {
  isReady(): boolean;
  /** The metrics of each gateway process, as prom-client's JSON. */
  metrics(): Promise<readonly object[]>;
  records(): Promise<readonly SessionRecord[]>;
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

export async function startAdmin(
  { admin, limits }: Pick<Config, 'admin' | 'limits'>,
  sources: AdminSources,
  log: Logger,
): Promise<AdminListener> {
  let visitors: VisitorRule = { origins: new Set(), loopbackHostOnly: admin.token === undefined };
  const server = createListener(limits);
  server.on('request', (request, response) => {
    request.resume();
    const answered = answer(request, { sources, visitors, token: admin.token });
    void answered
      .catch(() => json(500, { error: 'the admin listener failed to answer' }))
      .then((reply) => write(response, reply));
  });
  const address = { setting: 'admin.port', host: admin.host, port: admin.port, isShared: false };
  const port = await openListener(server, address);
  server.on('error', (error) => log.error(faultOf(error), 'admin listener failed'));
  visitors = { ...visitors, origins: new Set(ownOrigins('http', admin.host, port)) };
  return { port, close: () => closeListener(server) };
}

interface AdminContext {
  readonly sources: AdminSources;
  readonly visitors: VisitorRule;
  readonly token: string | undefined;
}

async function answer(request: IncomingMessage, { sources, visitors, token }: AdminContext): Promise<Answer> {
  const handshake = readHandshake(request);
  if (handshake === undefined) return json(400, { error: 'expected a path as the request target' });
  const objection = visitorObjection(request.headers, visitors);
  if (objection !== undefined) return json(objection.status, { error: objection.message });
  if (request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) !== 0) {
    return json(415, { error: 'expected no body' });
  }
  if (token !== undefined && !isSame(request.headers.authorization ?? '', `Bearer ${token}`)) {
    return json(401, { error: 'expected the header Authorization: Bearer with admin.token' });
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') return json(405, { error: 'expected GET' });
  switch (handshake.path) {
    case '/healthz':
      return json(200, { status: 'ok' });
    case '/readyz':
      return sources.isReady() ? json(200, { status: 'ready' }) : json(503, { status: 'not ready' });
    case '/metrics':
      return metrics(await sources.metrics());
    case '/sessions':
      return json(200, { sessions: await sources.records() });
    default:
      return json(404, { error: `unknown path; expected one of ${PATHS.join(', ')}` });
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
