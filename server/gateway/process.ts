// Runs one gateway process, forked by the supervisor. Everything it needs arrives over the channel, and it ends when the channel does.

import cluster from 'node:cluster';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Logger } from 'pino';
import type { Config } from '../config/config.ts';
import { splice } from '../http/connection/splice.ts';
import type { CertificatePair } from '../http/listener.ts';
import type { RequestHead } from '../http/request/head.ts';
import { sidePathUnavailable } from '../http/request/refusals.ts';
import { handleOf, type PassedConnection, socketOf } from '../ipc/channel/connection.ts';
import type { ListenerSocket, SocketPlace } from '../ipc/channel/listener-socket.ts';
import { callSupervisor } from '../ipc/channel/socket-port.ts';
import {
  FLUSH_MS,
  type GatewayStart,
  optimizeEarly,
  type Ports,
  returnsSocket,
  type SidePlaces,
} from '../ipc/process-start.ts';
import type { SessionOrder } from '../ipc/session-record.ts';
import type { HeldCall } from '../ipc/session-reservation.ts';
import { leaveSignalsToSupervisor } from '../ipc/signals.ts';
import type { StoredKey } from '../ipc/stored-keys.ts';
import type { BudgetUse } from '../ipc/stored-rows.ts';
import { isTimeout, withDeadline } from '../platform/deadline.ts';
import type { Readiness } from '../platform/load/readiness.ts';
import { createLog } from '../platform/log.ts';
import { Gateway } from './gateway.ts';
import { createSessionRegistry } from './sessions/session-registry.ts';
import { SideClient } from './side/client.ts';
import { Outbox, type OutboxLimits } from './side/outbox.ts';
import type { ProbeVerdict } from './targets/breakers.ts';

/** A side process that hangs longer is noticed by its supervisor. */
const REACH_MS = 400;

let gateway: Gateway | undefined;
let outbox: Outbox | undefined;
let log: Logger | undefined;
const side = new SideClient();
let http: readonly string[] = [];
/** Each side process is asked in its turn. */
let turn = 0;
/** Those that the supervisor had before this process started. */
const sockets: ListenerSocket[] = [];

function useSide(places: SidePlaces): void {
  http = places.http;
  side.use(places.calls);
}

const { supervisor, handles } = callSupervisor({
  async start({ side: places, closedBudgets, ports, isShared, ...given }: GatewayStart): Promise<Ports> {
    const { config } = given;
    const logger = createLog(config.log);
    log = logger;
    outbox = new Outbox({
      ...outboxLimits(config),
      send: (batch) => supervisor.call<void>('commitEvents', batch),
      onKept: (kept) => supervisor.notify('kept', kept),
      onLost: () => logger.error('the outbox is full: what sessions do is lost'),
    });
    const { ask: askSide, findOwners, findKey, secrets, slices, moved, addRefusals } = side;
    const asking = { askSide, findOwners, findKey, secrets, slices, moved, addRefusals };
    const report = given.isProber && ((verdict: ProbeVerdict) => supervisor.notify('probed', verdict));
    gateway = new Gateway({ ...given, ...asking, registry, outbox, passOn, log: logger, ...(report && { report }) });
    useSide(places);
    gateway.useBudgets(closedBudgets);
    const returns = returnsSocket(process.pid);
    const listening = await gateway.listen(ports, { isShared, returns, sockets: { given: sockets, keep } });
    // Nobody takes the connections of a process that lost its supervisor meanwhile.
    if (!process.connected) await gateway.close();
    optimizeEarly();
    return listening;
  },
  socket: (place: SocketPlace, handle) => void sockets.push({ ...place, handle }),
  reload(config: Config) {
    if (gateway === undefined || log === undefined) throw new Error('the gateway process has not started');
    log.level = config.log.level;
    outbox?.useLimits(outboxLimits(config));
    gateway.useConfig(config);
  },
  side: useSide,
  takeBack(connection: PassedConnection, handle) {
    if (gateway === undefined) throw new Error('the gateway process has not started');
    gateway.take(socketOf(handle), connection);
  },
  explain: (head: RequestHead) => gateway?.explain(head),
  certificate: (pair: CertificatePair) => gateway?.useCertificate(pair),
  budgets: (closed: readonly BudgetUse[]) => gateway?.useBudgets(closed),
  keys: (changes: readonly StoredKey[]) => gateway?.useKeys(changes),
  probed: (verdict: ProbeVerdict) => gateway?.probed(verdict),
  rehearsal: (url: string) => gateway?.useRehearsal(url),
  metrics: () => gateway?.metrics.registry.getMetricsAsJSON(),
  async readiness(): Promise<Readiness | undefined> {
    const own = gateway?.readiness();
    // The supervisor has another way to the side process, which may be open while this one is not.
    const isCut = await withDeadline(side.reach(), REACH_MS).catch((error: unknown) => !isTimeout(error));
    return own && isCut ? { ...own, calls: [...(own.calls ?? []), sidePathUnavailable] } : own;
  },
  pulse: () => true,
  records: () => gateway?.records(),
  find: (id: string) => gateway?.record(id),
  hangUp: (calls: readonly HeldCall[]) => gateway?.hangUp(calls) ?? calls,
  endSession: (order: SessionOrder) => gateway?.endSession(order) ?? false,
  leave: () => gateway?.leave(),
  drain,
  async close() {
    await gateway?.close();
    await outbox?.flush(FLUSH_MS);
  },
});

const registry = createSessionRegistry(supervisor);

function outboxLimits({ side, access }: Config): OutboxLimits {
  const { outboxItems: maxItems, outboxBytes: maxBytes, whenFull } = side;
  return { maxItems, maxBytes, whenFull, isShared: access === 'keys' };
}

/** Nothing waits here any more where there was time; the supervisor knows how long that is. */
async function drain(): Promise<void> {
  await gateway?.drain();
  while (outbox !== undefined && !(await outbox.flush(FLUSH_MS))) log?.warn('what sessions did is not stored yet');
}

/** The listeners of a clustered process are the supervisor's. */
async function keep({ handle, ...place }: ListenerSocket): Promise<void> {
  if (cluster.worker === undefined) await handles.call('listening', place, handle);
}

/** Only this process can read what comes under TLS. */
async function passOn(socket: Socket, connection: PassedConnection): Promise<void> {
  const path = http[++turn % http.length];
  if (path === undefined) throw new Error('no side process runs');
  if (socket instanceof TLSSocket) return splice(socket, connection, path);
  await handles.call('connection', connection, handleOf(socket));
  socket.destroy();
}

// Node would end a clustered process with its channel, and its sessions without a close.
if (cluster.worker !== undefined) cluster.worker.exitedAfterDisconnect = true;

leaveSignalsToSupervisor();
process.once('disconnect', () => {
  outbox?.close();
  void gateway?.close();
});
