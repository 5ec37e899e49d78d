// Starts the side processes and supervises them: deals connections out to them, and tells the one that owns the store what sessions do, and which
// died with their gateway process.

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Config } from '../config/config.ts';
import type { LiveConfig } from '../config/live/live.ts';
import type { EventBatch } from '../gateway/side/outbox.ts';
import type { PassedConnection } from '../ipc/channel/connection.ts';
import type { Handlers, Rpc } from '../ipc/channel/rpc.ts';
import { type Ports, type SidePlaces, type SideStart, sideSockets } from '../ipc/process-start.ts';
import type { StoredKey } from '../ipc/stored-keys.ts';
import type { BudgetUse } from '../ipc/stored-rows.ts';
import { withDeadline } from '../platform/deadline.ts';
import type { KeyChanges } from '../side/store/contract/keys.ts';
import { Child } from './child.ts';
import { HeldSessions } from './sessions/held-sessions.ts';
import { LeftSessions } from './sessions/left-sessions.ts';

/** Sessions come first where processors are scarce. */
const NICENESS = 10;
/** Time beside that of running work in which a process closes, before the store is closed without it. */
const CLOSE_MS = 2500;

interface SideSupervisorOptions {
  /** The part that is the same for every start. */
  readonly start: Pick<SideStart, 'instance' | 'runsTasks'>;
  readonly live: LiveConfig;
  /** Called when a process works with this configuration. */
  took(rpc: Rpc, config: Config): void;
  readonly log: Logger;
  /** False while another instance has the same data directory. */
  isAlone(): boolean;
  /** The folder for their sockets, from before the first start. */
  folder(): string;
  /** Called after each start and each death. */
  onMove(places: SidePlaces): void;
  /** Answers what they ask of the gateway processes. */
  readonly handlers: Handlers;
  /** Called with the budgets without room, whenever the owner of the store tells them. */
  onBudgets?(closed: readonly BudgetUse[]): void;
  /** Called with the keys that have changed, as the owner of the store tells them. */
  onKeys?(changes: readonly StoredKey[]): void;
}

/** A process that works. */
interface Working {
  readonly rpc: Rpc;
  /** Undefined until it listens. */
  socketPath: string | undefined;
  /** Connections on their way to it. */
  passing: number;
  /** Number of its last turn. */
  turn: number;
}

export class SideSupervisor {
  readonly children: readonly Child[];
  /** It owns the store. */
  readonly #owner: Child;
  readonly #working = new Map<Child, Working>();
  readonly #options: SideSupervisorOptions;
  /** Sessions of each gateway process that are not wholly stored yet. */
  readonly #held = new Map<Child, HeldSessions>();
  readonly #left: LeftSessions;
  #rehearsalUrl: string | undefined;
  #ports: Ports | undefined;
  #starts = 0;
  #turn = 0;
  #owned: Promise<void> | undefined;
  #places: SidePlaces = { calls: undefined, http: [] };
  #closedBudgets: readonly BudgetUse[] = [];
  /** The next owner of the store goes on from here. */
  #keysToldAt: number | undefined;

