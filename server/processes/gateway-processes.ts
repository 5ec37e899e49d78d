// Starts the gateway processes on shared ports, keeps what they share (the table of sessions), and asks all of them at once.

import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Config } from '../config/config.ts';
import type { LiveConfig } from '../config/live/live.ts';
import type { EventBatch, KeptEvent } from '../gateway/side/outbox.ts';
import type { ProbeVerdict } from '../gateway/targets/breakers.ts';
import { certificateDirectory, type DevCertificate, ensureDevCertificate } from '../http/dev-certificate.ts';
import { type CertificatePair, canReusePort, closeListener, createListener, openListener } from '../http/listener.ts';
import type { RequestHead } from '../http/request/head.ts';
import { letGo, type PassedConnection } from '../ipc/channel/connection.ts';
import type { Handlers, Rpc } from '../ipc/channel/rpc.ts';
import { type GatewayStart, type Ports, portsOf, returnsSocket } from '../ipc/process-start.ts';
import type { SessionOrder, SessionRecord } from '../ipc/session-record.ts';
import type { HeldCall, Reservation, ReserveResult, SessionAnnounced } from '../ipc/session-reservation.ts';
import { withDeadline } from '../platform/deadline.ts';
import { exportGauge } from '../platform/metrics.ts';
import type { CloseName } from '../session/close-reason.ts';
import { askAll, Child } from './child.ts';
import { CertificateWatch } from './reload/certificate-watch.ts';
import { OrphanedCalls } from './sessions/orphaned-calls.ts';
import { SessionLimits } from './sessions/session-limits.ts';
import { SessionTable } from './sessions/session-table.ts';
import type { SideSupervisor } from './side-supervisor.ts';

interface GatewayProcessesOptions {
  readonly live: LiveConfig;
  /** Called when a process works with this configuration. */
  took(rpc: Rpc, config: Config): void;
  readonly log: Logger;
  readonly side: SideSupervisor;
  readonly registry: Registry;
  /** Returns where the rehearsal listens now. */
  readonly rehearsalUrl: () => string | undefined;
}

export class GatewayProcesses {
  readonly #options: GatewayProcessesOptions;
  readonly children: Child[] = [];
  readonly #sessions = new SessionTable<Child>();
  readonly #limits: SessionLimits;
  readonly #orphans: OrphanedCalls;
  /** Each is asked in its turn. */
  #turn = 0;
  #certificate: DevCertificate | undefined;
  #tls: CertificateWatch | undefined;
  #ports: Ports;
  /** True when they share the listeners of this process, since the system lets them share no port. */
  #isClustered = false;

