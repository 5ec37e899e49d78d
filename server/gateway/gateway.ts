// The gateway of one process: it listens, holds the sessions, and shuts down in order: stop, drain, wait, terminate.

import { EventEmitter, once } from 'node:events';
import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Registry } from 'prom-client';
import type { Refusal } from '../../adapters/realtime/refusal.ts';
import { type ConnectionLimit, createConnectionLimit, endsOf } from '../http/connection/connection-limit.ts';
import { countDescriptors, type DescriptorState, outOfDescriptors } from '../http/connection/descriptors.ts';
import { readProxyHeaders } from '../http/connection/proxy-header.ts';
import {
  type CertificatePair,
  closeListener,
  createListener,
  type ListenAddress,
  openListener,
  useCertificate,
} from '../http/listener.ts';
import { ownOrigins } from '../http/origin-policy.ts';
import { answerFaults } from '../http/request/fault.ts';
import { type RequestSource, sourceOf } from '../http/request/source.ts';
import { type GatewayStart, type Ports, portsOf } from '../ipc/process-start.ts';
import type { SessionRecord } from '../ipc/session-record.ts';
import type { FindOwners } from '../ipc/side-request.ts';
import type { BudgetUse } from '../ipc/stored-rows.ts';
import { type AddressList, addressList, plainAddress } from '../platform/address-list.ts';
import { faultOf } from '../platform/log.ts';
import { createMetrics, exportGauge, type Metrics, subjectLabels } from '../platform/metrics.ts';
import type { Readiness } from '../platform/readiness.ts';
import { reasons } from '../session/close-reason.ts';
import type { Session } from '../session/session.ts';
import { UnfinishedMessages } from '../session/unfinished-messages.ts';
import { Connector } from '../transport/connector.ts';
import type { AdmissionPolicy } from './admission/admission.ts';
import { indexKeys } from './admission/authenticate.ts';
import { sharedAccounts } from './admission/authorize.ts';
import { draining, outboxShareFull, processFull, sideUnavailable, tooManyUpgrades } from './admission/refusals.ts';
import { answerHttp, type GatewayHost } from './http.ts';
import { oldNameWarner } from './old-names.ts';
import { SessionOpening } from './open-session.ts';
import { createRefusalLog } from './refusal-log.ts';
import { sideQuotaFull } from './side/api.ts';
import { ClosedBudgets } from './side/budgets.ts';
import { IdOwners } from './side/id-owners.ts';
import { exportOutbox } from './side/outbox-metrics.ts';
import { SideQuota } from './side/quota.ts';
import type { Upgrade } from './start-session.ts';

type GatewayOptions = Pick<GatewayHost, 'config' | 'registry' | 'log' | 'outbox' | 'askSide'> &
  Partial<Pick<GatewayStart, 'tls' | 'rehearsalUrl'>> & { readonly findOwners?: FindOwners | undefined };

export class Gateway {
  readonly metrics: Metrics;
  readonly #options: GatewayOptions;
  readonly #sessions = new Map<string, Session>();
  readonly #openings = new Set<SessionOpening>();
  readonly #servers: Server[] = [];
  readonly #descriptors = countDescriptors();
  readonly #connections: ConnectionLimit;
  readonly #quota: SideQuota;
  readonly #connector: Connector;
  readonly #host: GatewayHost;
  readonly #isProxy: AddressList;
  /** Addresses of clients behind the PROXY protocol, by the ends of their connections. */
  readonly #clients = new Map<string, string>();
  /** Emits `ended` for each session and each opening. */
  readonly #ends = new EventEmitter();
  readonly #budgets = new ClosedBudgets();
  readonly #unfinished: UnfinishedMessages;
  #policy: AdmissionPolicy;
  #phase: 'serving' | 'draining' | 'ending' = 'serving';

