// The admin listener: the operator's page, health, readiness, metrics and live sessions of all gateway processes, and the side path over all keys.
// Loopback, or behind a token.

import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { AggregatorRegistry } from 'prom-client';
import type { Handshake } from '../../adapters/realtime/contract.ts';
import type { HttpReply } from '../../adapters/realtime/refusal.ts';
import type { Config } from '../config/config.ts';
import { ConfigError } from '../config/problem.ts';
import { createConnectionLimit } from '../http/connection/connection-limit.ts';
import { countDescriptors } from '../http/connection/descriptors.ts';
import { consoleFile } from '../http/console-files.ts';
import { decodedPath, readHandshake } from '../http/handshake.ts';
import { closeListener, createListener, openListener, stopAccepting } from '../http/listener.ts';
import { unknownPath } from '../http/nearest-path.ts';
import { checkOrigin, type OriginPolicy, ownOrigins } from '../http/origin-policy.ts';
import { type HttpProblem, problemReply } from '../http/problem.ts';
import { jsonReply, sendReply } from '../http/reply.ts';
import { hasBody } from '../http/request/body.ts';
import { checkRequest } from '../http/request/guard.ts';
import { configRefused, notRestarted, sidePathUnavailable } from '../http/request/refusals.ts';
import { handleOf } from '../ipc/channel/connection.ts';
import type { ListenerSocket } from '../ipc/channel/listener-socket.ts';
import type { SessionRecord } from '../ipc/session-record.ts';
import { sidePaths, sideRoutesAt } from '../ipc/side-routes.ts';
import { plainAddress } from '../platform/address-list.ts';
import { PARTS, type Readiness, type Reason } from '../platform/load/readiness.ts';
import { faultOf } from '../platform/log.ts';
import { relayToSide } from './operator/admin-relay.ts';
import { describeRefusals } from './operator/refusals.ts';
import { sumMetrics } from './operator/sums.ts';
import { describeUpstreams } from './operator/upstreams.ts';
import type { ReadinessDetails } from './readiness.ts';
import type { InForce, Reloaded } from './reload/reload.ts';
import { RestartError } from './restart/keeper.ts';
import type { Restarted } from './restart/restart.ts';

interface AdminSources {
  /** The socket of the side process for these requests; undefined while it is down. */
  sideSocket?(): string | undefined;
  readiness(): Promise<Readiness>;
  /** Tells what the last answer about readiness was made of. */
  details(): ReadinessDetails;
  /** The live sessions of all processes. */
  records(): Promise<readonly SessionRecord[]>;
  /** The metrics of each process, as prom-client's JSON. */
  metrics(): Promise<readonly object[]>;
  inForce(): InForce;
  /** The configuration in force, of which the providers and LLM gateways are told. */
  upstreams(): Parameters<typeof describeUpstreams>[0];
  /** Reads the configuration again. `address`: who asks. */
  reload(address?: string): Promise<Reloaded>;
  /** Lets a new process serve in the place of this one. */
  restart(address?: string): Promise<Restarted>;
}

export type AdminListener = Awaited<ReturnType<typeof startAdmin>>;

/** `isOperator`: it would be let in everywhere. */
interface Asked extends Pick<Handshake, 'query'> {
  readonly address: string;
  readonly isOperator: boolean;
}

type OwnAnswer = (sources: AdminSources, asked: Asked) => HttpReply | Promise<HttpReply>;

const sumsOf = async ({ metrics }: AdminSources) => sumMetrics(await metrics());

/** The paths that the listener answers itself. All take GET. */
export const adminPaths: ReadonlyMap<string, OwnAnswer> = new Map<string, OwnAnswer>([
  ['/healthz', () => json(200, { status: 'ok' })],
  ['/readyz', readyz],
  ['/metrics', async (sources) => metrics(await sources.metrics())],
  ['/sessions', async (sources) => json(200, { sessions: await sources.records() })],
  ['/gateways', async (sources) => json(200, describeUpstreams(sources.upstreams(), await sumsOf(sources)))],
  ['/refusals', async (sources) => json(200, describeRefusals(await sumsOf(sources)))],
]);

/** The paths that the listener answers itself and that take POST. */
export const adminActions: ReadonlyMap<string, OwnAnswer> = new Map<string, OwnAnswer>([
  ['/reload', reload],
  ['/restart', restart],
]);

