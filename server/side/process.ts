// The side process, forked by the supervisor. It owns the store and everything that is not realtime, and ends with its channel.

import { Rpc } from '../ipc/rpc.ts';
import type { SideHandler } from '../ipc/side-request.ts';
import { createLog } from '../platform/log.ts';
import { listenToGateways, type SideListener } from './listener.ts';
import { openSide, type Side, type SideStart } from './side.ts';

let opening: Promise<Side> | undefined;
let listener: SideListener | undefined;

/** Grace without a supervisor: only what is quick is waited for. */
const ORPHAN_MS = 1000;

function side(): Promise<Side> {
  return opening ?? Promise.reject(new Error('the side process has not started'));
}

function close(graceMs: number): Promise<void> {
  return side()
    .then((open) => open.close(graceMs))
    .finally(() => listener?.close());
}

const answer: SideHandler = async (request, emit, signal) => (await side()).answer(request, emit, signal);

new Rpc(process, {
  async start(start: SideStart): Promise<void> {
    opening = openSide(start, createLog(start.config.log.level));
    await opening;
    if (start.socketPath !== undefined) listener = await listenToGateways(start.socketPath, answer);
  },
  commitEvents: async (batch: Uint8Array) => (await side()).commitEvents(batch),
  lost: async (ids: readonly string[]) => (await side()).endLost(ids),
  side: answer,
  rehearsal: async (url: string) => (await side()).useRehearsal(url),
  pulse: () => true,
  metrics: async () => (await side()).metrics.registry.getMetricsAsJSON(),
  close,
});

// Signals reach the whole process group; only the supervisor acts on them.
process.on('SIGTERM', () => {});
process.on('SIGINT', () => {});
process.once('disconnect', () => void close(ORPHAN_MS).catch(() => {}));
