// Starts the side process and supervises it: passes the events of sessions on to it, tells where it listens, and which sessions died with
// their gateway process.

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { EventBatch } from '../gateway/side/outbox.ts';
import type { PassedConnection } from '../ipc/connection.ts';
import type { Ports } from '../ipc/process-start.ts';
import { sideSockets } from '../ipc/process-start.ts';
import type { Handlers, Rpc } from '../ipc/rpc.ts';
import type { BudgetUse } from '../ipc/stored-rows.ts';
import type { SideStart } from '../side/side.ts';
import { Child } from './child.ts';
import { HeldSessions } from './held-sessions.ts';
import { watchForHang } from './watchdog.ts';

/** Sessions come first where processors are scarce. */
const NICENESS = 10;
/** Time until a store that did not take what is left is tried again. */
const RETRY_MS = 1000;

interface SideSupervisorOptions {
  /** The part that is the same for every start. */
  readonly start: Omit<SideStart, 'rehearsalUrl' | 'socketPath'>;
  readonly log: Logger;
  /** The folder for its socket, from before its first start. */
  folder(): string;
  /** Called after each start with the socket that it listens on, and after each death with undefined. */
  onMove(socketPath: string | undefined): void;
  /** Answers what it asks of the gateway processes. */
  readonly handlers: Handlers;
  /** Called with the budgets without room, whenever the process tells them. */
  onBudgets?(closed: readonly BudgetUse[]): void;
}

export class SideSupervisor {
  readonly child: Child;
  readonly #options: SideSupervisorOptions;
  /** Sessions of each gateway process that are not wholly stored yet. */
  readonly #held = new Map<Child, HeldSessions>();
  /** Batches about sessions that died with their gateway process, until they are stored. */
  #left: Uint8Array[] = [];
  #storing: Promise<void> | undefined;
  #retry: NodeJS.Timeout | undefined;
  #isBehind = false;
  #rehearsalUrl: string | undefined;
  #ports: Ports | undefined;
  #starts = 0;
  #socketPath: string | undefined;
  #closedBudgets: readonly BudgetUse[] = [];

  constructor(options: SideSupervisorOptions) {
    this.#options = options;
    this.child = new Child({
      name: 'side/process',
      niceness: NICENESS,
      log: options.log,
      start: (rpc) => this.#start(rpc),
      handlers: () => ({
        ...options.handlers,
        budgets: (closed: readonly BudgetUse[]) => this.#useBudgets(closed),
      }),
      onDeath: () => this.#died(),
    });
  }

  /** The socket that gateway processes ask it on; another one after each start, undefined while it is down. */
  get socketPath(): string | undefined {
    return this.#socketPath;
  }

  /** The socket for the administrator's requests; undefined while it is down. */
  get adminSocket(): string | undefined {
    return this.#socketPath === undefined ? undefined : sideSockets(this.#socketPath).admin;
  }

  /** The budgets without room, as they were told last. */
  get closedBudgets(): readonly BudgetUse[] {
    return this.#closedBudgets;
  }

  /** Passes on the connection of a client. Rejects where it is down, or dies before it has it. */
  async take(connection: PassedConnection, handle: unknown): Promise<void> {
    await this.#rpc().call('connection', connection, handle);
  }

  /** Tells on which ports gateway processes listen. */
  usePorts(ports: Ports): void {
    this.#ports = ports;
    this.child.rpc?.notify('ports', ports);
  }

  /** Passes on the events of a gateway process, and keeps what it would take to store its sessions without it. */
  async commitEvents(gateway: Child, batch: EventBatch): Promise<void> {
    const held = this.heldBy(gateway);
    held.handedOver(batch);
    await this.#rpc().call('commitEvents', batch.bytes);
    held.stored(batch);
  }

  /** Gives what is known of the sessions of a gateway process and not stored yet. */
  heldBy(gateway: Child): HeldSessions {
    const held = this.#held.get(gateway) ?? new HeldSessions();
    this.#held.set(gateway, held);
    return held;
  }

  /** Stores the sessions of a gateway process that died, with the end that each gave itself, else as lost. */
  gatewayDied(gateway: Child): void {
    this.#left.push(...(this.#held.get(gateway)?.batches() ?? []));
    this.#held.delete(gateway);
    if (this.child.rpc !== undefined) void this.#storeLeft(this.child.rpc);
  }

  useRehearsal(url: string): void {
    this.#rehearsalUrl = url;
    this.child.rpc?.notify('rehearsal', url);
  }

  /** Lets running work end within `ms`, or less when it is called again. Rejects when the process is gone. */
  async close(ms: number): Promise<void> {
    const rpc = this.#rpc();
    await this.#storeLeft(rpc);
    await rpc.call('close', ms);
  }

  async #start(rpc: Rpc): Promise<void> {
    const { start, log, folder, onMove } = this.#options;
    this.#starts += 1;
    const socketPath = join(folder(), `side-${this.#starts}`);
    const rehearsalUrl = this.#rehearsalUrl;
    await rpc.call('start', { ...start, rehearsalUrl, socketPath } satisfies SideStart);
    // The rehearsal may have started elsewhere in the meantime.
    if (this.#rehearsalUrl !== rehearsalUrl) rpc.notify('rehearsal', this.#rehearsalUrl);
    if (this.#ports !== undefined) rpc.notify('ports', this.#ports);
    this.#socketPath = socketPath;
    onMove(socketPath);
    await this.#storeLeft(rpc);
    void watchForHang(rpc, start.config.side.silenceMs).then((isHung) => {
      if (!isHung) return;
      log.error('the side process hangs: it is started anew');
      this.child.kill();
    });
  }

  #useBudgets(closed: readonly BudgetUse[]): void {
    this.#closedBudgets = closed;
    this.#options.onBudgets?.(closed);
  }

  #rpc(): Rpc {
    if (this.child.rpc === undefined) throw new Error('the side process does not run');
    return this.child.rpc;
  }

  /** Keeps what could not be stored, and tries again until it is: the store may be away for longer than the side process. */
  #storeLeft(rpc: Rpc): Promise<void> {
    this.#storing ??= this.#storeInTurn(rpc).finally(() => {
      this.#storing = undefined;
    });
    return this.#storing;
  }

  async #storeInTurn(rpc: Rpc): Promise<void> {
    clearTimeout(this.#retry);
    try {
      for (let [next] = this.#left; next !== undefined; [next] = this.#left) {
        await rpc.call('commitEvents', next);
        this.#left.shift();
      }
      this.#isBehind = false;
    } catch {
      const batches = this.#left.length;
      if (!this.#isBehind) this.#options.log.error({ batches }, 'sessions of a dead gateway process not stored yet');
      this.#isBehind = true;
      // Without a side process its next start does it.
      this.#retry = setTimeout(() => this.child.rpc && void this.#storeLeft(this.child.rpc), RETRY_MS).unref();
    }
  }

  #died(): void {
    if (this.#socketPath === undefined) return;
    for (const path of Object.values(sideSockets(this.#socketPath))) rmSync(path, { force: true });
    this.#socketPath = undefined;
    this.#options.onMove(undefined);
  }
}
