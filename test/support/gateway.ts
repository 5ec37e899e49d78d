// A gateway for tests, in this process, on ports of its own, with a registry for it alone.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { WebSocket } from 'ws';
import { providers as realtimeProviders } from '../../adapters/realtime/index.ts';
import type { Config } from '../../server/config/config.ts';
import { LiveConfig } from '../../server/config/live/live.ts';
import { loadConfig } from '../../server/config/load.ts';
import { Gateway } from '../../server/gateway/gateway.ts';
import type { SessionRegistry } from '../../server/gateway/sessions/session-registry.ts';
import type { Outbox } from '../../server/gateway/side/outbox.ts';
import type { ProbeVerdict } from '../../server/gateway/targets/breakers.ts';
import { countDescriptors } from '../../server/http/connection/descriptors.ts';
import { splice } from '../../server/http/connection/splice.ts';
import type { DevCertificate } from '../../server/http/dev-certificate.ts';
import { requestHead } from '../../server/http/request/head.ts';
import { RefusalRows } from '../../server/http/request/refusal/refusal-rows.ts';
import { readOn } from '../../server/ipc/channel/connection.ts';
import type { SessionRecord } from '../../server/ipc/session-record.ts';
import type { HeldCall } from '../../server/ipc/session-reservation.ts';
import { askWhole, type FindOwners, type SideHandler } from '../../server/ipc/side-request.ts';
import type { SecretStore } from '../../server/ipc/stored-keys.ts';
import { SessionTable } from '../../server/processes/sessions/session-table.ts';
import { PublicListener } from '../../server/side/http/public/listener.ts';
import type { Store } from '../../server/side/store/contract/store.ts';
import { configFile, neverOverloaded } from './config-file.ts';
import { FakeRuns } from './fake-runs.ts';
import { keepInbox } from './inbox.ts';
import { sampleOf } from './metrics.ts';
import { temporaryFolder } from './temporary-folder.ts';

export interface TestGateway {
  readonly gateway: Gateway;
  /** The configuration that it was started with. */
  readonly config: Config;
  readonly port: number;
  /** ws://127.0.0.1:port */
  readonly url: string;
  /** wss://127.0.0.1:port; only with a certificate. */
  readonly tlsUrl: string;
  /** The sum of the samples with this name and these labels, of both processes. */
  sample(name: string, labels?: Record<string, string | number>): Promise<number>;
  /** Records of the sessions that ended, oldest first. */
  readonly ended: readonly SessionRecord[];
  /** Calls that the supervisor would be told of, oldest first. */
  readonly held: readonly HeldCall[];
  /** The log lines, parsed. */
  readonly lines: readonly Record<string, unknown>[];
  /** Resolves with the record of the next session that ends (or of one that ended since the last call). */
  nextEnd(): Promise<SessionRecord>;
  close(): Promise<void>;
}

export interface TestGatewayOptions extends Record<string, unknown> {
  readonly provider?: string;
  /** With one, it listens with TLS too. */
  readonly certificate?: DevCertificate;
  /** The side path, in this process. */
  readonly askSide?: SideHandler;
  readonly outbox?: Outbox;
  readonly findOwners?: FindOwners;
  readonly secrets?: SecretStore;
  readonly addRefusals?: Store['addRefusals'];
  /** Takes the verdicts of its probes; without it, it probes nobody. */
  readonly report?: (verdict: ProbeVerdict) => void;
  /** Where the rehearsal provider listens. */
  readonly rehearsalUrl?: string;
  /** The environment; nothing is set when not given. */
  readonly env?: Readonly<Record<string, string>>;
}

