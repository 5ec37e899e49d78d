// The gateway of one process: it listens, upgrades, holds the set of sessions, and shuts down: stop, drain, wait, terminate.

import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import type { Refusal } from '../../adapters/realtime/contract.ts';
import { selectSubprotocol } from '../../adapters/realtime/index.ts';
import type { Config } from '../config/config.ts';
import { type ClientGone, watchClientGone } from '../http/client-gone.ts';
import { type ConnectionLimit, createConnectionLimit } from '../http/connection-limit.ts';
import { closeListener, createListener, type ListenAddress, openListener } from '../http/listener.ts';
import { ownOrigins } from '../http/origin-policy.ts';
import { writeReply } from '../http/reply.ts';
import { type Ports, portsOf } from '../ipc/ports.ts';
import type { SessionRecord } from '../ipc/session-record.ts';
import type { SideHandler } from '../ipc/side-request.ts';
import { faultOf } from '../platform/log.ts';
import { createMetrics, type Metrics } from '../platform/metrics.ts';
import { type CloseReason, reasons } from '../session/close-reason.ts';
import { Session } from '../session/session.ts';
import type { SessionContext } from '../session/subject.ts';
import { Connector } from '../transport/connector.ts';
import type { DialOutcome } from '../transport/dial.ts';
import { Peer } from '../transport/peer.ts';
import { upgradeReply } from '../transport/upgrade.ts';
import { type Admission, admit, idsOf, mayUse } from './admission/admit.ts';
import { type AdmissionPolicy, indexKeys } from './admission/authenticate.ts';
import { dialWithContext, readContext } from './admission/continue.ts';
import {
  draining,
  duplicateSession,
  isRefusal,
  type RefusalReply,
  refuse,
  sideUnavailable,
  tooManySessions,
} from './admission/refusals.ts';
import { answerHttp } from './http.ts';
import { oldNameWarner } from './old-names.ts';
import { sessionEmitter } from './session-events.ts';
import type { SessionRegistry } from './session-registry.ts';
import type { Outbox } from './side/outbox.ts';
import { exportOutbox } from './side/outbox-metrics.ts';
import { SideQuota } from './side/quota.ts';
import { createWhenEmpty, type WhenEmpty } from './when-empty.ts';

export interface GatewayOptions {
  readonly config: Config;
  readonly registry: SessionRegistry;
  readonly log: Logger;
  /** PEM files of the TLS listener. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
  readonly rehearsalUrl?: string | undefined;
  /** Where sessions are handed over to the side process; undefined: nowhere. */
  readonly outbox?: Outbox | undefined;
  /** Answers what is asked of the side path; rejects when the side process is down. */
  readonly askSide?: SideHandler | undefined;
}

/** An upgrade request that has no answer yet. */
interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Socket;
  readonly head: Buffer;
}

export class Gateway {
  readonly #options: GatewayOptions;
  readonly #sessions = new Map<string, Session>();
  readonly #metrics: Metrics = createMetrics(() => this.#sessions.size);
  readonly #servers: Server[] = [];
  readonly #connections: ConnectionLimit;
  readonly #reach: Connector = new Connector(this.#metrics);
  readonly #sideQuota: SideQuota;
  #gate: AdmissionPolicy;
  #phase: 'serving' | 'draining' | 'ending' = 'serving';
  /** Of the clients whose provider is being dialled. */
  readonly #departures = new Set<ClientGone>();
  #dialling = 0;
  readonly #vacancy: WhenEmpty = createWhenEmpty(() => this.#sessions.size === 0 && this.#dialling === 0);

