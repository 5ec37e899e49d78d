// The gateway of one process: it listens, upgrades, holds the set of sessions, and shuts down: stop, drain, wait, terminate.

import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Logger } from 'pino';
import { WebSocketServer } from 'ws';
import type { Refusal } from '../adapters/adapter.ts';
import { type Admitted, admit, type Gate, indexKeys, type Refused, refuse } from './admit.ts';
import { type CloseReason, reasons } from './close-reason.ts';
import type { Config } from './config.ts';
import { type ConnectionLimit, createConnectionLimit } from './connections.ts';
import { watchDeparture } from './departure.ts';
import { dial } from './dial.ts';
import type { Fleet } from './fleet.ts';
import { answerHttp, writeReply } from './http.ts';
import type { Peer } from './link.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { Session, type SessionRecord } from './session.ts';
import { ownOrigins } from './visitor.ts';

export interface GatewayOptions {
  readonly config: Config;
  readonly fleet: Fleet;
  readonly log: Logger;
  /** PEM files of the TLS listener. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
  readonly rehearsalUrl?: string | undefined;
}

/** The ports that were taken, where the configuration said 0 too. */
export interface Ports {
  readonly port: number;
  readonly tlsPort?: number | undefined;
}

export class Gateway {
  readonly #options: GatewayOptions;
  readonly #sessions = new Map<string, Session>();
  readonly #metrics: Metrics = createMetrics(() => this.#sessions.size);
  readonly #servers: Server[] = [];
  readonly #upgrader: WebSocketServer;
  readonly #connections: ConnectionLimit;
  /** The upgrades between their admission and their 101, by request. */
  readonly #admitted = new WeakMap<IncomingMessage, Admitted>();
  #gate: Gate;
  #phase: 'serving' | 'draining' | 'ending' = 'serving';
  #whenEmpty: (() => void) | undefined;
  #dialling = 0;

  constructor(options: GatewayOptions) {
    this.#options = options;
    const { config, rehearsalUrl } = options;
    const visitors = { origins: new Set<string>(), loopbackHostOnly: config.keys.length === 0 };
    this.#gate = { config, keys: indexKeys(config.keys), visitors, rehearsalUrl };
    this.#upgrader = this.#createUpgrader();
    this.#connections = createConnectionLimit(config.limits, () => this.#metrics.refused('too_many_connections', 0));
  }