/** The rest is the YAML file as data. Without providers given, all of them but one are `provider`. */
export async function startGateway({
  provider,
  certificate,
  askSide,
  outbox,
  findOwners,
  secrets,
  addRefusals,
  report,
  rehearsalUrl,
  env = {},
  ...file
}: TestGatewayOptions): Promise<TestGateway> {
  const account = { baseUrl: provider, apiKey: 'provider-secret', allowPrivate: true };
  // Live has one account, so that its sessions choose none by their first message.
  const names = [...realtimeProviders.keys()].filter((name) => name !== 'kugelaudio');
  const all = Object.fromEntries(names.map((name) => [name, account]));
  const providers = file.providers ?? (provider ? all : {});
  const loaded = loadConfig({
    file: configFile(
      neverOverloaded({
        ...file,
        listen: { port: 0, tlsPort: certificate ? 0 : false, ...(file.listen as object) },
        providers,
      }),
    ),
    env,
  });
  const ended: SessionRecord[] = [];
  const unread: SessionRecord[] = [];
  const waiting: ((record: SessionRecord) => void)[] = [];
  const table = new SessionTable<string>();
  const held: HeldCall[] = [];
  const registry: SessionRegistry = {
    reserve: (claim) => table.reserve(claim, 'test'),
    announce: () => {},
    holds: (call) => void held.push(call),
    opened: () => {},
    notKept: () => {},
    ending: () => {},
    release: (id) => table.release(id),
    ended(record) {
      table.release(record.id);
      ended.push(record);
      const taker = waiting.shift();
      if (taker) taker(record);
      else unread.push(record);
    },
    holderOf: async () => undefined,
    find: async (id) => ended.find((record) => record.id === id),
  };
  const lines: Record<string, unknown>[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const tls = certificate && {
    cert: readFileSync(certificate.certPath, 'utf8'),
    key: readFileSync(certificate.keyPath, 'utf8'),
  };
  const rehearsal = loaded.rehearsal === false || rehearsalUrl === undefined ? [] : loaded.rehearsal.providers;
  const sideRegistry = new Registry();
  const side = new PublicListener({
    refusals: addRefusals && new RefusalRows({ write: addRefusals, registry: sideRegistry, log, windowMs: 0 }),
    live: new LiveConfig(loaded),
    ...{ log, secrets, runs: new FakeRuns() },
    registry: sideRegistry,
    descriptors: countDescriptors(),
    answer: askSide ?? (() => Promise.reject(new Error('there is no side process'))),
    find: async (id) => gateway.record(id) ?? (await registry.find(id)),
    explain: (request) => gateway.explain(requestHead(request)),
    rehearsed: () => rehearsal,
    giveBack: async (socket, connection) => {
      readOn(socket);
      gateway.take(socket, connection);
    },
  });
  const http = join(temporaryFolder('http'), 's');
  await side.open(http);
  const gateway = new Gateway({
    ...{ config: loaded, registry, log, tls, outbox, findOwners, secrets, addRefusals, report, rehearsalUrl },
    askSide: askSide && ((request, signal) => askWhole(askSide, request, signal)),
    async passOn(socket, connection) {
      if (socket instanceof TLSSocket) return splice(socket, connection, http);
      readOn(socket);
      side.take(socket, connection);
    },
  });
  const { port, tlsPort } = await gateway.listen();
  side.usePorts({ port, tlsPort });
  return {
    gateway,
    config: loaded,
    port,
    url: `ws://127.0.0.1:${port}`,
    tlsUrl: `wss://127.0.0.1:${tlsPort}`,
    ended,
    held,
    lines,
    nextEnd() {
      const ready = unread.shift();
      return ready ? Promise.resolve(ready) : new Promise((resolve) => waiting.push(resolve));
    },
    async sample(...query) {
      const samples = [gateway.metrics.registry, sideRegistry].map((each) => sampleOf(each, ...query));
      return (await Promise.all(samples)).reduce((sum, one) => sum + one);
    },
    async close() {
      // Connections that were passed on within this process are still those of the first listener.
      await Promise.all([gateway.close(), side.close()]);
    },
  };
}

/** A client socket that is open. */
export async function openClient(
  url: string,
  options: ConstructorParameters<typeof WebSocket>[2] = {},
  protocols: string[] = [],
): Promise<WebSocket> {
  const ws = new WebSocket(url, protocols, { perMessageDeflate: false, ...options });
  keepInbox(ws);
  await new Promise<void>((resolve, reject) => {
    ws.once('open', resolve);
    ws.once('error', reject);
  });
  return ws;
}

/** The answer of a gateway that refuses an upgrade. */
export function refusedUpgrade(
  url: string,
  { protocols = [], ...options }: ConstructorParameters<typeof WebSocket>[2] & { protocols?: string[] } = {},
): Promise<{ status: number; headers: Record<string, string | string[] | undefined>; body: string }> {
  const ws = new WebSocket(url, protocols, { perMessageDeflate: false, ...options });
  return new Promise((resolve, reject) => {
    ws.on('open', () => {
      ws.terminate();
      reject(new Error('the upgrade was accepted'));
    });
    ws.on('error', reject);
    ws.on('unexpected-response', async (request, response) => {
      let body = '';
      for await (const chunk of response) body += chunk;
      request.destroy();
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
    });
  });
}
