// Serves HTTP to clients. Their connections are accepted by gateway processes, which pass them on once their first request is for no session.
// Rule: a request to open a session, or one of calls, goes back to a gateway process, with its connection.

import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { findCall } from '../../../../adapters/realtime/index.ts';
import type { Refusal } from '../../../../adapters/realtime/refusal.ts';
import type { LiveConfig } from '../../../config/live/live.ts';
import { Clients } from '../../../http/connection/clients.ts';
import {
  type ConnectionLimit,
  createConnectionLimit,
  exportWaiting,
} from '../../../http/connection/connection-limit.ts';
import type { Descriptors } from '../../../http/connection/descriptors.ts';
import { isRoutedSocket } from '../../../http/connection/routed-responses.ts';
import { readSpliced } from '../../../http/connection/splice.ts';
import { takeSocket } from '../../../http/connection/take-socket.ts';
import { readHandshake } from '../../../http/handshake.ts';
import { closeListener, createListener } from '../../../http/listener.ts';
import { writeReply } from '../../../http/reply.ts';
import { answerHttp, type CheckedExchange } from '../../../http/request/answer.ts';
import { readBody } from '../../../http/request/body.ts';
import { answerFaults } from '../../../http/request/fault.ts';
import { headBytes } from '../../../http/request/head.ts';
import { KeyLookup } from '../../../http/request/keys/key-lookup.ts';
import { oldNameWarner } from '../../../http/request/old-names.ts';
import { type RequestPolicy, requestPolicy } from '../../../http/request/policy.ts';
import { createRefusalLog } from '../../../http/request/refusal/refusal-log.ts';
import { draining, isRefusal, overloaded, refuse } from '../../../http/request/refusals.ts';
import { type PassedConnection, stopReading } from '../../../ipc/channel/connection.ts';
import type { Ports } from '../../../ipc/process-start.ts';
import { sideRoutesAt } from '../../../ipc/side-routes.ts';
import type { FindKey, StoredKey } from '../../../ipc/stored-keys.ts';
import type { AddressList } from '../../../platform/address-list.ts';
import { Overload } from '../../../platform/load/overload.ts';
import { faultOf } from '../../../platform/log.ts';
import { countRefusals } from '../../../platform/metrics.ts';
import { ChatSockets, type ChatSocketsContext, type SocketUpgrade } from '../ui/chat-sockets.ts';
import { type PublicContext, publicAnswer } from './answer.ts';
import { sideQuotaFull } from './ask.ts';
import { SideQuota } from './quota.ts';

export interface PublicListenerOptions
  extends Pick<PublicContext, 'answer' | 'find' | 'explain' | 'rehearsed' | 'refusals'> {
  readonly live: LiveConfig;
  readonly log: Logger;
  readonly registry: Registry;
  readonly descriptors: Descriptors;
  /** Undefined where there is no store. */
  readonly findKey?: FindKey | undefined;
  readonly secrets?: RequestPolicy['secrets'];
  /** Those that chats start and read. */
  readonly runs: ChatSocketsContext['runs'];
  readonly responses?: ChatSocketsContext['responses'];
  /** Gives a connection with an upgrade to a gateway process. Rejects where there is none. */
  giveBack(socket: Socket, connection: PassedConnection): Promise<void>;
}

export class PublicListener {
  readonly #options: PublicListenerOptions;
  readonly #server: Server;
  readonly #serve: (socket: Socket) => void;
  readonly #clients: Clients;
  readonly #connections: ConnectionLimit;
  readonly #quota: SideQuota;
  readonly #chats: ChatSockets;
  readonly #isProxy: AddressList = (address) => this.#policy.origins.isProxy(address);
  readonly #keys: KeyLookup;
  readonly #overload: Overload;
  #ports: Ports | undefined;
  #policy: RequestPolicy;
  #isLeaving = false;
  #isDraining = false;