  constructor(options: GatewayOptions) {
    this.#options = options;
    const { config, rehearsalUrl, log } = options;
    this.metrics = createMetrics(() => this.#sessions.size, subjectLabels(config.metrics));
    this.#connector = new Connector(this.metrics);
    this.#unfinished = new UnfinishedMessages(config.limits);
    if (options.outbox !== undefined) exportOutbox(this.metrics.registry, options.outbox);
    this.#isProxy = addressList(config.listen.trustedProxies);
    const origins = { allowed: new Set<string>(), loopbackHostOnly: config.keys.length === 0, isProxy: this.#isProxy };
    this.#policy = {
      ...{ config, origins, rehearsalUrl, keys: indexKeys(config.keys), shared: sharedAccounts(config) },
      warnOfOldName: oldNameWarner(log),
    };
    this.#connections = createConnectionLimit({
      limits: config.limits,
      isProxy: this.#isProxy,
      descriptors: this.#descriptors,
      onDropped: (code) => this.metrics.refused(code, 503),
    });
    this.#quota = new SideQuota(config.side, config.keys.length);
    exportConnections(this.metrics.registry, this.#connections);
    exportGauge(this.metrics.registry, {
      name: 'trunkline_unfinished_message_bytes',
      help: 'memory of messages that have begun and have yet to end, see limits.maxUnfinishedBytes',
      read: () => this.#unfinished.bytes,
    });
    this.#host = this.#makeHost();
  }