/** Paths for service managers and proxies, which have no token and ask under any name. They tell nothing of clients. */
const PROBES: readonly string[] = ['/healthz', '/readyz'];

const PATHS: readonly string[] = [...adminPaths.keys(), ...adminActions.keys(), ...sidePaths('admin')];

export async function startAdmin(
  config: Pick<Config, 'admin' | 'limits' | 'side'>,
  sources: AdminSources,
  log: Logger,
  socket?: ListenerSocket,
) {
  const { admin, limits } = config;
  let allowed: ReadonlySet<string> = new Set();
  const server = createListener(limits);
  // Clients that open connections and ask for nothing must not keep an operator from the last descriptors.
  const connections = createConnectionLimit({
    ...{ limits, isProxy: () => false, descriptors: countDescriptors() },
    onDropped: (code) => log.debug({ code }, 'admin connection dropped'),
  });
  connections.watch(server);
  server.on('request', (request, response) => {
    connections.hold(request.socket, response);
    const origins = { allowed, loopbackHostOnly: config.admin.token === undefined };
    const answered = answer(request, response, { sources, origins, config });
    void answered
      .catch((error: unknown) => {
        log.error(faultOf(error), 'the admin listener failed to answer');
        return failed({ status: 500, code: 'internal', message: 'the admin listener failed to answer' });
      })
      .then((reply) => {
        request.resume();
        if (reply !== undefined) sendReply(response, reply);
      });
  });
  const place = { setting: 'admin.port', host: admin.host };
  const port = await openListener(server, { ...place, port: admin.port, socket: socket?.handle });
  server.on('error', (error) => log.error(faultOf(error), 'admin listener failed'));
  allowed = new Set(ownOrigins('http', admin.host, port));
  return {
    port,
    /** The one that it listens at, until it accepts no more. */
    get sockets(): readonly ListenerSocket[] {
      const handle = handleOf(server);
      return handle === undefined ? [] : [{ ...place, handle }];
    },
    leave: () => stopAccepting(server),
    close: () => closeListener(server),
  };
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
): Promise<HttpReply | undefined> {
  const ambiguous = checkRequest(request);
  if (ambiguous !== undefined) return failed(ambiguous);
  const handshake = readHandshake(request);
  if (handshake === undefined)
    return failed({ status: 400, code: 'invalid_request', message: 'expected a path as the request target' });
  const page = consoleFile(handshake.path, 'operator.html');
  if (page !== undefined) return isRead(request) ? page : failed(expected(['GET', 'HEAD']));
  const refusal = refusalOf(request, context);
  if (refusal !== undefined && !PROBES.includes(handshake.path)) return refusal;
  const ownAnswer = adminPaths.get(handshake.path);
  // The sessions that live are known here; a query asks for those of the store.
  const isOwn = ownAnswer !== undefined && handshake.query.size === 0;
  const matches = isOwn ? [] : sideRoutesAt('admin', handshake.path);
  const takesBody = matches.some(({ route }) => route.takesBody && route.method === request.method);
  if (hasBody(request) && !takesBody)
    return failed({ status: 415, code: 'unsupported_media_type', message: 'expected no body' });
  if (hasBody(request) && !/^application\/json\b/i.test(request.headers['content-type'] ?? ''))
    return failed({ status: 415, code: 'unsupported_media_type', message: 'expected a body of application/json' });
  if (matches.length > 0) {
    if (decodedPath(handshake) === undefined)
      return failed({ status: 400, code: 'invalid_request', message: 'expected a path in percent-encoding' });
    const socket = context.sources.sideSocket?.();
    const isAnswered = socket !== undefined && (await relayToSide(request, response, socket));
    return isAnswered ? undefined : failed(sidePathUnavailable);
  }
  const address = plainAddress(request.socket.remoteAddress ?? '');
  const asked = { query: handshake.query, address, isOperator: refusal === undefined };
  const action = adminActions.get(handshake.path);
  if (action !== undefined)
    return request.method === 'POST' ? action(context.sources, asked) : failed(expected(['POST']));
  if (!isRead(request)) return failed(expected(['GET', 'HEAD']));
  return ownAnswer?.(context.sources, asked) ?? failed(unknownPath(handshake.path, PATHS));
}

