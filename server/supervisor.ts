// The parent of all processes: it forks the gateways and the rehearsal provider, holds what they share, and serves the admin listener.

import { appendFile, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { type AdminListener, startAdmin } from './admin.ts';
import { Child } from './child.ts';
import type { Config, Rehearsal } from './config.ts';
import { type DevCertificate, ensureDevCertificate } from './dev-certificate.ts';
import { type Claim, createPlaces, keepLast } from './fleet.ts';
import { closeListener, createListener, openListener } from './listener.ts';
import { faultOf } from './log.ts';
import { type Ports, portsOf } from './ports.ts';
import type { SessionRecord } from './session.ts';
import type { WorkerStart } from './worker.ts';

/** Where everything listens, as in `<data>/run.json`. */
export interface Run {
  readonly pid: number;
  readonly listen: { readonly host: string } & Ports;
  readonly admin: { readonly host: string; readonly port: number };
  readonly rehearsal: readonly string[];
}

/** Ended sessions that can still be asked for. */
const KEPT_RECORDS = 1000;
/** A gateway process that does not answer a question is left out of the answer. */
const ANSWER_MS = 2000;

export class Supervisor {
  readonly #config: Config;
  readonly #log: Logger;
  readonly #places = createPlaces<Child>();
  readonly #ended = keepLast<SessionRecord>(KEPT_RECORDS);
  readonly #workers: Child[] = [];
  #rehearsal: Child | undefined;
  #rehearsalUrl: string | undefined;
  #certificate: DevCertificate | undefined;
  #admin: AdminListener | undefined;
  #ports: Ports;
  #isReady = false;
  #recorded: Promise<unknown> = Promise.resolve();

  constructor(config: Config, log: Logger) {
    this.#config = config;
    this.#log = log;
    this.#ports = portsOf(config);
  }

  /** The development certificate, when one is used. */
  get certificate(): DevCertificate | undefined {
    return this.#certificate;
  }

  /** Starts everything; rejects when anything cannot start, with nothing left running. */
  async start(): Promise<Run> {
    const config = this.#config;
    try {
      await this.#openDataDirectory();
      if (config.processes > 1) await this.#probePorts();
      if (this.#ports.tlsPort !== undefined && config.listen.tls === undefined) {
        this.#certificate = await ensureDevCertificate(join(config.dataDirectory, 'tls'));
      }
      if (config.rehearsal !== false) await this.#startRehearsal(config.rehearsal);
      // The first one takes the ports where the configuration says 0; the others share them.
      for (let index = 0; index < config.processes; index += 1) await this.#startWorker();
      this.#admin = await startAdmin(
        config,
        {
          isReady: () => this.#isReady && this.#children.every(({ channel }) => channel !== undefined),
          metrics: () => this.#ask('metrics'),
          records: async () => (await this.#ask<SessionRecord[]>('records')).flat(),
        },
        this.#log,
      );
      const run = this.#describe(this.#admin.port);
      await this.#writeRun(run);
      this.#isReady = true;
      return run;
    } catch (error) {
      await this.#stopAll();
      throw error;
    }
  }

  /** No new sessions; live ones go on until they end, or until the drain limit; then everything stops. */
  async drain(): Promise<void> {
    this.#isReady = false;
    // A process that dies now must not come back and take sessions.
    for (const worker of this.#workers) worker.retire();
    this.#log.info('draining');
    const { promise: limit, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, this.#config.limits.drainMs);
    const drained = Promise.allSettled(this.#workers.map(({ channel }) => channel?.call('drain')));
    await Promise.race([drained, limit]);
    clearTimeout(timer);
    await this.end();
  }

  /** Ends every session with 1001 and stops everything. */
  async end(): Promise<void> {
    this.#isReady = false;
    const deadlineMs = this.#config.limits.closeMs + ANSWER_MS;
    await Promise.allSettled(
      this.#workers.map(({ channel }) => channel && withDeadline(channel.call('close'), deadlineMs)),
    );
    await this.#stopAll();
    if ((await this.#runOwner()) === process.pid) await rm(this.#file('run.json'), { force: true });
  }

  async #stopAll(): Promise<void> {
    await Promise.all(this.#children.map((child) => child.stop()));
    await this.#admin?.close();
    await this.#recorded;
  }

  get #children(): readonly Child[] {
    return this.#rehearsal === undefined ? this.#workers : [...this.#workers, this.#rehearsal];
  }

  async #openDataDirectory(): Promise<void> {
    const { dataDirectory } = this.#config;
    await mkdir(dataDirectory, { recursive: true }).catch((cause: NodeJS.ErrnoException) => {
      throw new Error(`the data directory ${dataDirectory} cannot be used: ${cause.code}`, { cause });
    });
    // What a run left that was killed; another that lives keeps its own until this one is ready.
    const owner = await this.#runOwner();
    if (owner !== undefined && !isAlive(owner)) await rm(this.#file('run.json'), { force: true });
  }

  /** The process that `run.json` is of. */
  async #runOwner(): Promise<number | undefined> {
    try {
      return (JSON.parse(await readFile(this.#file('run.json'), 'utf8')) as Run).pid;
    } catch {
      return undefined;
    }
  }

  /** Ports that are shared among our processes would be shared with another gateway's too, without a word. */
  async #probePorts(): Promise<void> {
    const { host } = this.#config.listen;
    for (const [setting, port] of Object.entries(this.#ports)) {
      if (!port) continue;
      const probe = createListener(this.#config.limits);
      await openListener(probe, { setting: `listen.${setting}`, host, port, isShared: false });
      await closeListener(probe);
    }
  }

  /** The sessions of a process that died: nobody knows more of them than that they were. */
  #lose(claims: readonly Claim[]): void {
    for (const { id, key } of claims) {
      const record = { id, key, state: 'closed', reason: 'gateway-lost', endedAt: new Date().toISOString() };
      this.#log.error(record, 'session lost');
      this.#keep(record);
    }
  }

  async #startRehearsal({ providers: _standsInFor, ...options }: Rehearsal): Promise<void> {
    this.#rehearsal = new Child({
      name: 'rehearsal-process',
      log: this.#log,
      offers: () => ({}),
      start: async (channel) => {
        this.#rehearsalUrl = await channel.call<string>('start', options);
        for (const worker of this.#workers) worker.channel?.tell('rehearsal', this.#rehearsalUrl);
      },
    });
    await this.#rehearsal.start();
  }

  async #startWorker(): Promise<void> {
    const worker = new Child({
      name: 'worker',
      log: this.#log,
      offers: (child) => this.#offers(child),
      start: async (channel) => {
        this.#ports = await channel.call<Ports>('start', this.#workerStart());
      },
      onDeath: (child) => this.#lose(this.#places.releaseAll(child)),
    });
    this.#workers.push(worker);
    await worker.start();
  }

  #workerStart(): WorkerStart {
    const config = this.#config;
    const own = this.#certificate && { cert: this.#certificate.certPath, key: this.#certificate.keyPath };
    const tls = config.listen.tls ?? own;
    return { config, tls, rehearsalUrl: this.#rehearsalUrl, ports: this.#ports, isShared: config.processes > 1 };
  }

  #offers(owner: Child) {
    return {
      reserve: (claim: Claim) => (owner.isGone ? 'full' : this.#places.reserve(claim, owner)),
      release: (id: string) => this.#places.release(id),
      ended: (record: SessionRecord) => {
        this.#places.release(record.id);
        this.#ended.add(record);
        this.#keep(record);
      },
      find: (id: string) => this.#find(id, owner),
    };
  }

  async #find(id: string, asker: Child): Promise<SessionRecord | undefined> {
    const ended = this.#ended.get(id);
    if (ended !== undefined) return ended;
    const others = this.#workers.filter((worker) => worker !== asker);
    return (await this.#ask<SessionRecord | undefined>('find', id, others)).find((record) => record !== undefined);
  }

  /** The answers of the gateway processes that gave one. */
  async #ask<Answer>(name: string, argument?: unknown, workers: readonly Child[] = this.#workers): Promise<Answer[]> {
    const answers = workers.flatMap(({ channel }) =>
      channel ? [withDeadline(channel.call<Answer>(name, argument))] : [],
    );
    const settled = await Promise.allSettled(answers);
    return settled.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
  }

  /** One line for each ended session in `<data>/sessions.jsonl`; opened anew each time, so that it can be rotated. */
  #keep(record: SessionRecord | { readonly id: string }): void {
    const write = () => appendFile(this.#file('sessions.jsonl'), `${JSON.stringify(record)}\n`);
    this.#recorded = this.#recorded
      .then(write)
      .catch((error: unknown) => this.#log.error({ id: record.id, ...faultOf(error) }, 'session record not written'));
  }

  #describe(adminPort: number): Run {
    const { listen, admin, rehearsal } = this.#config;
    return {
      pid: process.pid,
      listen: { host: listen.host, ...this.#ports },
      admin: { host: admin.host, port: adminPort },
      rehearsal: rehearsal === false ? [] : rehearsal.providers,
    };
  }

  async #writeRun(run: Run): Promise<void> {
    const draft = this.#file(`run.${process.pid}.json`);
    await writeFile(draft, `${JSON.stringify(run, null, 2)}\n`);
    await rename(draft, this.#file('run.json'));
  }

  #file(name: string): string {
    return join(this.#config.dataDirectory, name);
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function withDeadline<Answer>(answer: Promise<Answer>, deadlineMs = ANSWER_MS): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const timer = setTimeout(() => reject(new Error('no answer in time')), deadlineMs);
  answer.then(resolve, reject).finally(() => clearTimeout(timer));
  return promise;
}