  /** Listens on the given ports, or those of the configuration; several processes may share one. */
  async listen(ports: Ports = portsOf(this.#options.config), isShared = false): Promise<Ports> {
    const { config, tls } = this.#options;
    const port = await this.#serve({ setting: 'listen.port', port: ports.port, isShared });
    let tlsPort: number | undefined;
    if (tls !== undefined && ports.tlsPort !== undefined)
      tlsPort = await this.#serve({ setting: 'listen.tlsPort', port: ports.tlsPort, isShared }, tls);
    const { host, origins } = config.listen;
    const secure = tlsPort === undefined ? [] : ownOrigins('https', host, tlsPort);
    const allowed = new Set([...ownOrigins('http', host, port), ...secure, ...origins]);
    this.#policy = { ...this.#policy, origins: { ...this.#policy.origins, allowed } };
    return { port, tlsPort };
  }

  /** Serves another certificate to new connections from now on; live ones do not notice. */
  useCertificate(pair: CertificatePair): void {
    for (const server of this.#servers) useCertificate(server, pair);
  }

  /** Dials the rehearsal provider at another URL from now on. */
  useRehearsal(url: string): void {
    this.#policy = { ...this.#policy, rehearsalUrl: url };
  }

  /** Refuses sessions by these budgets from now on. */
  useBudgets(closed: readonly BudgetUse[]): void {
    this.#budgets.use(closed);
  }

  records(): SessionRecord[] {
    return [...this.#sessions.values()].map((session) => session.record());
  }

  record(id: string): SessionRecord | undefined {
    return this.#sessions.get(id)?.record();
  }

  /** Returns what a new session and a new call would be refused with here, whoever asks. */
  readiness(): Readiness {
    const { config, outbox } = this.#options;
    const sessions: Refusal[] = this.#phase === 'serving' ? [] : [draining];
    const calls = [...sessions];
    // A session takes a connection and another one toward its provider; that of a call finds room while others idle.
    if (this.#descriptorsLeft(2) !== 'free') sessions.push(outOfDescriptors);
    if (this.#descriptorsLeft(1) === 'spent') calls.push(outOfDescriptors);
    if (this.#isFull) sessions.push(processFull);
    if (outbox?.isFull) sessions.push(sideUnavailable);
    if (this.#connections.upgrading() >= config.limits.maxUpgrades) sessions.push(tooManyUpgrades.all);
    if (this.#quota.isFull) calls.push(sideQuotaFull);
    return { sessions, calls };
  }

  /** Opens no more sessions. Resolves when the last one has ended by itself. */
  async drain(): Promise<void> {
    if (this.#phase === 'serving') this.#phase = 'draining';
    this.#connector.close();
    await this.#whenEmpty();
  }

  /** Ends all sessions and stops listening. Resolves when every socket of a session is closed, after `closeMs` at the latest. */
  async close(): Promise<void> {
    this.#phase = 'ending';
    this.#connector.close();
    for (const opening of this.#openings) opening.abort();
    for (const session of this.#sessions.values()) session.end(reasons.drained);
    const timer = setTimeout(() => {
      for (const session of this.#sessions.values()) session.terminate();
    }, this.#options.config.limits.closeMs);
    await this.#whenEmpty();
    clearTimeout(timer);
    this.#host.idOwners.close();
    await Promise.all(this.#servers.map(closeListener));
  }

  /** Each upgrade in progress is about to be a session. */
  get #isFull(): boolean {
    const { maxSessions = Number.POSITIVE_INFINITY } = this.#options.config.limits;
    return this.#sessions.size + this.#connections.upgrading() >= maxSessions;
  }

  /** Each upgrade in progress is about to take one, too. */
  #descriptorsLeft(wanted: number): DescriptorState {
    return this.#descriptors.state(this.#connections.upgrading() + wanted);
  }

  async #whenEmpty(): Promise<void> {
    while (this.#sessions.size + this.#openings.size > 0) await once(this.#ends, 'ended');
  }

  async #serve(address: Omit<ListenAddress, 'host'>, tls?: GatewayOptions['tls']): Promise<number> {
    const { config, log } = this.#options;
    const server = createListener(config.limits, tls);
    this.#servers.push(server);
    if (config.listen.proxyProtocol) this.#readProxyHeaders(server);
    this.#connections.watch(server);
    answerFaults(server, ({ socket, refusal: { code, status }, requestId }) => {
      this.metrics.refused(code, status);
      this.#host.logRefusal({ code, status, requestId, address: this.#peerOf(socket) }, 'request refused');
    });
    server.on('upgrade', (request, socket: Socket, head) => {
      void this.#openSession({ request, socket, head, source: this.#sourceOf(request) });
    });
    server.on('request', (request, response) => {
      void answerHttp({ request, response, source: this.#sourceOf(request) }, this.#host);
    });
    const port = await openListener(server, { ...address, host: config.listen.host });
    server.on('error', (error) => log.error(faultOf(error), 'listener failed'));
    return port;
  }

  #readProxyHeaders(server: Server): void {
    const onClient = (socket: Socket, address: string): void => {
      const ends = endsOf(socket);
      this.#clients.set(ends, address);
      socket.once('close', () => this.#clients.delete(ends));
    };
    readProxyHeaders(server, { isProxy: this.#isProxy, ms: this.#options.config.limits.handshakeMs, onClient });
  }

  #sourceOf(request: IncomingMessage): RequestSource {
    return sourceOf(request, this.#peerOf(request.socket), this.#isProxy);
  }

  /** The address at the other end, behind a proxy that passes TCP on. */
  #peerOf(socket: Socket): string {
    return this.#clients.get(endsOf(socket)) ?? plainAddress(socket.remoteAddress ?? '');
  }

  #makeHost(): GatewayHost {
    const { registry, outbox, findOwners } = this.#options;
    return {
      ...this.#options,
      metrics: this.metrics,
      connector: this.#connector,
      connections: this.#connections,
      unfinished: this.#unfinished,
      logRefusal: createRefusalLog(this.#options.log),
      quota: this.#quota,
      idOwners: new IdOwners({ findOwners, push: (event) => outbox?.push(event) ?? true }),
      find: async (id) => this.record(id) ?? (await registry.find(id)),
      policy: () => this.#policy,
      refusal: (admission) => {
        if (this.#phase !== 'serving') return draining;
        if (this.#descriptorsLeft(1) !== 'free') return outOfDescriptors;
        if (this.#isFull) return processFull;
        const spent = this.#budgets.refusal(admission);
        if (spent !== undefined) return spent;
        const fullness = outbox?.fullness(admission.key?.id);
        return fullness && (fullness === 'all' ? sideUnavailable : outboxShareFull);
      },
      isEnding: () => this.#phase === 'ending',
      onStarted: (session) => {
        this.#sessions.set(session.id, session);
      },
      onClosed: (id) => {
        this.#sessions.delete(id);
        this.#ends.emit('ended');
      },
    };
  }

  async #openSession(upgrade: Upgrade): Promise<void> {
    const opening = new SessionOpening(upgrade, this.#host);
    this.#openings.add(opening);
    try {
      await opening.run();
    } finally {
      this.#openings.delete(opening);
      this.#ends.emit('ended');
    }
  }
}

function exportConnections(registry: Registry, { waiting, upgrading }: ConnectionLimit): void {
  exportGauge(registry, {
    name: 'trunkline_waiting_connections',
    help: 'connections that wait for a request, or stay open after one',
    read: waiting,
  });
  exportGauge(registry, { name: 'trunkline_upgrades', help: 'upgrades in progress', read: upgrading });
}
