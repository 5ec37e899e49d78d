// Starts the side process and supervises it: passes the events of sessions on to it, tells where it listens, and which sessions died with
// their gateway process.

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { EventBatch } from '../gateway/side/outbox.ts';
import type { Rpc } from '../ipc/rpc.ts';
import type { SideHandler } from '../ipc/side-request.ts';
import type { BudgetUse } from '../ipc/stored-rows.ts';
import type { SideStart } from '../side/side.ts';
import { Child } from './child.ts';
import { watchForHang } from './watchdog.ts';

/** Sessions come first where processors are scarce. */
const NICENESS = 10;

interface SideSupervisorOptions {
  /** The part that is the same for every start. */
  readonly start: Omit<SideStart, 'rehearsalUrl' | 'socketPath'>;
  readonly log: Logger;
  /** The folder for its socket, from before its first start. */
  folder(): string;
  /** Called after each start, also after a death, with the socket that it listens on. */
  onStart(socketPath: string): void;
  /** Called with the budgets without room, whenever the process tells them. */
  onBudgets?(closed: readonly BudgetUse[]): void;
}

export class SideSupervisor {
  readonly child: Child;
  readonly #options: SideSupervisorOptions;
  /** Sessions of each gateway process whose start is on its way or stored, until their end is stored. */
  readonly #sessions = new Map<Child, Set<string>>();
  /** Sessions that died with their gateway process, until that is stored. */
  readonly #lost = new Set<string>();
  #rehearsalUrl: string | undefined;
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
      handlers: () => ({ budgets: (closed: readonly BudgetUse[]) => this.#useBudgets(closed) }),
      onDeath: () => this.#removeSocket(),
    });
  }

  /** The socket that gateway processes ask it on; another one after each start. */
  get socketPath(): string | undefined {
    return this.#socketPath;
  }

  /** The budgets without room, as they were told last. */
  get closedBudgets(): readonly BudgetUse[] {
    return this.#closedBudgets;
  }

  readonly ask: SideHandler = async (request, emit, signal) =>
    this.#rpc().stream<void>('side', request, { onPart: emit, signal });

  /** Passes on the events of a gateway process, and keeps which of its sessions live. */
  async commitEvents(gateway: Child, { bytes, started, ended }: EventBatch): Promise<void> {
    // A batch that was still on its way when its process died comes after its sessions were given up.
    if (gateway.isGone) return;
    const sessions = this.#sessions.get(gateway) ?? new Set<string>();
    this.#sessions.set(gateway, sessions);
    for (const id of started) sessions.add(id);
    await this.#rpc().call('commitEvents', bytes);
    for (const id of ended) sessions.delete(id);
  }

  /** Ends the sessions of a gateway process that died: those whose start was stored and whose end was not. */
  gatewayDied(gateway: Child): void {
    for (const id of this.#sessions.get(gateway) ?? []) this.#lost.add(id);
    this.#sessions.delete(gateway);
    if (this.child.rpc !== undefined) void this.#storeLost(this.child.rpc);
  }

  useRehearsal(url: string): void {
    this.#rehearsalUrl = url;
    this.child.rpc?.notify('rehearsal', url);
  }

  /** Lets running work end within `ms`, or less when it is called again. Rejects when the process is gone. */
  async close(ms: number): Promise<void> {
    const rpc = this.#rpc();
    await this.#storeLost(rpc);
    await rpc.call('close', ms);
  }

  async #start(rpc: Rpc): Promise<void> {
    const { start, log, folder, onStart } = this.#options;
    this.#starts += 1;
    const socketPath = join(folder(), `side-${this.#starts}`);
    this.#socketPath = socketPath;
    const rehearsalUrl = this.#rehearsalUrl;
    await rpc.call('start', { ...start, rehearsalUrl, socketPath } satisfies SideStart);
    // The rehearsal may have started elsewhere in the meantime.
    if (this.#rehearsalUrl !== rehearsalUrl) rpc.notify('rehearsal', this.#rehearsalUrl);
    onStart(socketPath);
    await this.#storeLost(rpc);
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

  /** Keeps what could not be stored for the next start, or for the next loss. */
  async #storeLost(rpc: Rpc): Promise<void> {
    const ids = [...this.#lost];
    if (ids.length === 0) return;
    try {
      await rpc.call('lost', ids);
      for (const id of ids) this.#lost.delete(id);
    } catch {
      this.#options.log.error({ sessions: ids.length }, 'lost sessions not stored yet');
    }
  }

  #removeSocket(): void {
    if (this.#socketPath !== undefined) rmSync(this.#socketPath, { force: true });
  }
}
