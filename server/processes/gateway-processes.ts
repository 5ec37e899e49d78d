// Starts the gateway processes on shared ports, keeps what they share (the table of sessions), and asks all of them at once.

import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Config } from '../config/config.ts';
import type { LiveConfig } from '../config/live/live.ts';
import type { EventBatch, KeptEvent } from '../gateway/side/outbox.ts';
import type { ProbeVerdict } from '../gateway/targets/breakers.ts';
import type { RequestHead } from '../http/request/head.ts';
import { letGo, type PassedConnection } from '../ipc/channel/connection.ts';
import type { ListenerSocket, SocketPlace } from '../ipc/channel/listener-socket.ts';
import type { Handlers, Rpc } from '../ipc/channel/rpc.ts';
import { type GatewayStart, type Ports, returnsSocket } from '../ipc/process-start.ts';
import type { SessionOrder, SessionRecord } from '../ipc/session-record.ts';
import type { HeldCall, Reservation, ReserveResult, SessionAnnounced } from '../ipc/session-reservation.ts';
import { withDeadline } from '../platform/deadline.ts';
import type { CloseName } from '../session/close-reason.ts';
import { askAll, Child } from './child.ts';
import { ListenerCertificate } from './reload/listener-certificate.ts';
import type { Predecessor } from './restart/predecessor.ts';
import { ProcessListeners } from './restart/process-listeners.ts';
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
  /** Listening sockets that were there before this process. */
  readonly sockets: readonly ListenerSocket[];
}

/** Holds a session: a gateway process, or the supervisor before this one. */
type Holder = Pick<Child, 'rpc'>;

export class GatewayProcesses {
  readonly #options: GatewayProcessesOptions;
  readonly children: Child[] = [];
  readonly certificate: ListenerCertificate;
  readonly #sessions = new SessionTable<Holder>();
  #predecessor: Predecessor | undefined;
  readonly #limits: SessionLimits;
  readonly #orphans: OrphanedCalls;
  /** Each is asked in its turn. */
  #turn = 0;
  readonly #listening: ProcessListeners;

