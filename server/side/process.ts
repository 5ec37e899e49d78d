// A side process, forked by the supervisor, for everything that is not realtime. The first one owns the store, the others ask it for theirs. It
// ends with its channel.

import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Logger } from 'pino';
import type { Config } from '../config/config.ts';
import { requestHead } from '../http/request/head.ts';
import { handleOf, letGo, type PassedConnection, socketOf } from '../ipc/channel/connection.ts';
import { callSupervisor } from '../ipc/channel/socket-port.ts';
import { optimizeEarly, type Ports, type SideSockets, type SideStart, sideSockets } from '../ipc/process-start.ts';
import { removeStaleRun } from '../ipc/run-file.ts';
import type { SessionOrder } from '../ipc/session-record.ts';
import { askWhole, type FindOwners, type SideRequest } from '../ipc/side-request.ts';
import { leaveSignalsToSupervisor } from '../ipc/signals.ts';
import type { StoredKey } from '../ipc/stored-keys.ts';
import type { BudgetUse } from '../ipc/stored-rows.ts';
import { createLog } from '../platform/log.ts';
import { serveAdmin } from './http/admin.ts';
import type { OnKeysChanged } from './http/keys/key-watch.ts';
import type { PublicListener } from './http/public/listener.ts';
import { type LiveUse, liveCost } from './sessions/live-cost.ts';
import { movedIn } from './sessions/moved.ts';
import { listenToProcesses } from './sessions/process-listener.ts';
import { sessionLimitHandlers } from './sessions/session-limits.ts';
import { openSide, type Side } from './side.ts';
import type { AuditEntry } from './store/contract/keys.ts';
import { OwnerStore, storeHandlers } from './store/engines/owner-store.ts';

let opening: Promise<Side> | undefined;
let clients: PublicListener | undefined;
let log: Logger | undefined;
const listeners: { close(): unknown }[] = [];
let place: (Pick<SideStart, 'socketPath'> & { readonly dataDirectory: string }) | undefined;
let isTold = false;
const ownerStore = new OwnerStore();

/** Grace without a supervisor: only what is quick is waited for. */
const ORPHAN_MS = 1000;

function side(): Promise<Side> {
  return opening ?? Promise.reject(new Error('the side process has not started'));
}

/** Clients hear how their answers end before their connections do. */
async function close(graceMs: number): Promise<void> {
  isTold = true;
  clients?.drain();
  for (const listener of listeners) listener.close();
  await side()
    .then((open) => open.close(graceMs))
    .finally(() => clients?.close());
}

const owners: FindOwners = async (digests) => (await side()).ownersOf(digests);

const { supervisor, handles } = callSupervisor({
  async start(start: SideStart): Promise<void> {
    place = { socketPath: start.socketPath, dataDirectory: start.config.dataDirectory };
    const logger = createLog(start.config.log);
    log = logger;
    const onBudgets = (closed: readonly BudgetUse[]) => supervisor.notify('budgets', closed);
    const onKeys: OnKeysChanged = (changes) => supervisor.notify('keys', changes);
    const links = {
      onBudgets,
      onKeys,
      endSession,
      allMetrics: start.isOwner ? allMetrics : undefined,
      ownerStore: start.isOwner ? undefined : ownerStore,
    };
    opening = openSide(start, logger, links);
    const open = await opening;
    if (start.socketPath === undefined) return;
    const sockets = sideSockets(start.socketPath);
    await listenToClients(open, sockets);
    if (start.isOwner) await listenToOthers(open, sockets);
    optimizeEarly();
  },
  async reload(config: Config) {
    const open = await side();
    if (log !== undefined) log.level = config.log.level;
    await open.useConfig(config);
  },
  owner: (path: string | undefined) => ownerStore.use(path),
  commitEvents: async (batch: Uint8Array) => (await side()).commitEvents(batch),
  connection(connection: PassedConnection, handle) {
    if (clients === undefined) {
      letGo(handle);
      throw new Error('the side process has not started');
    }
    clients.take(socketOf(handle), connection);
  },
  keys: async (changes: readonly StoredKey[]) => (await side()).useKeys(changes),
  async costs(uses: readonly LiveUse[]) {
    const { prices } = await side();
    return uses.map((use) => liveCost(use, prices));
  },
  audit: async (entry: AuditEntry) => (await side()).store.addAudit(entry),
  ports: (ports: Ports) => clients?.usePorts(ports),
  leave: () => clients?.leave(),
  rehearsal: async (url: string) => (await side()).useRehearsal(url),
  ...sessionLimitHandlers(() => side()),
  pulse: () => true,
  async readiness() {
    const { calls = [], ...more } = (await side()).readiness();
    return { ...more, calls: [...calls, ...(clients?.refusals() ?? [])] };
  },
  metrics: async () => (await side()).metrics.registry.getMetricsAsJSON(),
  close,
});

const find = (id: string) => supervisor.call<undefined>('find', id);
const allMetrics = () => supervisor.call<readonly object[]>('metrics');
const endSession = (order: SessionOrder) => supervisor.call<boolean>('endSession', order);

async function listenToClients(open: Side, { http }: SideSockets): Promise<void> {
  const listener = open.clientListener({
    find,
    explain: (request) => supervisor.call('explain', requestHead(request)),
    async giveBack(socket, connection) {
      await handles.call('giveBack', connection, handleOf(socket));
      socket.destroy();
    },
  });
  await listener.open(http);
  clients = listener;
}

async function listenToOthers(open: Side, { calls, admin }: SideSockets): Promise<void> {
  const ask = (request: SideRequest) => askWhole(open.answer, request, new AbortController().signal);
  const { secrets } = open;
  const moved = movedIn(open);
  listeners.push(
    await serveAdmin(admin, { answer: open.answer, config: open.config, find }),
    await listenToProcesses(calls, {
      ...{ ask, owners, key: open.findKey, pulse: () => true, ...storeHandlers(open.store) },
      ...{ leave: moved.leave, findMoved: moved.find, takeMoved: moved.take, dropMoved: moved.drop },
      ...{ findSecret: secrets.find, useSecret: secrets.use, returnSecret: secrets.giveBack },
    }),
  );
}

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