  constructor(options: PublicListenerOptions) {
    this.#options = options;
    const { live, log, registry, descriptors, findKey } = options;
    const { config } = live;
    this.#overload = new Overload({ registry, log, limits: () => config.limits.overload });
    const isProxy = this.#isProxy;
    this.#keys = new KeyLookup({ fileKeys: () => config.keys, teams: () => config.teams, findKey });
    this.#policy = this.#makePolicy(oldNameWarner(log));
    this.#clients = new Clients(isProxy);
    this.#quota = new SideQuota(config);
    const metrics = countRefusals(registry, config.metrics.maxLabelValues);
    const onDropped = (code: string): void => metrics.refused(code, 503);
    this.#connections = createConnectionLimit({ limits: config.limits, isProxy, descriptors, onDropped });
    exportWaiting(registry, this.#connections);
    this.#server = createListener(config.limits);
    this.#serve = readSpliced(this.#server, (socket, connection) => this.take(socket, connection));
    const logRefusal = createRefusalLog(log);
    const policy = () => this.#policy;
    const ports = () => this.#ports;
    const shared = { config, policy, quota: this.#quota, connections: this.#connections };
    const context: PublicContext = { ...options, ...shared, ports };
    const answering = {
      metrics,
      logRefusal,
      policy,
      reply: (exchange: CheckedExchange) =>
        this.#isDraining ? draining : (this.#objectionTo(exchange) ?? publicAnswer(exchange, context)),
    };
    this.#server.on('request', (request, response) => {
      if (this.#isLeaving) response.shouldKeepAlive = false;
      const exchange = { request, response, source: this.#clients.sourceOf(request) };
      const refused = (refusal: Refusal) => answerHttp(exchange, { ...answering, reply: () => refusal });
      void (isOfCall(request) ? this.#passCall(request, response, refused) : answerHttp(exchange, answering));
    });
    const failed = (error: unknown): void => log.error(faultOf(error), 'chat socket failed');
    const quota = this.#quota;
    this.#chats = new ChatSockets({
      ...{ runs: options.runs, responses: options.responses, busy: () => this.#busy },
      quota,
      metrics,
      logRefusal,
      policy,
      failed,
    });
    this.#server.on('upgrade', (request, socket: Socket, head) => {
      void this.#upgrade({ request, socket, head, source: this.#clients.sourceOf(request) });
    });
    answerFaults(this.#server, ({ socket, refusal: { code, status }, requestId }) => {
      metrics.refused(code, status);
      logRefusal({ code, status, requestId, address: this.#clients.addressOf(socket) }, 'request refused');
    });
  }

  /** Listens for connections that cannot be passed on as they are, on a socket of this path. */
  async open(path: string): Promise<void> {
    this.#server.listen(path);
    await once(this.#server, 'listening');
    this.#server.unref();
  }

  /** Serves a connection from the first byte of a request on. */
  take(socket: Socket, { bytes, address }: PassedConnection): void {
    if (address !== undefined) this.#clients.add(socket, address);
    if (!this.#connections.enter(socket)) return;
    this.#serve(socket);
    socket.emit('data', bytes);
  }

  /** Tells where gateway processes listen, which are the origins of our own pages. */
  usePorts(ports: Ports): void {
    this.#ports = ports;
    this.#policy = this.#makePolicy();
  }

  /** Serves by the configuration that has come into force what begins from now on. */
  configChanged(): void {
    this.#policy = this.#makePolicy();
  }

  /** Takes changes of stored keys. Returns the ids of those that are over. */
  useKeys(changes: readonly StoredKey[]): readonly string[] {
    return this.#keys.changed(changes);
  }

  /** Returns what a new call would be refused with here. */
  refusals(): readonly Refusal[] {
    return [...(this.#busy ? [this.#busy] : []), ...(this.#quota.isFull ? [sideQuotaFull] : [])];
  }

  /** Serves requests on, and closes each connection behind its answer. Pages leave their sockets, to come back elsewhere. */
  leave(): void {
    this.#isLeaving = true;
    this.#chats.drain();
  }

  /** Takes no new requests. Pages leave their sockets, to come back elsewhere; answers that are on their way go on. */
  drain(): void {
    this.#isDraining = true;
    this.#chats.drain();
    this.#server.closeIdleConnections();
  }

  /** Ends every connection. */
  close(): Promise<void> {
    this.drain();
    this.#overload.stop();
    return closeListener(this.#server);
  }

  get #busy(): Refusal | undefined {
    const { reason } = this.#overload;
    return reason && overloaded[reason];
  }

  /** Calls and tasks are new work; all else tells of what is there, or ends it. */
  #objectionTo({ request, handshake }: CheckedExchange): Refusal | undefined {
    const isWork = sideRoutesAt('key', handshake.path).some(
      ({ route }) => route.awaitsLlm && route.method === request.method,
    );
    return isWork ? this.#busy : undefined;
  }

  #makePolicy(warnOfOldName = this.#policy.warnOfOldName): RequestPolicy {
    return requestPolicy(
      { config: this.#options.live.now, keys: this.#keys, secrets: this.#options.secrets, warnOfOldName },
      this.#ports,
    );
  }

  async #upgrade(upgrade: SocketUpgrade): Promise<void> {
    const { request, socket, head, source } = upgrade;
    socket.on('error', () => {});
    const asked = { policy: this.#policy, address: source.address };
    const isOurs = this.#chats.isOurs(request) || (await isRoutedSocket(request, asked).catch(() => false));
    if (!isOurs) return this.#giveBack(request, socket, head);
    this.#connections.leave(socket);
    await this.#chats.accept(upgrade);
  }

  /** Calls are made by a gateway process: it gets the connection, with the whole request. `refused` answers one whose body is no good. */
  async #passCall(
    request: IncomingMessage,
    response: ServerResponse,
    refused: (refusal: Refusal) => Promise<void>,
  ): Promise<void> {
    const { maxCallBodyBytes: maxBytes, handshakeMs: ms } = this.#options.live.config.limits;
    try {
      const body = await readBody(request, { maxBytes, setting: 'limits.maxCallBodyBytes', ms });
      if (isRefusal(body)) return await refused(body);
      const whole = body === undefined || Buffer.isBuffer(body) ? body : Buffer.concat(body);
      const { socket, bytes } = takeSocket({ request, response }, whole);
      await this.#giveBytesBack(request, socket, bytes);
    } catch {
      // The client has left within its body.
      response.destroy();
    }
  }

  #giveBack(request: IncomingMessage, socket: Socket, head: Buffer): Promise<void> {
    return this.#giveBytesBack(request, socket, Buffer.concat([headBytes(request), head, stopReading(socket)]));
  }

  async #giveBytesBack(request: IncomingMessage, socket: Socket, bytes: Buffer): Promise<void> {
    this.#connections.leave(socket);
    try {
      await this.#options.giveBack(socket, { bytes, address: this.#clients.saidOf(socket) });
    } catch {
      writeReply(socket, refuse(request, draining));
    }
  }
}

const isOfCall = (request: IncomingMessage): boolean =>
  findCall(request.method ?? '', readHandshake(request)?.path ?? '') !== undefined;
