// The parent of all processes: it starts the gateway processes, the side process and the rehearsal, serves the admin listener, and ends
// them in order.

import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { Gauge, Registry } from 'prom-client';
import type { Config } from '../config/config.ts';
import { LiveConfig } from '../config/live/live.ts';
import type { DevCertificate } from '../http/dev-certificate.ts';
import type { RequestHead } from '../http/request/head.ts';
import type { PassedConnection } from '../ipc/channel/connection.ts';
import { ownerAnswer } from '../ipc/channel/owner-answer.ts';
import { FLUSH_MS } from '../ipc/process-start.ts';
import { type Role, RunFile, type RunInfo, startOf } from '../ipc/run-file.ts';
import type { SessionOrder, SessionRecord } from '../ipc/session-record.ts';
import { withDeadline } from '../platform/deadline.ts';
import { version } from '../platform/entry.ts';
import { PARTS } from '../platform/load/readiness.ts';
import { type AdminListener, startAdmin } from './admin.ts';
import { ANSWER_MS, askAll, type Child } from './child.ts';
import { GatewayProcesses } from './gateway-processes.ts';
import { Audit, type Orderer } from './operator/audit.ts';
import { type Members, ReadinessWatch } from './readiness.ts';
import { type ReadAgain, Reload, type Reloaded } from './reload/reload.ts';
import type { StartNext, Succession } from './restart/keeper.ts';
import { Restart, type Restarted } from './restart/restart.ts';
import { SideSupervisor } from './side-supervisor.ts';
import { RehearsalProcess } from './start/rehearsal.ts';
import { openRunFolder, removeRunFolder } from './start/run-folder.ts';

/** Time for running side tasks to end after everything else: on a drain, and on an end at once. */
const TASKS_MS = { drain: 10_000, end: 2000 } as const;

const BY_SIGNAL: Orderer = { actor: 'signal', source: undefined };

interface SupervisorOptions {
  readonly config: Config;
  readonly log: Logger;
  readonly role: Role;
  readonly readAgain: ReadAgain;
  readonly succession: Succession;
  readonly startNext: StartNext;
}

export class Supervisor {
  /** Its fields are those in force. */
  readonly #config: Config;
  readonly #reload: Reload;
  readonly #log: Logger;
  readonly #role: Role;
  readonly #runFile: RunFile;
  readonly #side: SideSupervisor;
  readonly #gateways: GatewayProcesses;
  readonly #rehearsal: RehearsalProcess;
  readonly #restart: Restart;
  readonly #audit: Audit;
  #isSideClosed = false;
  #drained: Promise<void> | undefined;
  #admin: AdminListener | undefined;
  /** Path of the folder for what is temporary. */
  #folder = '';
  /** Metrics of the tree as a whole. */
  readonly #registry = new Registry();
  readonly #readiness: ReadinessWatch;

