// The gateway of one process: it opens sessions and holds them, and shuts down in order: stop, drain, wait, terminate.

import { EventEmitter, once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import type { HttpReply } from '../../adapters/realtime/refusal.ts';
import type { Config } from '../config/config.ts';
import { LiveConfig } from '../config/live/live.ts';
import { Clients } from '../http/connection/clients.ts';
import { type ConnectionLimit, createConnectionLimit } from '../http/connection/connection-limit.ts';
import { countDescriptors } from '../http/connection/descriptors.ts';
import { createPlaces } from '../http/connection/places.ts';
import { isForResponses } from '../http/connection/routed-responses.ts';
import type { CertificatePair } from '../http/listener.ts';
import { answerHttp, type CheckedExchange } from '../http/request/answer.ts';
import type { RequestHead } from '../http/request/head.ts';
import { KeyLookup } from '../http/request/keys/key-lookup.ts';
import { oldNameWarner } from '../http/request/old-names.ts';
import { createRefusalLog } from '../http/request/refusal/refusal-log.ts';
import { RefusalRows, type RefusalRowsOptions } from '../http/request/refusal/refusal-rows.ts';
import type { PassedConnection } from '../ipc/channel/connection.ts';
import { FLUSH_MS, type GatewayStart, type Ports, portsOf } from '../ipc/process-start.ts';
import type { SessionOrder, SessionRecord } from '../ipc/session-record.ts';
import type { HeldCall } from '../ipc/session-reservation.ts';
import type { FindOwners } from '../ipc/side-request.ts';
import type { FindKey, StoredKey } from '../ipc/stored-keys.ts';
import type { BudgetUse } from '../ipc/stored-rows.ts';
import type { AddressList } from '../platform/address-list.ts';
import { withDeadline } from '../platform/deadline.ts';
import type { Readiness } from '../platform/load/readiness.ts';
import { createMetrics, type Metrics, subjectLabels } from '../platform/metrics.ts';
import { endedByOperator, keyRevoked, reasons } from '../session/close-reason.ts';
import { UnfinishedMessages } from '../session/unfinished-messages.ts';
import { Connector } from '../transport/connector.ts';
import { LivePolicy } from './admission/policy.ts';
import { outboxRefusal } from './admission/refusals.ts';
import { CallOpening, isOfCall } from './calls/answer-call.ts';
import { hangUpAll } from './calls/reach-call.ts';
import { AccountTokens } from './credentials/account-tokens.ts';
import { gatewayAnswer } from './http/gateway-answer.ts';
import { GatewayListeners, type ListenOptions } from './http/listeners.ts';
import { SessionMoney } from './money/money.ts';
import { explainUpgrade, type SessionHost, SessionOpening } from './open-session.ts';
import { exportGauges } from './sessions/gateway-metrics.ts';
import { LiveSessions } from './sessions/live-sessions.ts';
import { Openings } from './sessions/openings.ts';
import { ProcessLoad } from './sessions/process-load.ts';
import { boundedPassing, type PassOn, passOrOpen } from './side/connections.ts';
import { IdOwners } from './side/id-owners.ts';
import type { Upgrade } from './start-session.ts';
import { Breakers, type ProbeVerdict } from './targets/breakers.ts';
import { Probes } from './targets/probes.ts';

type GatewayOptions = Pick<SessionHost, 'registry' | 'log' | 'outbox' | 'askSide' | 'secrets' | 'slices' | 'moved'> &
  Pick<GatewayStart, 'config'> &
  Partial<Pick<GatewayStart, 'tls' | 'rehearsalUrl'>> & {
    readonly findOwners?: FindOwners | undefined;
    readonly findKey?: FindKey | undefined;
    readonly passOn?: PassOn | undefined;
    /** Takes the verdicts of probes; undefined where another process probes. */
    readonly report?: ((verdict: ProbeVerdict) => void) | undefined;
    /** Undefined where there is no side process. */
    readonly addRefusals?: RefusalRowsOptions['write'] | undefined;
  };

export class Gateway {
  readonly metrics: Metrics;
  readonly #options: GatewayOptions;
  readonly #live: LiveConfig;
  readonly #sessions = new LiveSessions();
  readonly #openings = new Openings(() => this.#ends.emit('ended'));
  readonly #descriptors = countDescriptors();
  readonly #connections: ConnectionLimit;
  readonly #connector: Connector;
  readonly #host: SessionHost;
  readonly #isProxy: AddressList = (address) => this.#policy.now.origins.isProxy(address);
  readonly #clients: Clients;
  /** Emits `ended` for each session and each opening. */
  readonly #ends = new EventEmitter();
  readonly #money: SessionMoney;
  readonly #keys: KeyLookup;
  readonly #unfinished: UnfinishedMessages;
  readonly #listeners: GatewayListeners;
  readonly #policy: LivePolicy;
  readonly #breakers = new Breakers();
  readonly #probes: Probes | undefined;
  readonly #load: ProcessLoad;
  /** Stops to end sessions between their turns. */
  #stopSpread: (() => void) | undefined;
  #phase: 'serving' | 'draining' | 'ending' = 'serving';
  readonly #open = (upgrade: Upgrade) => this.#openings.run(new SessionOpening(upgrade, this.#host));

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#live = new LiveConfig(options.config);
    const { config, now } = this.#live;
    this.metrics = createMetrics(() => this.#sessions.size, subjectLabels(config.metrics));
    this.#connector = new Connector(this.metrics);
    this.#money = new SessionMoney(options.slices);
    this.#unfinished = new UnfinishedMessages(config.limits);
    this.#clients = new Clients(this.#isProxy);
    const { rehearsalUrl, log, findKey, secrets, outbox, report } = options;
    this.#keys = new KeyLookup({ fileKeys: () => config.keys, teams: () => config.teams, findKey });
    const tokens = new AccountTokens({ log, proxy: config.proxy });
    const accounts = { tokens, breakers: this.#breakers };
    this.#probes = report && new Probes({ tokens, registry: this.metrics.registry, log, report });
    const known = { config: now, keys: this.#keys, secrets, rehearsalUrl };
    this.#policy = new LivePolicy({ ...accounts, ...known, warnOfOldName: oldNameWarner(log) });
    this.#connections = createConnectionLimit({
      limits: config.limits,
      isProxy: this.#isProxy,
      descriptors: this.#descriptors,
      onDropped: (code) => this.metrics.refused(code, 503),
    });
    this.#load = new ProcessLoad({
      ...{ live: this.#live, descriptors: this.#descriptors, connections: this.#connections, outbox },
      ...{ registry: this.metrics.registry, log, sessions: this.#sessions },
      isServing: () => this.#phase === 'serving',
    });
    const held = { outbox, breakers: this.#breakers, live: this.#live, connections: this.#connections };
    exportGauges(this.metrics.registry, { ...held, unfinished: this.#unfinished });
    this.#host = this.#makeHost();
    this.#listeners = this.#makeListeners();
  }

  /** Listens on the given ports, or those of the configuration. */
  async listen(ports: Ports = portsOf(this.#live.config), options: ListenOptions = {}): Promise<Ports> {
    await this.#money.prepare(this.#live.config);
    const listening = await this.#listeners.listen(ports, options, this.#options.tls);
    this.#policy.use({ ports: listening });
    this.#probes?.use(this.#live.config);
    return listening;
  }

  /** Serves by another configuration what begins from now on. */
  useConfig(next: Config): void {
    if (!isDeepStrictEqual(this.#live.now.providers, next.providers)) this.#connector.forget();
    this.#live.use(next);
    this.#policy.use({ config: next });
    this.#breakers.keep(Object.keys(next.providers));
    this.#probes?.use(next);
    void this.#money.prepare(next);
  }

  /** Serves another certificate to new connections from now on; live ones do not notice. */
  useCertificate(pair: CertificatePair): void {
    this.#listeners.useCertificate(pair);
  }

  /** Dials the rehearsal provider at another URL from now on. */
  useRehearsal(url: string): void {
    this.#policy.use({ rehearsalUrl: url });
  }

  /** Takes the verdict of a probe. */
  probed(verdict: ProbeVerdict): void {
    if (verdict.account in this.#live.now.providers) this.#breakers.probed(verdict);
  }

  /** Refuses sessions by these budgets from now on. */
  useBudgets(closed: readonly BudgetUse[]): void {
    this.#money.closedBudgets.use(closed);
  }

  /** Takes changes of stored keys. Sessions of those that are over end now. */
  useKeys(changes: readonly StoredKey[]): void {
    const over = this.#keys.changed(changes);
    if (over.length > 0) this.#sessions.endAll(keyRevoked(), new Set(over));
  }

  records(): SessionRecord[] {
    return this.#sessions.summaries();
  }

  record(id: string): SessionRecord | undefined {
    return this.#sessions.record(id);
  }

  /** Ends a session by order; the message tells its client why. False where it is not open here. */
  endSession({ id, message }: SessionOrder): boolean {
    return this.#sessions.end(id, endedByOperator(message));
  }

  /** Ends calls of a process that is gone. Resolves with those that may go on. */
  readonly hangUp = (calls: readonly HeldCall[]) => hangUpAll(calls, () => this.#policy.now);

  /** Serves a connection that was passed on, and whose request is for this process. */
  take(socket: Socket, connection: PassedConnection): void {
    this.#listeners.take(socket, connection);
  }

  /** Tells what an upgrade with this head would be answered. */
  explain(head: RequestHead): Promise<HttpReply> {
    const request = head as IncomingMessage;
    return explainUpgrade(request, this.#clients.sourceOf(request).address, this.#host);
  }

  /** Returns what a new session and a new call would be refused with here, whoever asks. */
  readiness(): Readiness {
    return { ...this.#load.readiness(), accounts: this.#breakers.report(Object.keys(this.#live.now.providers)) };
  }

  /** Leaves new connections to another process. Resolves when those that were accepted are sessions, or had the time for it. */
  readonly leave = (): Promise<void> => this.#listeners.stopAccepting(this.#openings);

  /**
   * Opens no more sessions, and ends those that are left in the second half of `drainMs` between their turns, so that they come back one by one elsewhere.
   * Resolves when the last one has ended.
   */
  async drain(): Promise<void> {
    const { drainMs } = this.#live.config.limits;
    if (this.#phase === 'serving') this.#sessions.tellDraining(drainMs, this.#options.outbox);
    this.#phase = this.#phase === 'serving' ? 'draining' : this.#phase;
    this.#connector.close();
    this.#probes?.stop();
    this.#openings.stopWaiting();
    this.#stopSpread?.();
    this.#stopSpread = this.#sessions.endBetweenTurns(reasons.drained, drainMs);
    await this.#whenEmpty();
    this.#stopSpread();
  }

  /** Ends all sessions and stops listening. Resolves when every socket of a session is closed, after `closeMs` at the latest. */
  async close(): Promise<void> {
    this.#phase = 'ending';
    this.#connector.close();
    this.#probes?.stop();
    this.#load.stop();
    this.#openings.abortAll();
    this.#sessions.endAll(reasons.drained);
    const timer = setTimeout(() => this.#sessions.terminateAll(), this.#live.config.limits.closeMs);
    await this.#whenEmpty();
    clearTimeout(timer);
    this.#host.idOwners.close();
    await withDeadline(Promise.resolve(this.#host.refusals?.flush()), FLUSH_MS).catch(() => {});
    await this.#listeners.close();
  }

  async #whenEmpty(): Promise<void> {
    while (this.#sessions.size + this.#openings.size > 0) await once(this.#ends, 'ended');
  }

  #makeListeners(): GatewayListeners {
    const [{ config }, clients, connections] = [this.#live, this.#clients, this.#connections];
    const answer = (exchange: CheckedExchange) =>
      isOfCall(exchange)
        ? this.#openings.run(new CallOpening(exchange, this.#host))
        : gatewayAnswer(exchange, this.#host);
    const answering = { ...this.#host, reply: answer };
    const passOn = boundedPassing({ ...this.#options, most: () => config.side.requests, clients, connections });
    return new GatewayListeners({
      ...{ config, clients, connections, isProxy: this.#isProxy, log: this.#options.log },
      passOn,
      onUpgrade: (request, socket, head) => {
        const upgrade = { request, socket, head, source: clients.sourceOf(request) };
        const asked = { policy: this.#policy.now, passOn, open: this.#open };
        void (isForResponses(request) ? passOrOpen(upgrade, asked) : this.#open(upgrade));
      },
      onRequest: (request, response) =>
        void answerHttp({ request, response, source: clients.sourceOf(request) }, answering),
      onFault: ({ socket, refusal: { code, status }, requestId }) => {
        this.metrics.refused(code, status);
        this.#host.logRefusal({ code, status, requestId, address: clients.addressOf(socket) }, 'request refused');
      },
    });
  }

  #makeHost(): SessionHost {
    const { registry, outbox, findOwners, addRefusals: write, log } = this.#options;
    return {
      ...this.#options,
      metrics: this.metrics,
      connector: this.#connector,
      connections: this.#connections,
      downloads: createPlaces(() => this.#live.config.limits.maxDownloads, this.#isProxy),
      unfinished: this.#unfinished,
      logRefusal: createRefusalLog(log),
      refusals: write && new RefusalRows({ write, registry: this.metrics.registry, log }),
      idOwners: new IdOwners({ findOwners, push: (event) => outbox?.push(event) ?? true }),
      find: async (id) => this.record(id) ?? (await registry.find(id)),
      policy: () => this.#policy.now,
      busy: () => this.#load.busy(),
      refusal: (admission) =>
        this.#load.busy() ??
        this.#money.closedBudgets.refusal(admission) ??
        outboxRefusal(outbox?.fullness(admission.key?.id)),
      leash: (admission) => this.#money.leash(admission),
      isEnding: () => this.#phase === 'ending',
      returning: (id) => this.#sessions.returning(id),
      onHandedOver: (socket) => this.#listeners.leave(socket),
      onStarted: (id, live) => this.#sessions.add(id, live),
      onClosed: (id) => {
        this.#sessions.delete(id);
        this.#ends.emit('ended');
      },
    };
  }
}