  constructor(options: GatewayProcessesOptions) {
    this.#options = options;
    this.#ports = portsOf(options.live.config);
    const { live, log, side } = options;
    const running = () => this.children.find(({ rpc }) => rpc?.isConnected)?.rpc;
    this.#orphans = new OrphanedCalls({ log, running });
    this.#limits = new SessionLimits({
      log,
      isShared: live.config.store.url !== 'sqlite',
      ask: (name, argument) => side.ask(name, argument),
      held: () => this.#sessions.all,
    });
  }

  /** The development certificate, when one is used. */
  get certificate(): DevCertificate | undefined {
    return this.#certificate;
  }

  get ports(): Ports {
    return this.#ports;
  }

  /** Loads their code at once, and lets them listen once `isBacked` has resolved. */
  async start(isBacked: Promise<unknown>): Promise<void> {
    const { processes, listen } = this.#options.live.config;
    // This decides how they are forked.
    this.#isClustered = processes > 1 && !(await canReusePort(listen.host));
    let ready: Promise<unknown> = Promise.all([isBacked, this.#prepareListening()]);
    // The first one takes the ports where the configuration says 0; the others share them.
    for (let index = 0; index < processes; index += 1) ready = this.#startOne(ready);
    await ready;
  }

  /** Makes the development certificate where a configuration needs one. */
  async prepare({ listen }: Config): Promise<void> {
    if (this.#tls !== undefined && listen.tls === undefined) await this.#makeCertificate();
  }

  /** Reads the certificate of the configuration in force, and tells of a bad one at once. */
  async rereadCertificate(): Promise<void> {
    const files = this.#certificateFiles;
    if (files !== undefined) await this.#tls?.use(files);
  }

  notify(name: string, argument: unknown): void {
    for (const { rpc } of this.children) rpc?.notify(name, argument);
  }

  /** Takes no new sessions, and resolves when the live ones have ended or `ms` have passed. */
  async drain(ms: number): Promise<void> {
    // A process that dies now must not come back and take sessions.
    for (const child of this.children) child.retire();
    const drained = Promise.allSettled(this.children.map(({ rpc }) => rpc?.call('drain')));
    await withDeadline(drained, ms).catch(() => {});
  }

  /** Ends all sessions. Waits for a process that hangs for `ms` at most. */
  async close(ms: number): Promise<void> {
    await Promise.allSettled(this.children.map(({ rpc }) => rpc && withDeadline(rpc.call('close'), ms)));
  }

  /** The live sessions. */
  async records(): Promise<readonly SessionRecord[]> {
    return (await askAll<readonly SessionRecord[]>(this.children, 'records')).flat();
  }

  /** Finds a session, live or lately ended. `asker` does not hold it. */
  async find(id: string, asker?: Child): Promise<SessionRecord | undefined> {
    // A client may have opened a session again under the id of one that ended.
    const ended = this.#sessions.endedRecord(id);
    if (ended !== undefined && this.#sessions.present(id) === undefined) return ended;
    const others = this.children.filter((child) => child !== asker);
    const records = await askAll<SessionRecord | undefined>(others, 'find', id);
    // An end that a process had yet to tell comes ahead of its answer.
    return records.find((record) => record !== undefined) ?? this.#sessions.endedRecord(id);
  }

  /** Ends a session by order. False where no process holds it. */
  async endSession(order: SessionOrder): Promise<boolean> {
    const session = this.#sessions.present(order.id);
    if (session === undefined || session.key !== order.key) return false;
    return (await session.owner.rpc?.call<boolean>('endSession', order)) ?? false;
  }

  /** Passes a connection with an upgrade on to one of them. Rejects where none runs. */
  async take(connection: PassedConnection, handle: unknown): Promise<void> {
    await this.#anyOne('handles')
      .call('takeBack', connection, handle)
      .finally(() => letGo(handle));
  }

  /** Asks one of them what an upgrade with this head would be answered. */
  async explain(head: RequestHead): Promise<unknown> {
    return this.#anyOne('rpc').call('explain', head);
  }

  #anyOne(way: 'rpc' | 'handles'): Rpc {
    const running = this.children.flatMap((child) => (child.rpc && child[way]) ?? []);
    const rpc = running[++this.#turn % running.length];
    if (rpc === undefined) throw new Error('no gateway process runs');
    return rpc;
  }

  async #prepareListening(): Promise<void> {
    const { processes, listen } = this.#options.live.config;
    if (processes > 1) await this.#probePorts();
    if (this.#ports.tlsPort === undefined) return;
    if (listen.tls === undefined) await this.#makeCertificate();
    this.#watchCertificate();
  }

  async #makeCertificate(): Promise<void> {
    this.#certificate ??= await ensureDevCertificate(certificateDirectory(this.#options.live.config.dataDirectory));
  }

  get #certificateFiles(): CertificatePair | undefined {
    const own = this.#certificate && { cert: this.#certificate.certPath, key: this.#certificate.keyPath };
    return this.#options.live.config.listen.tls ?? own;
  }

  #watchCertificate(): void {
    const { log, registry } = this.#options;
    const files = this.#certificateFiles;
    if (files === undefined) return;
    const watch = new CertificateWatch({ files, log, onRenewed: (pair) => this.notify('certificate', pair) });
    watch.start();
    this.#tls = watch;
    exportGauge(registry, {
      name: 'trunkline_tls_certificate_expiry_timestamp_seconds',
      help: 'end of the certificate that is served, in seconds since the epoch',
      read: () => watch.expiresAtS,
    });
  }

  /**
   * Fails where another gateway has a port, since ports that our processes share would be shared with its processes too. Clustered
   * processes need them before the first one listens, so that those that are started again find the same.
   */
  async #probePorts(): Promise<void> {
    const { listen, limits } = this.#options.live.config;
    for (const [setting, port] of Object.entries(this.#ports)) {
      if (port === undefined || (port === 0 && !this.#isClustered)) continue;
      const probe = createListener(limits);
      const address = { setting: `listen.${setting}`, host: listen.host, port };
      this.#ports = { ...this.#ports, [setting]: await openListener(probe, address) };
      await closeListener(probe);
    }
  }

  /** Forks the process at once, and gives it its work when `isReady` has resolved. */
  async #startOne(isReady: Promise<unknown>): Promise<void> {
    const { log, side } = this.#options;
    const child = new Child({
      name: 'gateway/process',
      isClustered: this.#isClustered,
      silenceMs: () => this.#options.live.config.limits.processSilenceMs,
      log,
      handlers: (gateway) => this.#handlersFor(gateway),
      start: async (rpc) => {
        await isReady;
        await this.#tellStart(rpc, child === this.children[0]);
      },
      onDeath: (gateway) => {
        for (const reservation of this.#sessions.releaseAll(gateway)) {
          this.#limits.give(reservation.id);
          this.#logLost(reservation);
          this.#orphans.add(this.#sessions.takeCall(reservation.id));
        }
        side.gatewayDied(gateway);
        this.#orphans.hangUp();
      },
    });
    this.children.push(child);
    await child.start();
  }

  async #tellStart(rpc: Rpc, isProber: boolean): Promise<void> {
    const { live, side, rehearsalUrl, took } = this.#options;
    const config = live.now;
    const start: GatewayStart = {
      config,
      tls: this.#tls?.pair,
      rehearsalUrl: rehearsalUrl(),
      side: side.places,
      closedBudgets: side.closedBudgets,
      ports: this.#ports,
      isShared: config.processes > 1 && !this.#isClustered,
      isProber,
    };
    this.#ports = await rpc.call<Ports>('start', start);
    side.usePorts(this.#ports);
    took(rpc, config);
    // Side processes and the rehearsal may have started elsewhere in the meantime, budgets may have moved, and the certificate may be a new one.
    if (this.#tls?.pair.cert !== start.tls?.cert) rpc.notify('certificate', this.#tls?.pair);
    if (side.places !== start.side) rpc.notify('side', side.places);
    if (side.closedBudgets !== start.closedBudgets) rpc.notify('budgets', side.closedBudgets);
    if (rehearsalUrl() !== start.rehearsalUrl) rpc.notify('rehearsal', rehearsalUrl());
    this.#orphans.hangUp(rpc);
  }

  #handlersFor(gateway: Child): Handlers {
    return {
      reserve: (reservation: Reservation) => this.#reserve(reservation, gateway),
      announced: ({ reservation, started }: SessionAnnounced) => {
        if (reservation !== undefined) this.#sessions.reserve(reservation, gateway);
        if (started !== undefined) this.#options.side.heldBy(gateway).announced(started);
      },
      holds: (call: HeldCall) => this.#sessions.holds(call),
      kept: (kept: KeptEvent) => this.#options.side.heldBy(gateway).kept(kept),
      ending: (record: SessionRecord) => this.#options.side.heldBy(gateway).ending(record),
      notKept: (id: string) => this.#options.side.heldBy(gateway).forget(id),
      release: (id: string) => {
        this.#sessions.release(id);
        this.#limits.give(id);
        this.#options.side.heldBy(gateway).forget(id);
      },
      ended: (record: SessionRecord) => {
        this.#sessions.ended(record);
        this.#limits.give(record.id);
        this.#options.side.heldBy(gateway).ending(record);
      },
      find: (id: string) => this.find(id, gateway),
      holderOf: (id: string) => {
        const holder = this.#sessions.present(id)?.owner;
        return holder === gateway ? undefined : returnsSocket(holder?.pid);
      },
      probed: (verdict: ProbeVerdict) => this.notify('probed', verdict),
      connection: (connection: PassedConnection, handle) =>
        this.#options.side.take(connection, handle).finally(() => letGo(handle)),
      commitEvents: (batch: EventBatch) => this.#options.side.commitEvents(gateway, batch),
    };
  }

  async #reserve(reservation: Reservation, gateway: Child): Promise<ReserveResult> {
    const result = this.#sessions.reserve(reservation, gateway);
    if (result !== 'granted') return result;
    const taken = await this.#limits.take(reservation);
    if (taken !== 'granted') this.#sessions.release(reservation.id);
    return taken;
  }

  /** Logs a session of a process that died: nothing more is known of it. */
  #logLost({ id, key }: Reservation): void {
    const reason: CloseName = 'gateway-lost';
    const record = { id, key, state: 'closed', reason, endedAt: new Date().toISOString() };
    this.#options.log.error(record, 'session lost');
  }
}
