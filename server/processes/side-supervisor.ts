// The supervisor's end of the side process: it relays what gateway processes hand over, says where they can ask, and which sessions died
// with one.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Logger } from 'pino';
import type { EventBatch } from '../gateway/side/outbox.ts';
import type { Rpc } from '../ipc/rpc.ts';
import type { SideHandler } from '../ipc/side-request.ts';
import type { SideStart } from '../side/side.ts';
import { Child } from './child.ts';
import { startWatchdog } from './watchdog.ts';

export interface SideChild {
  readonly child: Child;
  start(): Promise<void>;
  /** What a gateway process may call. */
  offers(worker: Child): {
    handOver(batch: EventBatch): Promise<void>;
  };
  /** A gateway process died, and with it the sessions whose start was handed over and whose end was not. */
  lost(worker: Child): void;
  readonly ask: SideHandler;
  /** Where gateway processes ask it; another one after each start. */
  readonly socketPath: string | undefined;
  useRehearsal(url: string): void;
  /** Lets running work end, for as long as that, or less when it is called again; rejects when the process is gone. */
  close(patienceMs: number): Promise<void>;
}

/** Frames come first. */
const NICENESS = 10;

export interface SideChildOptions {
  /** Without what may change from one start to the next. */
  readonly start: Omit<SideStart, 'rehearsalUrl' | 'socketPath'>;
  readonly log: Logger;
  /** It runs, also again after its death, and listens there. */
  onStart(socketPath: string): void;
}

export function createSideChild({ start, log, onStart }: SideChildOptions): SideChild {
  /** Sessions of each gateway process whose start is on its way or stored, until their end is stored. */
  const open = new Map<Child, Set<string>>();
  /** Sessions that are lost, until that is stored. */
  const lost = new Set<string>();
  let rehearsalUrl: string | undefined;
  let socketPath: string | undefined;

  const child = new Child({
    name: 'side/process',
    niceness: NICENESS,
    log,
    handlers: () => ({}),
    async start(channel) {
      // A path for a socket is short, and the folder lets in nobody else.
      const path = join(mkdtempSync(join(tmpdir(), 'trunkline-')), 'side');
      socketPath = path;
      const told = rehearsalUrl;
      await channel.call('start', { ...start, rehearsalUrl, socketPath } satisfies SideStart);
      // It may have come up in the meantime.
      if (rehearsalUrl !== told) channel.notify('rehearsal', rehearsalUrl);
      onStart(path);
      await tellLost(channel);
      void startWatchdog(channel, { silenceMs: start.config.side.silenceMs, onSilent });
    },
    onDeath() {
      if (socketPath !== undefined) rmSync(dirname(socketPath), { recursive: true, force: true });
    },
  });

  /** What it held is handed over again to the next one. */
  function onSilent(): void {
    log.error('the side process hangs: it is started anew');
    child.kill();
  }

  function channel(): Rpc {
    if (child.rpc === undefined) throw new Error('the side process does not run');
    return child.rpc;
  }

  /** What could not be told is told again when there is a side process, or with the next ones. */
  async function tellLost(to: Rpc): Promise<void> {
    const ids = [...lost];
    if (ids.length === 0) return;
    await to.call('lost', ids).then(
      () => {
        for (const id of ids) lost.delete(id);
      },
      () => log.error({ sessions: ids.length }, 'lost sessions not stored yet'),
    );
  }

  async function handOver(worker: Child, { bytes, started, ended }: EventBatch): Promise<void> {
    const sessions = open.get(worker) ?? new Set<string>();
    open.set(worker, sessions);
    for (const id of started) sessions.add(id);
    await channel().call('handOver', bytes);
    for (const id of ended) sessions.delete(id);
  }

  const ask: SideHandler = async (request, emit, signal) => channel().stream<void>('side', request, emit, signal);

  return {
    child,
    ask,
    get socketPath() {
      return socketPath;
    },
    start: () => child.start(),
    offers: (worker) => ({
      async handOver(batch) {
        // What is still in the pipe of a process that died comes after its sessions were given up.
        if (!worker.isGone) await handOver(worker, batch);
      },
    }),
    lost(worker) {
      for (const id of open.get(worker) ?? []) lost.add(id);
      open.delete(worker);
      if (child.rpc !== undefined) void tellLost(child.rpc);
    },
    useRehearsal(url) {
      rehearsalUrl = url;
      child.rpc?.notify('rehearsal', url);
    },
    async close(patienceMs) {
      await tellLost(channel());
      await channel().call('close', patienceMs);
    },
  };
}
