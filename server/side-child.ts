// The supervisor's end of the side process: it relays what gateway processes hand over and ask, and tells which sessions died with one.

import type { Logger } from 'pino';
import type { Channel, Emit } from './channel.ts';
import { watchChannel } from './channel-watch.ts';
import { Child } from './child.ts';
import type { Batch } from './outbox.ts';
import type { SideStart } from './side/side.ts';
import type { AnswerSide, SideRequest } from './side/side-request.ts';

export interface SideChild {
  readonly child: Child;
  start(): Promise<void>;
  /** What a gateway process may call. */
  offers(worker: Child): {
    handOver(batch: Batch): Promise<void>;
    side(request: SideRequest, emit: Emit, signal: AbortSignal): Promise<void>;
  };
  /** A gateway process died, and with it the sessions whose start was handed over and whose end was not. */
  lost(worker: Child): void;
  readonly ask: AnswerSide;
  standIn(url: string): void;
  /** Lets running work end, for as long as that; rejects when the process is gone. */
  close(patienceMs: number): Promise<void>;
}

/** `start` without the address of the stand-in, which may change. */
export function createSideChild(start: Omit<SideStart, 'standInUrl'>, log: Logger): SideChild {
  /** Sessions of each gateway process whose start is on its way or stored, until their end is stored. */
  const open = new Map<Child, Set<string>>();
  /** Sessions that are lost, until that is stored. */
  const lost = new Set<string>();
  let standInUrl: string | undefined;

  const child = new Child({
    name: 'side/side-process',
    log,
    offers: () => ({}),
    async start(channel) {
      const told = standInUrl;
      await channel.call('start', { ...start, standInUrl } satisfies SideStart);
      // It may have come up in the meantime.
      if (standInUrl !== told) channel.tell('standIn', standInUrl);
      await tellLost(channel);
      void watchChannel(channel, { silenceMs: start.config.side.silenceMs, onSilent });
    },
  });

  /** What it held is handed over again to the next one. */
  function onSilent(): void {
    log.error('the side process hangs: it is started anew');
    child.kill();
  }

  function channel(): Channel {
    if (child.channel === undefined) throw new Error('the side process does not run');
    return child.channel;
  }

  /** What could not be told is told again when there is a side process, or with the next ones. */
  async function tellLost(to: Channel): Promise<void> {
    const ids = [...lost];
    if (ids.length === 0) return;
    await to.call('lost', ids).then(
      () => {
        for (const id of ids) lost.delete(id);
      },
      () => log.error({ sessions: ids.length }, 'lost sessions not stored yet'),
    );
  }

  async function handOver(worker: Child, { bytes, started, ended }: Batch): Promise<void> {
    const sessions = open.get(worker) ?? new Set<string>();
    open.set(worker, sessions);
    for (const id of started) sessions.add(id);
    await channel().call('handOver', bytes);
    for (const id of ended) sessions.delete(id);
  }

  const ask: AnswerSide = async (request, emit, signal) => channel().stream<void>('side', request, emit, signal);

  return {
    child,
    ask,
    start: () => child.start(),
    offers: (worker) => ({
      async handOver(batch) {
        // What is still in the pipe of a process that died comes after its sessions were given up.
        if (!worker.isGone) await handOver(worker, batch);
      },
      side: (request, emit, signal) => ask(request, emit, signal),
    }),
    lost(worker) {
      for (const id of open.get(worker) ?? []) lost.add(id);
      open.delete(worker);
      if (child.channel !== undefined) void tellLost(child.channel);
    },
    standIn(url) {
      standInUrl = url;
      child.channel?.tell('standIn', url);
    },
    async close(patienceMs) {
      await tellLost(channel());
      await channel().call('close', patienceMs);
    },
  };
}
