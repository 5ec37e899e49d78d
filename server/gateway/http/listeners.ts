// Listens for clients: what asks for a session or for HTTP is handed on to the gateway, what a side process serves is passed on.

import { once } from 'node:events';
import { rmSync } from 'node:fs';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { findCall, findEndpoint } from '../../../adapters/realtime/index.ts';
import type { Config } from '../../config/config.ts';
import type { Clients } from '../../http/connection/clients.ts';
import type { ConnectionLimit } from '../../http/connection/connection-limit.ts';
import { readFirstLines } from '../../http/connection/first-line.ts';
import { readProxyHeaders } from '../../http/connection/proxy-header.ts';
import { readSpliced } from '../../http/connection/splice.ts';
import { requestTarget } from '../../http/handshake.ts';
import {
  type CertificatePair,
  closeListener,
  createListener,
  type ListenAddress,
  openListener,
  stopAccepting,
  useCertificate,
} from '../../http/listener.ts';
import { answerFaults } from '../../http/request/fault.ts';
import { handleOf, type PassedConnection } from '../../ipc/channel/connection.ts';
import type { ListenerSocket } from '../../ipc/channel/listener-socket.ts';
import type { Ports } from '../../ipc/process-start.ts';
import type { AddressList } from '../../platform/address-list.ts';
import { faultOf } from '../../platform/log.ts';
import type { boundedPassing } from '../side/connections.ts';

interface ListenersOptions {
  readonly config: Pick<Config, 'limits' | 'listen'>;
  readonly log: Logger;
  readonly clients: Clients;
  readonly connections: ConnectionLimit;
  readonly isProxy: AddressList;
  readonly passOn: ReturnType<typeof boundedPassing>;
  onUpgrade(request: IncomingMessage, socket: Socket, head: Buffer): void;
  onRequest(request: IncomingMessage, response: ServerResponse): void;
  readonly onFault: Parameters<typeof answerFaults>[1];
}

/** The sockets of a process that others hold, too. */
interface SharedSockets {
  /** Those that listen already. */
  readonly given: readonly ListenerSocket[];
  /** Takes a copy of one that was opened here. */
  keep(socket: ListenerSocket): Promise<void>;
}

type Address = Omit<ListenAddress, 'host'>;

export interface ListenOptions {
  /** True when other processes listen on the same ports, each for itself. */
  readonly isShared?: boolean;
  readonly sockets?: SharedSockets;
  /** Path at which connections of clients come that another process has accepted, and whose session is here. */
  readonly returns?: string | undefined;
}

/** Interval of the looks for connections that have yet to say what they want. */
const LOOK_MS = 20;

export class GatewayListeners {
  readonly #options: ListenersOptions;
  readonly #servers: Server[] = [];
  /** Those of them that listen at ports. */
  readonly #publicServers: Server[] = [];
  /** Connections that are open here, those included that HTTP has not seen or will not see. */
  readonly #sockets = new Set<Socket>();
  /** Connections that a side process serves, though only this process can read them. */
  readonly #spliced = new Set<Socket>();
  #serveHere: ((socket: Socket, bytes: Buffer) => void) | undefined;

  constructor(options: ListenersOptions) {
    this.#options = options;
  }

  /** Listens at each socket that is given, or at sockets of its own. Resolves with the ports. */
  async listen({ port, tlsPort }: Ports, options: ListenOptions, tls?: CertificatePair): Promise<Ports> {
    const { isShared = false, sockets, returns } = options;
    if (returns !== undefined) await this.#openReturns(returns);
    const plain = { setting: 'listen.port', port, isShared };
    const secure = { setting: 'listen.tlsPort', port: tlsPort ?? 0, isShared };
    return {
      port: await this.#openAll(plain, sockets),
      tlsPort: tls && tlsPort !== undefined ? await this.#openAll(secure, sockets, tls) : undefined,
    };
  }