  get metrics(): Metrics {
    return this.#metrics;
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  /** Listens on the given ports, or those of the configuration; several processes may share one. */
  async listen(ports: Ports = this.#options.config.listen as Ports, shared = false): Promise<Ports> {
    const { config, tls } = this.#options;
    const port = await this.#serve(createServer(this.#httpOptions()), ports.port, shared);
    let tlsPort: number | undefined;
    if (tls !== undefined && typeof ports.tlsPort === 'number') {
      const server = createTlsServer({
        ...this.#httpOptions(),
        cert: readFileSync(tls.cert),
        key: readFileSync(tls.key),
        minVersion: 'TLSv1.2',
        handshakeTimeout: config.limits.handshakeMs,
      });
      tlsPort = await this.#serve(server, ports.tlsPort, shared);
    }
    const { host, origins } = config.listen;
    const own = [
      ...ownOrigins('http', host, port),
      ...(tlsPort === undefined ? [] : ownOrigins('https', host, tlsPort)),
    ];
    this.#gate = { ...this.#gate, visitors: { ...this.#gate.visitors, origins: new Set([...own, ...origins]) } };
    return { port, tlsPort };
  }

  /** The rehearsal provider listens elsewhere now. */
  useRehearsal(url: string): void {
    this.#gate = { ...this.#gate, rehearsalUrl: url };
  }

  records(): SessionRecord[] {
    return [...this.#sessions.values()].map((session) => session.record());
  }

  record(id: string): SessionRecord | undefined {
    return this.#sessions.get(id)?.record();
  }

  /** No new sessions from now on; resolves when the last one has ended by itself. */
  async drain(): Promise<void> {
    if (this.#phase === 'serving') this.#phase = 'draining';
    await this.#empty();
  }

  /** Ends what is left, stops listening, and resolves when every socket of a session is closed. */
  async close(reason: CloseReason = reasons.drained): Promise<void> {
    this.#phase = 'ending';
    for (const session of this.#sessions.values()) session.end(reason);
    await this.#empty();
    await Promise.all(this.#servers.map(stopServer));
  }

  #empty(): Promise<void> {
    if (this.#sessions.size === 0 && this.#dialling === 0) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    const before = this.#whenEmpty;
    this.#whenEmpty = () => {
      before?.();
      resolve();
    };
    return promise;
  }

  #checkEmpty(): void {
    if (this.#sessions.size > 0 || this.#dialling > 0) return;
    this.#whenEmpty?.();
    this.#whenEmpty = undefined;
  }

  #httpOptions() {
    const { handshakeMs, maxHeaderBytes } = this.#options.config.limits;
    return {
      headersTimeout: handshakeMs,
      requestTimeout: handshakeMs,
      connectionsCheckingInterval: Math.min(1000, handshakeMs),
      maxHeaderSize: maxHeaderBytes,
      keepAliveTimeout: 5000,
      noDelay: true,
    };
  }

  async #serve(server: Server, port: number, shared: boolean): Promise<number> {
    const { config } = this.#options;
    this.#servers.push(server);
    server.maxHeadersCount = 64;
    this.#connections.watch(server);
    server.on('upgrade', (request, socket: Socket, head: Buffer) => void this.#upgrade(request, socket, head));
    server.on('request', (request, response) => {
      const { fleet } = this.#options;
      const find = async (id: string) => this.record(id) ?? (await fleet.find(id));
      void answerHttp(request, response, { gate: this.#gate, find, metrics: this.#metrics });
    });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    server.once('error', reject);
    server.listen({ host: config.listen.host, port, reusePort: shared }, resolve);
    await promise;
    return (server.address() as AddressInfo).port;
  }

  #createUpgrader(): WebSocketServer {
    const { limits } = this.#options.config;
    const upgrader = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: limits.clientMaxPayloadBytes,
      maxFragments: limits.maxFragments,
      maxBufferedChunks: limits.maxBufferedChunks,
      closeTimeout: limits.closeMs,
      handleProtocols: (_, request) => {
        const admitted = this.#admitted.get(request);
        return admitted?.adapter.subprotocol(admitted.handshake) ?? false;
      },
    });
    upgrader.on('headers', (headers, request) => {
      headers.push(`x-trunkline-session: ${this.#admitted.get(request)?.sessionId}`);
    });
    return upgrader;
  }

  /** The edge where what goes wrong with one client stays with that client. */
  async #upgrade(request: IncomingMessage, socket: Socket, head: Buffer): Promise<void> {
    socket.on('error', ignoreError);
    this.#dialling += 1;
    try {
      const decision = this.#phase === 'serving' ? admit(request, this.#gate) : refuse(undefined, draining);
      if (decision.kind === 'refused') this.#refuse(socket, decision);
      else await this.#open(decision, request, socket, head);
    } catch (error) {
      this.#options.log.error({ err: error }, 'upgrade failed');
      socket.destroy();
    } finally {
      this.#dialling -= 1;
      this.#checkEmpty();
    }
  }

  async #open(admitted: Admitted, request: IncomingMessage, socket: Socket, head: Buffer): Promise<void> {
    const { fleet, config } = this.#options;
    const departure = watchDeparture(socket);
    const { sessionId, isOffered, key, adapter, endpoint, allowPrivate } = admitted;
    const grant = await fleet.reserve({ id: sessionId, isOffered, key: key?.id, maxSessions: key?.maxSessions });
    if (grant !== 'granted') {
      departure.stop();
      return this.#refuse(socket, refuse(adapter, grant === 'full' ? tooMany : duplicate));
    }
    const dialled = await dial({ endpoint, allowPrivate, limits: config.limits, signal: departure.signal });
    departure.stop();
    if (dialled.kind === 'open') {
      if (this.#phase !== 'ending' && this.#start(admitted, dialled.peer, { request, socket, head })) return;
      dialled.peer.ws.terminate();
      fleet.release(sessionId);
      if (this.#phase === 'ending') this.#refuse(socket, refuse(adapter, draining));
      return;
    }
    fleet.release(sessionId);
    if (dialled.kind === 'refused') {
      this.#metrics.refused('upstream_refused', dialled.reply.status);
      writeReply(socket, dialled.reply);
    } else this.#refuse(socket, refuse(adapter, dialled.refusal));
  }

  /** Answers with the 101 and starts the session; false when the client is gone. */
  #start(
    admitted: Admitted,
    provider: Peer,
    { request, socket, head }: { request: IncomingMessage; socket: Socket; head: Buffer },
  ): boolean {
    const { config, log, fleet } = this.#options;
    let started = false;
    this.#admitted.set(request, admitted);
    this.#upgrader.handleUpgrade(request, socket, head, (ws) => {
      started = true;
      this.#connections.upgraded(socket);
      const session = new Session({
        admitted,
        client: { ws, socket },
        provider,
        limits: config.limits,
        metrics: this.#metrics,
        log,
        onClosed: (record) => {
          this.#sessions.delete(admitted.sessionId);
          fleet.ended(record);
          this.#checkEmpty();
        },
      });
      this.#sessions.set(admitted.sessionId, session);
      this.#metrics.opened(admitted.adapter.name, admitted.route.dialect.name);
    });
    return started;
  }

  #refuse(socket: Socket, { refusal, reply }: Refused): void {
    this.#metrics.refused(refusal.code, refusal.status);
    this.#options.log.info({ code: refusal.code, status: refusal.status }, 'upgrade refused');
    writeReply(socket, reply);
  }
}

const draining: Refusal = { status: 503, code: 'draining', message: 'the gateway is shutting down', retryAfterS: 1 };
const tooMany: Refusal = {
  status: 429,
  code: 'too_many_sessions',
  message: 'this key has as many sessions open as it may',
  retryAfterS: 5,
};
const duplicate: Refusal = { status: 409, code: 'duplicate_session', message: 'a session with this id is open' };

function stopServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

function ignoreError(): void {}
