// The side process, forked by the supervisor. It owns the store and everything that is not realtime, and ends with its channel.

import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { Rpc } from '../ipc/rpc.ts';
import { removeStaleRun } from '../ipc/run-file.ts';
import type { FindOwners, SideHandler } from '../ipc/side-request.ts';
import { leaveSignalsToSupervisor } from '../ipc/signals.ts';
import type { BudgetUse } from '../ipc/stored-rows.ts';
import { createLog } from '../platform/log.ts';
import { listenToGateways, type SideListener } from './listener.ts';
import { openSide, type Side, type SideStart } from './side.ts';

let opening: Promise<Side> | undefined;
let listener: SideListener | undefined;
let place: (Pick<SideStart, 'socketPath'> & { readonly dataDirectory: string }) | undefined;
let isTold = false;

/** Grace without a supervisor: only what is quick is waited for. */
const ORPHAN_MS = 1000;

function side(): Promise<Side> {
  return opening ?? Promise.reject(new Error('the side process has not started'));
}

function close(graceMs: number): Promise<void> {
  isTold = true;
  return side()
    .then((open) => open.close(graceMs))
    .finally(() => listener?.close());
}

const answer: SideHandler = async (request, emit, signal) => (await side()).answer(request, emit, signal);

const ownersOf: FindOwners = async (digests) => (await side()).ownersOf(digests);

const supervisor = new Rpc(process, {
  async start(start: SideStart): Promise<void> {
    place = { socketPath: start.socketPath, dataDirectory: start.config.dataDirectory };
    const onBudgets = (closed: readonly BudgetUse[]) => supervisor.notify('budgets', closed);
    opening = openSide(start, createLog(start.config.log), onBudgets);
    await opening;
    if (start.socketPath !== undefined) listener = await listenToGateways(start.socketPath, answer, ownersOf);
  },
  commitEvents: async (batch: Uint8Array) => (await side()).commitEvents(batch),
  side: answer,
  rehearsal: async (url: string) => (await side()).useRehearsal(url),
  pulse: () => true,
  readiness: async () => (await side()).readiness(),
  metrics: async () => (await side()).metrics.registry.getMetricsAsJSON(),
  close,
});

leaveSignalsToSupervisor();
process.once('disconnect', () => {
  const isOrphan = !isTold;
  void close(ORPHAN_MS)
    .catch(() => {})
    .finally(() => isOrphan && tidy());
});

/** Removes what the supervisor would have removed, had it not been killed. */
function tidy(): void {
  if (place?.socketPath === undefined) return;
  removeStaleRun(place.dataDirectory);
  rmSync(dirname(place.socketPath), { recursive: true, force: true });
}