  constructor({ config, log, role, readAgain, ...starting }: SupervisorOptions) {
    const live = new LiveConfig(config);
    this.#config = live.config;
    this.#log = log;
    this.#role = role;
    const took: Reload['took'] = (rpc, taken) => this.#reload.took(rpc, taken);
    this.#runFile = new RunFile(config.dataDirectory);
    this.#restart = new Restart({
      ...{ config, log, ...starting },
      sessions: () => this.#gateways,
      listening: () => [...this.#gateways.sockets, ...(this.#admin?.sockets ?? [])],
      onReplaced: () => this.#leave(),
      onFailed: () => this.#writeRun(),
    });
    const side = new SideSupervisor({
      start: { instance: randomUUID(), runsTasks: role !== 'gateway' },
      ...{ live, took, log },
      folder: () => this.#folder,
      isAlone: () => this.#restart.isAlone,
      onMove: (places) => this.#gateways.notify('side', places),
      handlers: {
        find: (id: string) => this.#gateways.find(id),
        endSession: (order: SessionOrder) => this.#gateways.endSession(order),
        metrics: () => this.#metrics(),
        explain: (head: RequestHead) => this.#gateways.explain(head),
        giveBack: (connection: PassedConnection, handle) => this.#gateways.take(connection, handle),
      },
      onBudgets: (closed) => this.#gateways.notify('budgets', closed),
      onKeys: (changes) => this.#gateways.notify('keys', changes),
    });
    this.#side = side;
    this.#audit = new Audit({ log, ask: (name, entry) => side.ask(name, entry) });
    this.#gateways = new GatewayProcesses({
      ...{ live, took, log, side, registry: this.#registry },
      rehearsalUrl: () => this.#rehearsal.url,
      sockets: this.#restart.sockets,
    });
    this.#rehearsal = new RehearsalProcess({
      ...{ live, role, log },
      onStarted: (url) => {
        this.#gateways.notify('rehearsal', url);
        side.useRehearsal(url.replace(/^ws/, 'http'));
      },
    });
    this.#reload = new Reload({
      ...{ live, log, registry: this.#registry, read: readAgain },
      children: () => [...this.#gateways.children, ...side.children],
      prepare: (next) => this.#prepare(next),
      onUsed: () => this.#used(),
    });
    const parts = role === 'side' ? (['calls'] as const) : PARTS;
    exportBuild(this.#registry);
    this.#readiness = new ReadinessWatch({ log, registry: this.#registry, parts, members: () => this.#members });
  }

  /** The development certificate, when one is used. */
  get certificate(): DevCertificate | undefined {
    return this.#gateways.certificate.development;
  }

  /** Starts everything; rejects when anything cannot start, with nothing left running. */
  async start(): Promise<RunInfo> {
    try {
      await this.#runFile.open();
      this.#folder = await openRunFolder();
      // The processes put there what they write on the way, so that it goes with the run.
      process.env.TMPDIR = this.#folder;
      // All load their code at once, but a gateway listens after the side processes, so that it never refuses for want of it.
      await this.#restart.begin();
      const isBacked = Promise.all([this.#side.start(), this.#rehearsal.start()]).then(() => this.#restart.join());
      const isServing = this.#role !== 'side' && this.#gateways.start(isBacked);
      await Promise.all([isBacked, isServing, this.#reload.start()]);
      this.#admin = await this.#startAdmin();
      const run = this.#describe(this.#admin.port);
      await this.#runFile.write(run);
      this.#readiness.started();
      return run;
    } catch (error) {
      await this.#stopAll();
      throw error;
    }
  }

  /** Reads the configuration again. Rejects where it is refused: with a ConfigError that says what is wrong, or with what failed. */
  reload(who: Orderer = BY_SIGNAL): Promise<Reloaded> {
    return this.#audit.reload(who, this.#reload.reload());
  }

  /** Lets a new process serve in the place of this one, which goes on for the sessions that it has. See `Restart`. */
  restart(who: Orderer = BY_SIGNAL): Promise<Restarted> {
    return this.#audit.restart(who, this.#restart.restart(this.#folder));
  }

  /** Resolves when another process serves, and everything here has stopped. */
  get replaced(): Promise<void> {
    return this.#restart.replaced;
  }

  /** Takes no new sessions; live ones go on until they end, or until the drain limit; then everything stops. */
  drain(): Promise<void> {
    this.#drained ??= this.#drain();
    return this.#drained;
  }

  async #drain(): Promise<void> {
    this.#restart.ending();
    this.#readiness.draining();
    this.#log.info('draining');
    if (this.#restart.isActivated) await this.#gateways.leave();
    await this.#gateways.drain(this.#config.limits.drainMs);
    await this.end(TASKS_MS.drain);
  }

  /** Ends every session with 1001 and stops everything. `tasksMs`: the time that running side tasks get to end. */
  async end(tasksMs: number = TASKS_MS.end): Promise<void> {
    this.#readiness.draining();
    await this.#gateways.close(this.#config.limits.closeMs + FLUSH_MS + ANSWER_MS);
    // The gateways hand events over until they end, so side processes are closed after them.
    this.#side.retire();
    await withDeadline(this.#side.close(tasksMs), tasksMs + FLUSH_MS).then(
      () => {
        this.#isSideClosed = true;
      },
      // A drain that was hurried on has closed it already.
      () => this.#isSideClosed || this.#log.error('the side process did not close its store'),
    );
    await this.#stopAll();
    this.#runFile.remove();
    removeRunFolder(this.#folder);
  }

  /** Leaves what begins from now on to the process that serves. */
  async #leave(): Promise<void> {
    this.#admin?.leave();
    this.#side.leave();
    await this.#gateways.leave();
    await this.drain();
  }

  async #stopAll(): Promise<void> {
    await Promise.all(this.#children.map((child) => child.stop()));
    await this.#admin?.close();
  }

  get #children(): readonly Child[] {
    return [...this.#gateways.children, ...this.#side.children, ...this.#rehearsal.children];
  }

  /** A call of a client comes through a gateway process; the rehearsal answers calls only where it is their gateway. */
  get #members(): readonly Members[] {
    const isOfGateways = this.#role !== 'side';
    const { hasRehearsalGateway } = this.#config;
    const gateways: Members = { name: 'gateway', children: this.#gateways.children, parts: PARTS };
    const rehearsal: Members = {
      name: 'rehearsal',
      children: this.#rehearsal.children,
      parts: hasRehearsalGateway ? PARTS : ['sessions'],
    };
    return [
      ...(isOfGateways ? [gateways] : []),
      { name: 'side', children: this.#side.children, parts: ['calls'] },
      ...(this.#rehearsal.providers.length === 0 ? [] : [rehearsal]),
    ];
  }

  async #metrics(): Promise<readonly object[]> {
    const own = await this.#registry.getMetricsAsJSON();
    return [...(await askAll<object>([...this.#gateways.children, ...this.#side.children], 'metrics')), own];
  }

  #startAdmin(): Promise<AdminListener> {
    const sources = {
      sideSocket: () => this.#side.adminSocket,
      readiness: () => this.#readiness.look(),
      details: () => this.#readiness.details(),
      metrics: () => this.#metrics(),
      records: () => this.#records(),
      upstreams: () => this.#config,
      inForce: () => this.#reload.inForce,
      reload: (source?: string) => this.reload({ actor: 'admin', source }),
      restart: (source?: string) => this.restart({ actor: 'admin', source }),
    };
    const socket = this.#restart.sockets.find(({ setting }) => setting === 'admin.port');
    return startAdmin(this.#config, sources, this.#log, socket);
  }

  /** The live sessions. What those have cost that do not count it themselves is left out while the side process does not say. */
  async #records(): Promise<readonly SessionRecord[]> {
    const records = await this.#gateways.records();
    const uses = records.map(({ provider, model, usage, usageByModel }) => ({ provider, model, usage, usageByModel }));
    const asked = this.#side.ask<readonly (number | undefined)[]>('costs', uses);
    const answer = await ownerAnswer(asked, { ms: ANSWER_MS });
    const costs = answer === 'away' ? [] : answer;
    return records.map((record, at) => ({ ...record, costMicroUsd: record.costMicroUsd ?? costs[at] }));
  }

  /** A rehearsal that is wanted no more goes on for the sessions that it has. */
  async #prepare(next: Config): Promise<void> {
    await Promise.all([this.#gateways.certificate.prepare(next), this.#rehearsal.start(next)]);
  }

  /** Lets everything of this process have the configuration that has come into force. */
  async #used(): Promise<void> {
    this.#log.level = this.#config.log.level;
    const all = Promise.allSettled([this.#rehearsal.use(), this.#writeRun(), this.#gateways.certificate.reread()]);
    await withDeadline(all, ANSWER_MS).catch(() => {});
  }

  async #writeRun(): Promise<void> {
    if (this.#admin !== undefined) await this.#runFile.write(this.#describe(this.#admin.port));
  }

  #describe(adminPort: number): RunInfo {
    const { listen, admin } = this.#config;
    const start = startOf(process.pid);
    return {
      pid: process.pid,
      ...(start ? { start } : {}),
      role: this.#role,
      ...(this.#role === 'side' ? {} : { listen: { host: listen.host, ...this.#gateways.ports } }),
      admin: { host: admin.host, port: adminPort },
      rehearsal: this.#rehearsal.providers,
      config: this.#reload.inForce.hash,
    };
  }
}

function exportBuild(registry: Registry): void {
  const info = { version, node: process.versions.node };
  const labelNames = Object.keys(info);
  const help = 'the version of the gateway and of its Node; always 1';
  new Gauge({ name: 'trunkline_build_info', help, labelNames, registers: [registry] }).set(info, 1);
}
