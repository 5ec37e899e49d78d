// The parent of all processes: it forks the gateways, the side process and the rehearsal provider, holds what the gateways share, and
// serves the admin listener.

import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Config } from '../config/config.ts';
import { type DevCertificate, ensureDevCertificate } from '../http/dev-certificate.ts';
import { canReusePort, closeListener, createListener, openListener } from '../http/listener.ts';
import { type Ports, portsOf } from '../ipc/ports.ts';
import { FLUSH_MS, type GatewayStart } from '../ipc/process-start.ts';
import type { SessionRecord } from '../ipc/session-record.ts';
import type { Reservation } from '../ipc/session-reservation.ts';
import { withDeadline } from '../platform/deadline.ts';
import { type AdminListener, startAdmin } from './admin.ts';
import { Child } from './child.ts';
import { type RunFile, type RunInfo, runFile } from './run-file.ts';
import { createSessionTable, keepLast } from './session-table.ts';
import { createSideChild, type SideChild } from './side-supervisor.ts';

export type { RunInfo };

/** What runs here: gateways (`gateway`), what works on their sessions (`side`), or both. */
export const ROLES = ['all', 'gateway', 'side'] as const;
export type Role = (typeof ROLES)[number];

/** Ended sessions that can still be asked for. */
const KEPT_RECORDS = 1000;
/** A gateway process that does not answer a question is left out of the answer. */
const ANSWER_MS = 2000;
/** How long side tasks that run may take to end when everything else has; and where somebody is in a hurry. */
const TASKS_MS = { drain: 10_000, hurry: 2000 } as const;

export class Supervisor {
  readonly #config: Config;
  readonly #log: Logger;
  readonly #role: Role;
  readonly #runFile: RunFile;
  readonly #side: SideChild;
  readonly #places = createSessionTable<Child>();
  readonly #ended = keepLast<SessionRecord>(KEPT_RECORDS);
  readonly #workers: Child[] = [];
  #rehearsal: Child | undefined;
  #rehearsalUrl: string | undefined;
  #certificate: DevCertificate | undefined;
  #admin: AdminListener | undefined;
  #ports: Ports;
  /** Gateway processes share what this one listens on, since they cannot listen on one port themselves. */
  #isClustered = false;
  #isReady = false;