  constructor(options: SideSupervisorOptions) {
    this.#options = options;
    const { processes } = options.live.config.side;
    this.#owner = this.#makeChild();
    this.#left = new LeftSessions(options.log, () => this.#owner.rpc);
    this.children = [this.#owner, ...Array.from({ length: processes - 1 }, () => this.#makeChild())];
  }

  /** Where they listen; another object after each change. */
  get places(): SidePlaces {
    return this.#places;
  }

  /** The socket for the administrator's requests; undefined while the owner of the store is down. */
  get adminSocket(): string | undefined {
    const { calls } = this.#places;
    return calls === undefined ? undefined : sideSockets(calls).admin;
  }

  /** The budgets without room, as they were told last. */
  get closedBudgets(): readonly BudgetUse[] {
    return this.#closedBudgets;
  }

  /** They load their code at once, but the others begin after the owner of the store. */
  async start(): Promise<void> {
    this.#owned = this.#owner.start();
    await Promise.all([this.#owned, ...this.#others.map((child) => child.start())]);
  }

  /** Lets the connections of clients go, one by one: their next requests come to another instance. */
  leave(): void {
    this.#notify('leave', undefined);
  }

  /** Lets them run, but starts none again. */
  retire(): void {
    for (const child of this.children) child.retire();
  }

  /**
   * Passes on the connection of a client, to each in its turn but for those that are behind with what they were given, and to another one where
   * it dies before it has it. Rejects where none runs.
   */
  async take(connection: PassedConnection, handle: unknown): Promise<void> {
    const [[child, next] = []] = [...this.#working]
      .filter(([{ handles }, { socketPath }]) => socketPath !== undefined && handles?.isConnected)
      .sort(([, a], [, b]) => a.passing - b.passing || a.turn - b.turn);
    const handles = child?.handles;
    if (handles === undefined || next === undefined) throw new Error('no side process runs');
    next.turn = ++this.#turn;
    next.passing += 1;
    try {
      await handles.call('connection', connection, handle);
    } catch (error) {
      if (handles.isConnected) throw error;
      await this.take(connection, handle);
    } finally {
      next.passing -= 1;
    }
  }

  /** Tells on which ports gateway processes listen. */
  usePorts(ports: Ports): void {
    this.#ports = ports;
    this.#notify('ports', ports);
  }

  /** Passes on the events of a gateway process, and keeps what it would take to store its sessions without it. */
  async commitEvents(gateway: Child, batch: EventBatch): Promise<void> {
    const held = this.heldBy(gateway);
    held.handedOver(batch);
    await this.#ownerRpc().call('commitEvents', batch.bytes);
    held.stored(batch);
  }

  /** Asks the owner of the store. Rejects where it does not run. */
  async ask<Answer>(name: string, argument: unknown): Promise<Answer> {
    return this.#ownerRpc().call<Answer>(name, argument);
  }

  /** Gives what is known of the sessions of a gateway process and not stored yet. */
  heldBy(gateway: Child): HeldSessions {
    const held = this.#held.get(gateway) ?? new HeldSessions();
    this.#held.set(gateway, held);
    return held;
  }

  /** Stores the sessions of a gateway process that died, with the end that each gave itself, else as lost. */
  gatewayDied(gateway: Child): void {
    this.#left.add(this.#held.get(gateway)?.batches() ?? []);
    this.#held.delete(gateway);
  }

  useRehearsal(url: string): void {
    this.#rehearsalUrl = url;
    this.#notify('rehearsal', url);
  }

  /** Lets running work end within `ms`, or less when it is called again. Rejects when the owner of the store is gone. */
  async close(ms: number): Promise<void> {
    const until = performance.now() + ms;
    const closing = Promise.allSettled(this.#others.map(({ rpc }) => rpc?.call('close', ms)));
    await withDeadline(closing, ms + CLOSE_MS).catch(() => {});
    const rpc = this.#ownerRpc();
    await this.#left.store(rpc);
    await rpc.call('close', Math.max(0, Math.round(until - performance.now())));
  }

  get #others(): readonly Child[] {
    return this.children.slice(1);
  }

  #makeChild(): Child {
    const { handlers, log } = this.#options;
    const child: Child = new Child({
      name: 'side/process',
      niceness: NICENESS,
      silenceMs: () => this.#options.live.config.side.silenceMs,
      log,
      start: (rpc) => this.#start(child, rpc),
      handlers: () => ({
        ...handlers,
        budgets: (closed: readonly BudgetUse[]) => this.#useBudgets(closed),
        keys: (changes: KeyChanges) => this.#useKeys(changes),
      }),
      onDeath: () => this.#died(child),
    });
    return child;
  }

  async #start(child: Child, rpc: Rpc): Promise<void> {
    const { start, live, took, folder, isAlone } = this.#options;
    const config = live.now;
    const isOwner = child === this.#owner;
    if (!isOwner) await this.#owned;
    const working: Working = { rpc, socketPath: undefined, passing: 0, turn: this.#turn };
    this.#working.set(child, working);
    this.#starts += 1;
    const socketPath = join(folder(), `side-${this.#starts}`);
    const rehearsalUrl = this.#rehearsalUrl;
    if (!isOwner) rpc.notify('owner', this.#places.calls);
    const places = { socketPath, rehearsalUrl, keysToldAt: this.#keysToldAt };
    await rpc.call('start', { ...start, ...places, config, isOwner, isAlone: isAlone() } satisfies SideStart);
    // The rehearsal may have started elsewhere in the meantime.
    if (this.#rehearsalUrl !== rehearsalUrl) rpc.notify('rehearsal', this.#rehearsalUrl);
    if (this.#ports !== undefined) rpc.notify('ports', this.#ports);
    took(rpc, config);
    working.socketPath = socketPath;
    this.#moved();
    if (isOwner) await this.#left.store(rpc);
  }

  #useBudgets(closed: readonly BudgetUse[]): void {
    this.#closedBudgets = closed;
    this.#options.onBudgets?.(closed);
  }

  #useKeys({ version, keys }: KeyChanges): void {
    this.#keysToldAt = version;
    if (keys.length === 0) return;
    this.#notify('keys', keys);
    this.#options.onKeys?.(keys);
  }

  #ownerRpc(): Rpc {
    if (this.#owner.rpc === undefined) throw new Error('the side process does not run');
    return this.#owner.rpc;
  }

  #notify(name: string, argument: unknown): void {
    for (const { rpc } of this.#working.values()) rpc.notify(name, argument);
  }

  #died(child: Child): void {
    const { socketPath } = this.#working.get(child) ?? {};
    this.#working.delete(child);
    if (socketPath === undefined) return;
    for (const path of Object.values(sideSockets(socketPath))) rmSync(path, { force: true });
    this.#moved();
  }

  #moved(): void {
    const before = this.#places.calls;
    const paths = [...this.#working.values()].flatMap(({ socketPath }) => socketPath ?? []);
    const calls = this.#working.get(this.#owner)?.socketPath;
    this.#places = { calls, http: paths.map((path) => sideSockets(path).http) };
    if (calls !== before) this.#notify('owner', calls);
    this.#options.onMove(this.#places);
  }
}