  /** Accepts no more connections at the ports. Resolves when those that are open have become something, or had the time for it. */
  async stopAccepting(openings: { readonly size: number }): Promise<void> {
    const { connections, config } = this.#options;
    for (const server of this.#publicServers) stopAccepting(server);
    const until = performance.now() + 2 * config.limits.handshakeMs;
    while (connections.waiting() + openings.size > 0 && performance.now() < until) await delay(LOOK_MS);
  }

  async #openAll(address: Address, sockets?: SharedSockets, tls?: CertificatePair): Promise<number> {
    const { setting } = address;
    const [first, ...others] = (sockets?.given ?? []).filter((socket) => socket.setting === setting);
    const { server, port } = await this.#open({ ...address, socket: first?.handle }, tls);
    for (const { handle } of others) await this.#open({ ...address, socket: handle }, tls);
    const { host } = this.#options.config.listen;
    if (first === undefined) await sockets?.keep({ setting, host, handle: handleOf(server) });
    return port;
  }

  async #open(address: Address, tls?: CertificatePair): Promise<{ server: Server; port: number }> {
    const { config, log, clients, connections, isProxy, passOn, onUpgrade, onRequest, onFault } = this.#options;
    const { limits, listen } = config;
    const server = createListener(limits, tls);
    const { handshakeMs: ms, maxHeaderBytes: maxBytes } = limits;
    const serve = readFirstLines(server, {
      ...{ ms, maxBytes },
      passOn: async (socket, bytes) => {
        const isPassed = await passOn(socket, bytes);
        if (isPassed && !socket.destroyed) this.leave(socket);
        return isPassed;
      },
      isOurs: ({ method, target }) => isServedHere(method, requestTarget(target).path),
    });
    this.#serveHere ??= serve;
    const onClient = (socket: Socket, client: string): void => clients.add(socket, client);
    if (listen.proxyProtocol) readProxyHeaders(server, { isProxy, ms, onClient });
    connections.watch(server);
    this.#watch(server);
    answerFaults(server, onFault);
    server.on('upgrade', onUpgrade);
    server.on('request', (request, response) => {
      response.shouldKeepAlive = false;
      onRequest(request, response);
    });
    const port = await openListener(server, { ...address, host: listen.host });
    server.on('error', (error) => log.error(faultOf(error), 'listener failed'));
    this.#publicServers.push(server);
    return { server, port };
  }

  async #openReturns(path: string): Promise<void> {
    const { config, clients, onUpgrade, onFault } = this.#options;
    const server = createListener(config.limits);
    const serve = readSpliced(server, (socket, { bytes, address }) => {
      if (address !== undefined) clients.add(socket, address);
      serve(socket);
      socket.emit('data', bytes);
    });
    answerFaults(server, onFault);
    server.on('upgrade', onUpgrade);
    this.#watch(server);
    rmSync(path, { force: true });
    server.listen(path);
    await once(server, 'listening');
  }

  /** Leaves a connection to the process that serves it, though it passes through this one. */
  readonly leave = (socket: Socket): void => {
    this.#spliced.add(socket.once('close', () => this.#spliced.delete(socket)));
  };

  /** Serves another certificate to new connections from now on; live ones do not notice. */
  useCertificate(pair: CertificatePair): void {
    for (const server of this.#servers) useCertificate(server, pair);
  }

  /** Serves a connection that was passed on, and whose request is for this process. */
  take(socket: Socket, { bytes, address }: PassedConnection): void {
    if (address !== undefined) this.#options.clients.add(socket, address);
    this.#serveHere?.(socket, bytes);
  }

  #watch(server: Server): void {
    this.#servers.push(server);
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  /** Stops listening, and ends every connection; those that a side process serves end with its answers, or with that process. */
  async close(): Promise<void> {
    const kept = new Set([...this.#spliced].map(otherEnd));
    const closed = Promise.all(this.#servers.map(closeListener));
    for (const socket of this.#sockets) if (!kept.has(otherEnd(socket))) socket.destroy();
    if (kept.size === 0) await closed;
  }
}

/** Sessions are opened here, and calls are made: all else is for a side process. */
const isServedHere = (method: string, path: string): boolean =>
  (method === 'GET' && findEndpoint(path) !== undefined) || findCall(method, path) !== undefined;

/** The same for a connection and for what is read of it under TLS. */
const otherEnd = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`;