  constructor(config: Config, log: Logger, role: Role = 'all') {
    this.#config = config;
    this.#log = log;
    this.#role = role;
    this.#runFile = runFile(config.dataDirectory);
    this.#side = createSideChild({
      start: { config, instance: randomUUID(), runsTasks: role !== 'gateway' },
      log,
      onStart: (path) => {
        for (const worker of this.#workers) worker.rpc?.notify('side', path);
      },
    });
    this.#ports = portsOf(config);
  }

  /** The development certificate, when one is used. */
  get certificate(): DevCertificate | undefined {
    return this.#certificate;
  }

  /** Starts everything; rejects when anything cannot start, with nothing left running. */
  async start(): Promise<RunInfo> {
    const config = this.#config;
    try {
      await this.#runFile.open();
      // All load their code at once, but a gateway opens after the side process, so that it never refuses for want of it.
      const isBacked = Promise.all([this.#side.start(), this.#startRehearsal()]);
      await Promise.all([isBacked, this.#role !== 'side' && this.#startGateways(isBacked)]);
      this.#admin = await startAdmin(
        config,
        {
          askSide: this.#side.ask,
          isReady: () => this.#isReady && this.#children.every(({ rpc: channel }) => channel !== undefined),
          metrics: () => this.#ask('metrics', undefined, [...this.#workers, this.#side.child]),
          find: (id) => this.#find(id),
          records: async () => (await this.#ask<SessionRecord[]>('records')).flat(),
        },
        this.#log,
      );
      const run = this.#describe(this.#admin.port);
      await this.#runFile.write(run);
      this.#isReady = true;
      return run;
    } catch (error) {
      await this.#stopAll();
      throw error;
    }
  }

  async #startGateways(isBacked: Promise<unknown>): Promise<void> {
    const { processes, listen } = this.#config;
    // Before any is forked, since it decides how.
    this.#isClustered = processes > 1 && !(await canReusePort(listen.host));
    let ready: Promise<unknown> = Promise.all([isBacked, this.#prepareListening()]);
    // The first one takes the ports where the configuration says 0; the others share them.
    for (let index = 0; index < processes; index += 1) ready = this.#startWorker(ready);
    await ready;
  }

  async #prepareListening(): Promise<void> {
    const { processes, listen, dataDirectory } = this.#config;
    if (processes > 1) await this.#probePorts();
    if (this.#ports.tlsPort !== undefined && listen.tls === undefined) {
      this.#certificate = await ensureDevCertificate(join(dataDirectory, 'tls'));
    }
  }

  /** No new sessions; live ones go on until they end, or until the drain limit; then everything stops. */
  async drain(): Promise<void> {
    this.#isReady = false;
    // A process that dies now must not come back and take sessions.
    for (const worker of this.#workers) worker.retire();
    this.#log.info('draining');
    const drained = Promise.allSettled(this.#workers.map(({ rpc: channel }) => channel?.call('drain')));
    await withDeadline(drained, this.#config.limits.drainMs).catch(() => {});
    await this.end(TASKS_MS.drain);
  }

  /** Ends every session with 1001 and stops everything; side tasks that run may take so long to end. */
  async end(tasksMs: number = TASKS_MS.hurry): Promise<void> {
    this.#isReady = false;
    const deadlineMs = this.#config.limits.closeMs + FLUSH_MS + ANSWER_MS;
    await Promise.allSettled(
      this.#workers.map(({ rpc: channel }) => channel && withDeadline(channel.call('close'), deadlineMs)),
    );
    // After the gateways, since they hand over until they end.
    this.#side.child.retire();
    await withDeadline(this.#side.close(tasksMs), tasksMs + FLUSH_MS).catch(() =>
      this.#log.error('the side process did not close its store'),
    );
    await this.#stopAll();
    await this.#runFile.remove();
  }

  async #stopAll(): Promise<void> {
    await Promise.all(this.#children.map((child) => child.stop()));
    await this.#admin?.close();
  }

  get #children(): readonly Child[] {
    return [...this.#workers, this.#side.child, ...(this.#rehearsal === undefined ? [] : [this.#rehearsal])];
  }

  /**
   * Ports that are shared among our processes would be shared with another gateway's too, without a word. Clustered processes need
   * them before the first one listens, so that those that are started again find the same.
   */
  async #probePorts(): Promise<void> {
    const { host } = this.#config.listen;
    for (const [setting, port] of Object.entries(this.#ports)) {
      if (port === undefined || (port === 0 && !this.#isClustered)) continue;
      const probe = createListener(this.#config.limits);
      const taken = await openListener(probe, { setting: `listen.${setting}`, host, port, isShared: false });
      await closeListener(probe);
      this.#ports = { ...this.#ports, [setting]: taken };
    }
  }

  /** The sessions of a process that died: nobody knows more of them than that they were. */
  #lose(claims: readonly Reservation[]): void {
    for (const { id, key } of claims) {
      const record = { id, key, state: 'closed', reason: 'gateway-lost', endedAt: new Date().toISOString() };
      this.#log.error(record, 'session lost');
    }
  }

  async #startRehearsal(): Promise<void> {
    const { rehearsal, hasRehearsalGateway } = this.#config;
    // Without gateways it is there for the tasks of rehearsal sessions on other machines.
    if (rehearsal === false || (this.#role === 'side' && !hasRehearsalGateway)) return;
    const { providers: _, ...options } = rehearsal;
    this.#rehearsal = new Child({
      name: 'rehearsal/process',
      log: this.#log,
      handlers: () => ({}),
      start: async (channel) => {
        this.#rehearsalUrl = await channel.call<string>('start', options);
        for (const worker of this.#workers) worker.rpc?.notify('rehearsal', this.#rehearsalUrl);
        this.#side.useRehearsal(this.#rehearsalUrl.replace(/^ws/, 'http'));
      },
    });
    await this.#rehearsal.start();
  }

  /** Its process starts at once, its work when what must come first is there. */
  async #startWorker(isReady: Promise<unknown>): Promise<void> {
    const worker = new Child({
      name: 'gateway/process',
      isClustered: this.#isClustered,
      log: this.#log,
      handlers: (child) => this.#offers(child),
      start: async (channel) => {
        await isReady;
        const told = this.#workerStart();
        this.#ports = await channel.call<Ports>('start', told);
        // They may have come up elsewhere in the meantime, when this process was none that is told.
        if (this.#side.socketPath !== told.sideSocket) channel.notify('side', this.#side.socketPath);
        if (this.#rehearsalUrl !== told.rehearsalUrl) channel.notify('rehearsal', this.#rehearsalUrl);
      },
      onDeath: (child) => {
        this.#lose(this.#places.releaseAll(child));
        this.#side.lost(child);
      },
    });
    this.#workers.push(worker);
    await worker.start();
  }

  #workerStart(): GatewayStart {
    const config = this.#config;
    const own = this.#certificate && { cert: this.#certificate.certPath, key: this.#certificate.keyPath };
    const tls = config.listen.tls ?? own;
    const { socketPath } = this.#side;
    const isShared = config.processes > 1 && !this.#isClustered;
    return { config, tls, rehearsalUrl: this.#rehearsalUrl, sideSocket: socketPath, ports: this.#ports, isShared };
  }

  #offers(owner: Child) {
    return {
      reserve: (claim: Reservation) => (owner.isGone ? 'full' : this.#places.reserve(claim, owner)),
      release: (id: string) => this.#places.release(id),
      ended: (record: SessionRecord) => {
        this.#places.release(record.id);
        this.#ended.add(record);
      },
      find: (id: string) => this.#find(id, owner),
      ...this.#side.offers(owner),
    };
  }

  async #find(id: string, asker?: Child): Promise<SessionRecord | undefined> {
    const ended = this.#ended.get(id);
    if (ended !== undefined) return ended;
    const others = this.#workers.filter((worker) => worker !== asker);
    return (await this.#ask<SessionRecord | undefined>('find', id, others)).find((record) => record !== undefined);
  }

  /** The answers of the gateway processes that gave one. */
  async #ask<Answer>(name: string, argument?: unknown, workers: readonly Child[] = this.#workers): Promise<Answer[]> {
    const answers = workers.flatMap(({ rpc: channel }) =>
      channel ? [withDeadline(channel.call<Answer>(name, argument), ANSWER_MS)] : [],
    );
    const settled = await Promise.allSettled(answers);
    return settled.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
  }

  #describe(adminPort: number): RunInfo {
    const { listen, admin } = this.#config;
    const rehearsal = this.#rehearsal === undefined ? false : this.#config.rehearsal;
    // Nothing listens where there are no gateways.
    const ports = this.#role === 'side' ? { port: 0 } : this.#ports;
    return {
      pid: process.pid,
      listen: { host: listen.host, ...ports },
      admin: { host: admin.host, port: adminPort },
      rehearsal: rehearsal === false ? [] : rehearsal.providers,
    };
  }
}