const isRead = ({ method }: IncomingMessage): boolean => method === 'GET' || method === 'HEAD';

const expected = (allow: readonly string[]): HttpProblem => ({
  ...{ status: 405, code: 'method_not_allowed', message: `expected ${allow[0]}`, allow },
});

function refusalOf(request: IncomingMessage, { origins, config }: AdminContext): HttpReply | undefined {
  const { token } = config.admin;
  // A page from elsewhere does not know the token; ours may have been opened under any name of this machine.
  const isOwnPage = token !== undefined && isOfHost(request.headers);
  const refusal = isOwnPage ? undefined : checkOrigin(request, origins);
  if (refusal !== undefined) return failed(refusal);
  if (token !== undefined && !isSame(request.headers.authorization ?? '', `Bearer ${token}`))
    return failed({
      status: 401,
      code: 'invalid_key',
      message: 'expected the header Authorization: Bearer with admin.token',
    });
  return undefined;
}

/** Accounts are told of to those alone who may read the metrics, which have their names too. */
async function readyz(sources: AdminSources, { query, isOperator }: Asked): Promise<HttpReply> {
  const found = await sources.readiness();
  if (!query.has('verbose')) return readiness(found, query.get('part'), {});
  const { catalogues } = found;
  const { accounts, ...parts } = sources.details();
  const more = {
    config: sources.inForce(),
    ...(catalogues && { catalogues }),
    ...parts,
    ...(isOperator && { accounts }),
  };
  return readiness(found, query.get('part'), more);
}

/** 202 where a process does not have it yet. */
async function reload(sources: AdminSources, { address }: Asked): Promise<HttpReply> {
  try {
    const reloaded = await sources.reload(address);
    return json(reloaded.behind.length === 0 ? 200 : 202, reloaded);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return refusedConfig(error.message.split('\n'));
  }
}

function refusedConfig(problems: readonly string[]): HttpReply {
  const { status, body } = failed(configRefused(problems));
  return json(status, { ...JSON.parse(String(body)), problems });
}

/** 200 once the new process serves; any other answer comes from the one that serves on. */
async function restart(sources: AdminSources, { address }: Asked): Promise<HttpReply> {
  try {
    return json(200, await sources.restart(address));
  } catch (error) {
    if (!(error instanceof RestartError)) throw error;
    const { message, problems } = error;
    return problems.length > 0 ? refusedConfig(problems) : failed(notRestarted(message));
  }
}

/** 200 where everything that is served here is, or the part that is asked for; the body has all parts. */
function readiness(found: Readiness, asked: string | null, more: object): HttpReply {
  const parts = PARTS.filter((part) => found[part] !== undefined);
  const counting = asked === null ? parts : parts.filter((part) => part === asked);
  if (counting.length === 0)
    return failed({ status: 400, code: 'invalid_request', message: `part: expected ${parts.join(' or ')}` });
  const shown = (reasons: readonly Reason[] = []) =>
    reasons.length === 0
      ? { status: 'ready' }
      : { status: 'not ready', reasons: reasons.map(({ code, message }) => ({ code, message })) };
  const isReady = counting.every((part) => found[part]?.length === 0);
  const states = Object.fromEntries(parts.map((part) => [part, shown(found[part])]));
  return json(isReady ? 200 : 503, { status: isReady ? 'ready' : 'not ready', ...states, ...more });
}

async function metrics(perProcess: readonly object[]): Promise<HttpReply> {
  const registry = AggregatorRegistry.aggregate(perProcess as object[]);
  const headers = { 'content-type': registry.contentType, 'cache-control': 'no-store' };
  return { status: 200, headers, body: await registry.metrics() };
}

function isOfHost({ origin = '', host = '' }: IncomingMessage['headers']): boolean {
  return host !== '' && [`http://${host}`, `https://${host}`].includes(origin);
}

function isSame(given: string, expected: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}

function json(status: number, body: object): HttpReply {
  return { ...jsonReply(status, body), body: `${JSON.stringify(body)}\n` };
}

function failed(problem: HttpProblem): HttpReply {
  const reply = problemReply('', problem);
  return { ...reply, body: `${reply.body}\n` };
}