  constructor(options: GatewayOptions) {
    this.#options = options;
    const { config, rehearsalUrl } = options;
    if (options.outbox !== undefined) exportOutbox(this.#metrics.registry, options.outbox);
    const visitors = { origins: new Set<string>(), loopbackHostOnly: config.keys.length === 0 };
    const warnOfOldName = oldNameWarner(options.log);
    this.#gate = { config, keys: indexKeys(config.keys), origins: visitors, rehearsalUrl, warnOfOldName };
    this.#sideQuota = new SideQuota(config.side, config.keys.length);
    this.#connections = createConnectionLimit(config.limits, () => this.#metrics.refused('too_many_connections', 0));
  }

  get metrics(): Metrics {
    return this.#metrics;
  }

  /** Live sessions of this process. */
  get sessionCount(): number {
    return this.#sessions.size;
  }

  /** Why no session begins now, whoever asks. */
  get #hindrance(): Refusal | undefined {
    if (this.#phase !== 'serving') return draining;
    return this.#options.outbox?.isFull ? sideUnavailable : undefined;
  }

  /** Listens on the given ports, or those of the configuration; several processes may share one. */
  async listen(ports: Ports = portsOf(this.#options.config), isShared = false): Promise<Ports> {
    const { config, tls } = this.#options;
    const plain = { setting: 'listen.port', port: ports.port, isShared };
    const port = await this.#serve(createListener(config.limits), plain);
    let tlsPort: number | undefined;
    if (tls !== undefined && typeof ports.tlsPort === 'number')
      tlsPort = await this.#serve(createListener(config.limits, tls), {
        setting: 'listen.tlsPort',
        port: ports.tlsPort,
        isShared,
      });
    const { host, origins } = config.listen;
    const ofTls = tlsPort === undefined ? [] : ownOrigins('https', host, tlsPort);
    const own = [...ownOrigins('http', host, port), ...ofTls];
    this.#gate = { ...this.#gate, origins: { ...this.#gate.origins, origins: new Set([...own, ...origins]) } };
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
    this.#reach.close();
    await this.#vacancy.wait();
  }