  constructor(options: GatewayProcessesOptions) {
    this.#options = options;
    const { live, log, side, sockets } = options;
    this.#listening = new ProcessListeners(live, sockets);
    this.certificate = new ListenerCertificate({
      ...{ live, log, registry: options.registry },
      onRenewed: (pair) => this.notify('certificate', pair),
    });
    const running = () => this.children.find(({ rpc }) => rpc?.isConnected)?.rpc;
    this.#orphans = new OrphanedCalls({ log, running });
    this.#limits = new SessionLimits({
      log,
      isShared: live.config.store.url !== 'sqlite',
      ask: (name, argument) => side.ask(name, argument),
      held: () => this.#sessions.all,
    });
  }

  get ports(): Ports {
    return this.#listening.ports;
  }

  /** The sockets that they listen at. */
  get sockets(): readonly ListenerSocket[] {
    return this.#listening.sockets;
  }

  /** Loads their code at once, and lets them listen once `isBacked` has resolved. */
  async start(isBacked: Promise<unknown>): Promise<void> {
    await this.#listening.prepare();
    let ready: Promise<unknown> = Promise.all([isBacked, this.#prepareListening()]);
    // The first one takes the ports where the configuration says 0; the others share them.
    const { processes } = this.#options.live.config;
    for (let index = 0; index < processes; index += 1) ready = this.#startOne(index, ready);
    await ready;
  }

  notify(name: string, argument: unknown): void {
    for (const { rpc } of this.children) rpc?.notify(name, argument);
  }

  /** Accepts no more connections; those that are open are served as before. Resolves when none of them waits for its request. */
  async leave(): Promise<void> {
    this.#listening.close();
    for (const child of this.children) child.retire();
    await Promise.allSettled(this.children.map(({ rpc }) => rpc?.call('leave')));
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
    this.#listening.close();
    await Promise.allSettled(this.children.map(({ rpc }) => rpc && withDeadline(rpc.call('close'), ms)));
  }

  /** The live sessions. */
  async records(): Promise<readonly SessionRecord[]> {
    return (await askAll<readonly SessionRecord[]>(this.#holders, 'records')).flat();
  }

  /** Finds a session, live or lately ended. `asker` does not hold it. */
  async find(id: string, asker?: Child): Promise<SessionRecord | undefined> {
    // A client may have opened a session again under the id of one that ended.
    const ended = this.#sessions.endedRecord(id);
    if (ended !== undefined && this.#sessions.present(id) === undefined) return ended;
    const others = this.#holders.filter((holder) => holder !== asker);
    const records = await askAll<SessionRecord | undefined>(others, 'find', id);
    // An end that a process had yet to tell comes ahead of its answer.
    return records.find((record) => record !== undefined) ?? this.#sessions.endedRecord(id);
  }

  /** Returns the socket of the process that holds a session; undefined where that is the asker, or nobody. */
  async holderOf(id: string, asker?: Child): Promise<string | undefined> {
    const holder = this.#sessions.present(id)?.owner;
    if (holder instanceof Child) return holder === asker ? undefined : returnsSocket(holder.pid);
    return holder?.rpc?.call<string | undefined>('holderOf', id);
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

  /** Lets the next supervisor know of all sessions from now on; undefined: there is none. */
  follow(next: Rpc | undefined): void {
    this.#sessions.follow(next);
  }

  /** Counts the sessions of the supervisor before this one with those here, while it has any. */
  async join(predecessor: Predecessor): Promise<void> {
    const isIts = (id: string): boolean => this.#sessions.present(id)?.owner === predecessor;
    this.#predecessor = predecessor;
    await predecessor.follow({
      reserve: (reservation) => this.#reserve(reservation, predecessor),
      release: (id) => isIts(id) && this.#sessions.release(id),
      ended: (record) => isIts(record.id) && this.#sessions.ended(record),
    });
    void predecessor.gone().then(() => this.#sessions.releaseAll(predecessor));
  }

  get #holders(): readonly Holder[] {
    return this.#predecessor === undefined ? this.children : [...this.children, this.#predecessor];
  }

  #anyOne(way: 'rpc' | 'handles'): Rpc {
    const running = this.children.flatMap((child) => (child.rpc && child[way]) ?? []);
    const rpc = running[++this.#turn % running.length];
    if (rpc === undefined) throw new Error('no gateway process runs');
    return rpc;
  }

  async #prepareListening(): Promise<void> {
    await this.#listening.probe();
    if (this.ports.tlsPort !== undefined) await this.certificate.start();
  }

  /** Forks the process at once, and gives it its work when `isReady` has resolved. */
  async #startOne(index: number, isReady: Promise<unknown>): Promise<void> {
    const { log, side } = this.#options;
    const child = new Child({
      name: 'gateway/process',
      isClustered: this.#listening.isClustered,
      silenceMs: () => this.#options.live.config.limits.processSilenceMs,
      log,
      handlers: (gateway) => this.#handlersFor(gateway, index),
      start: async (rpc) => {
        await isReady;
        for (const { handle, ...place } of this.#listening.of(index))
          await child.handles?.call('socket', place, handle);
        await this.#tellStart(rpc, index === 0);
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
      tls: this.certificate.pair,
      rehearsalUrl: rehearsalUrl(),
      side: side.places,
      closedBudgets: side.closedBudgets,
      ports: this.ports,
      isShared: this.#listening.isShared,
      isProber,
    };
    this.#listening.use(await rpc.call<Ports>('start', start));
    side.usePorts(this.ports);
    took(rpc, config);
    // Side processes and the rehearsal may have started elsewhere in the meantime, budgets may have moved, and the certificate may be a new one.
    if (this.certificate.pair?.cert !== start.tls?.cert) rpc.notify('certificate', this.certificate.pair);
    if (side.places !== start.side) rpc.notify('side', side.places);
    if (side.closedBudgets !== start.closedBudgets) rpc.notify('budgets', side.closedBudgets);
    if (rehearsalUrl() !== start.rehearsalUrl) rpc.notify('rehearsal', rehearsalUrl());
    this.#orphans.hangUp(rpc);
  }

  #handlersFor(gateway: Child, index: number): Handlers {
    return {
      reserve: (reservation: Reservation) => this.#reserve(reservation, gateway),
      announced: ({ reservation, started }: SessionAnnounced) => {
        if (reservation !== undefined) this.#sessions.reserve(reservation, gateway);
        if (reservation !== undefined) void this.#sessions.reserveNext(reservation);
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
      listening: (place: SocketPlace, handle) => this.#listening.keep(index, place, handle),
      find: (id: string) => this.find(id, gateway),
      holderOf: (id: string) => this.holderOf(id, gateway),
      probed: (verdict: ProbeVerdict) => this.notify('probed', verdict),
      connection: (connection: PassedConnection, handle) =>
        this.#options.side.take(connection, handle).finally(() => letGo(handle)),
      commitEvents: (batch: EventBatch) => this.#options.side.commitEvents(gateway, batch),
    };
  }

  /** The supervisor before this one takes from the store itself what its sessions need. */
  async #reserve(reservation: Reservation, holder: Holder): Promise<ReserveResult> {
    const result = this.#sessions.reserve(reservation, holder);
    if (result !== 'granted') return result;
    const next = await this.#sessions.reserveNext(reservation);
    const taken = next === 'granted' && holder !== this.#predecessor ? await this.#limits.take(reservation) : next;
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