  /** Ends what is left, stops listening, and resolves when every socket of a session is closed: after `closeMs` at the latest. */
  async close(reason: CloseReason = reasons.drained): Promise<void> {
    this.#phase = 'ending';
    this.#reach.close();
    for (const departure of this.#departures) departure.abort();
    for (const session of this.#sessions.values()) session.end(reason);
    const patience = setTimeout(() => {
      for (const session of this.#sessions.values()) session.terminate();
    }, this.#options.config.limits.closeMs);
    await this.#vacancy.wait();
    clearTimeout(patience);
    await Promise.all(this.#servers.map(closeListener));
  }

  async #serve(server: Server, address: Omit<ListenAddress, 'host'>): Promise<number> {
    const { config, log } = this.#options;
    this.#servers.push(server);
    this.#connections.watch(server);
    server.on('upgrade', (request, socket: Socket, head: Buffer) => void this.#upgrade(request, socket, head));
    const { askSide } = this.#options;
    const shared = { metrics: this.#metrics, quota: this.#sideQuota, find: this.#find, askSide };
    const objection = (admitted: Admission) => this.#objection(admitted);
    server.on('request', (asked, reply) => void answerHttp(asked, reply, { ...shared, objection, policy: this.#gate }));
    const taken = await openListener(server, { ...address, host: config.listen.host });
    server.on('error', (error) => log.error(faultOf(error), 'listener failed'));
    return taken;
  }

  #find = async (id: string) => this.record(id) ?? (await this.#options.registry.find(id));

  #readContext(admitted: Admission, signal: AbortSignal): Promise<SessionContext | Refusal> {
    return readContext(admitted, { ...this.#options, find: this.#find }, signal);
  }

  /** Why an admitted session would not be opened now. Its place is tried with an id of its own, and given back. */
  async #objection(admitted: Admission): Promise<Refusal | undefined> {
    if (this.#hindrance !== undefined) return this.#hindrance;
    const [id, { key, continues }, fleet] = [randomUUID(), admitted, this.#options.registry];
    const grant = await fleet.reserve({ id, isOffered: false, key: key?.id, maxSessions: key?.maxSessions });
    if (grant === 'granted') fleet.release(id);
    if (grant === 'full' || continues === undefined) return grant === 'full' ? tooManySessions : undefined;
    const context = await this.#readContext(admitted, new AbortController().signal);
    return isRefusal(context) ? context : undefined;
  }

  /** The edge where what goes wrong with one client stays with that client. */
  async #upgrade(request: IncomingMessage, socket: Socket, head: Buffer): Promise<void> {
    socket.on('error', () => {});
    this.#dialling += 1;
    try {
      const decision = admit(request, this.#gate);
      const hindrance = this.#hindrance;
      if (decision.kind === 'refused') this.#refuse(socket, decision);
      else if (hindrance !== undefined) this.#refuse(socket, refuse(decision.provider, hindrance), decision);
      else await this.#open(decision, { request, socket, head });
    } catch (error) {
      this.#options.log.error(faultOf(error), 'upgrade failed');
      socket.destroy();
    } finally {
      this.#dialling -= 1;
      this.#vacancy.check();
    }
  }

  async #open(admitted: Admission, upgrade: Upgrade): Promise<void> {
    const { registry: fleet } = this.#options;
    const { sessionId, isOffered, key, provider: adapter } = admitted;
    const departure = watchClientGone(upgrade.socket);
    this.#departures.add(departure);
    try {
      const grant = await fleet.reserve({ id: sessionId, isOffered, key: key?.id, maxSessions: key?.maxSessions });
      if (grant === 'granted') await this.#bridge(admitted, upgrade, departure);
      else
        this.#refuse(upgrade.socket, refuse(adapter, grant === 'full' ? tooManySessions : duplicateSession), admitted);
    } finally {
      departure.stop();
      this.#departures.delete(departure);
    }
  }

  /** Dials, and starts the session or answers; the place goes back on every way but that of a session. */
  async #bridge(admitted: Admission, upgrade: Upgrade, departure: ClientGone): Promise<void> {
    const { registry: fleet, config } = this.#options;
    const { sessionId, provider: adapter } = admitted;
    let started = false;
    let dialled: DialOutcome | undefined;
    try {
      const dial = (signal: AbortSignal) => this.#reach.dial({ ...admitted, limits: config.limits, signal });
      const read = (signal: AbortSignal) => this.#readContext(admitted, signal);
      const { signal } = departure;
      const opening = admitted.continues ? await dialWithContext(admitted, { dial, read, signal }) : undefined;
      dialled = opening?.dialled ?? (await dial(signal));
      departure.stop();
      if (dialled.kind === 'open') started = this.#start(opening?.admitted ?? admitted, dialled.socket, upgrade);
      else if (this.#phase === 'ending') this.#refuse(upgrade.socket, refuse(adapter, draining), admitted);
      else if (departure.signal.aborted) this.#metrics.refused('client_left', 499);
      else if (dialled.kind === 'failed') this.#refuse(upgrade.socket, refuse(adapter, dialled.refusal), admitted);
      else {
        this.#metrics.refused('upstream_refused', dialled.reply.status);
        this.#options.log.info({ ...idsOf(admitted), status: dialled.reply.status }, 'provider refused the upgrade');
        writeReply(upgrade.socket, dialled.reply);
      }
    } finally {
      if (!started) {
        fleet.release(sessionId);
        if (dialled?.kind === 'open') dialled.socket.destroy();
      }
    }
  }

  /** Answers with the 101 and starts the session; false when the client is gone, or the gateway is about to be. */
  #start(admitted: Admission, upstream: Socket, { request, socket, head }: Upgrade): boolean {
    if (this.#phase === 'ending' || !socket.writable) {
      if (this.#phase === 'ending') this.#refuse(socket, refuse(admitted.provider, draining), admitted);
      return false;
    }
    const { config, log, registry: fleet, outbox } = this.#options;
    const { provider: adapter, handshake, sessionId } = admitted;
    const handOver = outbox && sessionEmitter(admitted, config, outbox);
    const key = request.headers['sec-websocket-key'] ?? '';
    socket.write(upgradeReply(key, selectSubprotocol(handshake, adapter), admitted));
    if (head.length > 0) socket.unshift(head);
    this.#connections.upgraded(socket);
    const { endpoint: route, model, promptClass, dataClass, context, key: owner } = admitted;
    const { path, dialect } = route;
    const mayUseModel = owner?.models && ((name: string) => mayUse(owner, adapter, name));
    const provider = adapter.name;
    const session = new Session({
      subject: {
        sessionId,
        provider,
        path,
        dialect,
        key: owner,
        mayUse: mayUseModel,
        model,
        billedBy: adapter.billing.by,
        promptClass,
        dataClass,
        context,
      },
      client: new Peer({ socket, role: 'client', limits: config.limits }),
      provider: new Peer({ socket: upstream, role: 'provider', limits: config.limits }),
      limits: config.limits,
      metrics: this.#metrics,
      log,
      turns: handOver,
      onClosed: (record) => {
        this.#sessions.delete(sessionId);
        handOver?.ended(record);
        fleet.ended(record);
        this.#vacancy.check();
      },
    });
    this.#sessions.set(sessionId, session);
    // Behind the 101: it wakes another process.
    setImmediate(() => fleet.opened(sessionId));
    this.#metrics.opened(adapter.name, admitted.endpoint.dialect.name);
    return true;
  }

  #refuse(socket: Socket, { refusal, reply }: RefusalReply, admitted?: Admission): void {
    this.#metrics.refused(refusal.code, refusal.status);
    const { code, status, cause } = refusal;
    this.#options.log.info({ code, status, cause, ...(admitted && idsOf(admitted)) }, 'upgrade refused');
    writeReply(socket, reply);
  }
}
