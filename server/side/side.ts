// The side path as a whole: store, ingest, router, tasks, webhooks and HTTP answers, opened together and closed in order.

import type { Logger } from 'pino';
import type { Config } from '../config/config.ts';
import { LiveConfig } from '../config/live/live.ts';
import { countDescriptors, outOfDescriptors } from '../http/connection/descriptors.ts';
import type { SideStart } from '../ipc/process-start.ts';
import type { SessionEvent } from '../ipc/session-event.ts';
import type { FindOwners, SideHandler } from '../ipc/side-request.ts';
import type { FindKey, SecretStore, StoredKey } from '../ipc/stored-keys.ts';
import { withDeadline } from '../platform/deadline.ts';
import type { Readiness } from '../platform/load/readiness.ts';
import { faultOf } from '../platform/log.ts';
import { newId } from '../platform/uuid-v7.ts';
import type { BudgetWatch, OnBudgetsClosed } from './billing/budgets/budget-watch.ts';
import { OwnBudgets } from './billing/budgets/own-budgets.ts';
import { readJournals } from './billing/journal.ts';
import { type Prices, pricesOf } from './billing/prices.ts';
import { closeUnlessMeant } from './config/access.ts';
import type { EndSession } from './http/handler.ts';
import type { KeyWatch, OnKeysChanged } from './http/keys/key-watch.ts';
import { ownedStore } from './http/keys/owned-store.ts';
import { PublicListener, type PublicListenerOptions } from './http/public/listener.ts';
import { readResponsesBody } from './http/responses/body.ts';
import { createSideHttp, storeFailed } from './http/routes.ts';
import { refusalRows, withRefusalRows } from './llm/attempt/refusal.ts';
import { LiveCatalogues } from './llm/catalogue/live.ts';
import { type LiveRouter, startLeasing } from './llm/router.ts';
import { allSteps } from './llm/steps/all.ts';
import { CallRates } from './runs/call/call-rates.ts';
import { countTaskTokens } from './runs/call/task-tokens.ts';
import { RunHost } from './runs/host.ts';
import { Ingest } from './sessions/ingest.ts';
import { type Store, StoreError } from './store/contract/store.ts';
import type { OwnerStore } from './store/engines/owner-store.ts';
import { StoreFaultLog, withoutStoreFaults } from './store/fault-log.ts';
import { type StoreHealth, watchStore } from './store/health.ts';
import { holdInstanceLease, type InstanceLease } from './store/instance-lease.ts';
import { startMaintenance } from './store/maintenance.ts';
import { openStore } from './store/open.ts';
import { Runner } from './tasks/runner.ts';
import { Webhooks } from './tasks/webhooks.ts';
import { createTracedRouter } from './telemetry/call-spans.ts';
import { createSideMetrics } from './telemetry/metrics.ts';
import { createSessionSpans } from './telemetry/session-spans.ts';
import { createTaskTracing } from './telemetry/task-spans.ts';
import { Telemetry } from './telemetry/telemetry.ts';

/** Time to write what is given back, and what became of calls. */
const WRITE_MS = 1000;
/** Time for the collector to take what waits. */
const EXPORT_MS = 500;

interface SideLinks {
  /** See BudgetWatch. */
  readonly onBudgets?: OnBudgetsClosed;
  /** See KeyWatch. */
  readonly onKeys?: OnKeysChanged;
  readonly endSession?: EndSession;
  /** Returns the metrics of all processes, as prom-client's JSON. */
  readonly allMetrics?: (() => Promise<readonly object[]>) | undefined;
  /** The store of the process that owns it; undefined where this one does. */
  readonly ownerStore?: Pick<OwnerStore, 'open'> | undefined;
}

/** Rejects when the store cannot be opened, and says why. */
export async function openSide(start: SideStart, logger: Logger, links: SideLinks = {}): Promise<Side> {
  const log = withoutStoreFaults(logger);
  const live = new LiveConfig(start.config);
  const { config } = live;
  const metrics = createSideMetrics();
  const { onBudgets = () => {}, onKeys = () => {}, ownerStore } = links;
  const opened = await (ownerStore?.open() ??
    openStore({ url: config.store.url, dataDirectory: config.dataDirectory, isAlone: start.isAlone }));
  if (start.isOwner && start.keysToldAt === undefined) await closeUnlessMeant(opened, config);
  const health = watchStore(opened, {
    tryWrite: (watched) => watched.renewLease(start.instance, Date.now() + config.side.ownerLeaseMs),
    faults: new StoreFaultLog(logger),
  });
  const parts = { start, live, log, metrics, health, links };
  const side = new Side(
    ownerStore === undefined
      ? { ...parts, ...ownedStore({ ...parts, keysToldAt: start.keysToldAt, onBudgets, onKeys }) }
      : { ...parts, store: health.store },
  );
  await side.begin();
  return side;
}

interface SideParts {
  readonly start: SideStart;
  readonly live: LiveConfig;
  readonly log: Logger;
  readonly metrics: ReturnType<typeof createSideMetrics>;
  readonly store: Store;
  readonly health: StoreHealth;
  readonly links: Pick<SideLinks, 'endSession' | 'allMetrics'>;
  /** Undefined where another process owns the store. */
  readonly budgets?: BudgetWatch;
  readonly keys?: KeyWatch;
}

export class Side {
  readonly metrics: SideParts['metrics'];
  readonly answer: SideHandler;
  readonly prices: Prices;
  readonly #parts: SideParts;
  readonly #router: LiveRouter;
  readonly #runner: Runner;
  readonly #webhooks: Webhooks | undefined;
  readonly ingest: Ingest;
  readonly #ownBudgets: OwnBudgets;
  readonly #telemetry: Telemetry;
  readonly #runs: RunHost;
  readonly #catalogues: LiveCatalogues;
  readonly #steps: ReturnType<typeof allSteps>;
  readonly #refusals: ReturnType<typeof refusalRows>;
  readonly #descriptors = countDescriptors();
  #clients: PublicListener | undefined;
  #rehearsalUrl: string | undefined;
  #lease: InstanceLease | undefined;
  #stopMaintenance: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  constructor(parts: SideParts) {
    const { start, log, metrics, store, links } = parts;
    const { instance: owner, runsTasks: isBackground } = start;
    const { config, now } = parts.live;
    this.prices = pricesOf(config);
    const ownBudgets = new OwnBudgets({ config, store });
    const catalogues = new LiveCatalogues({ config, log, metrics, isOwner: start.isOwner });
    this.#catalogues = catalogues;
    const shared = { config, store, log, metrics, ownBudgets, catalogues, prices: this.prices };
    this.#parts = parts;
    this.#ownBudgets = ownBudgets;
    this.metrics = metrics;
    this.#rehearsalUrl = start.rehearsalUrl;
    const holder = newId();
    const leasing = startLeasing({ ...shared, holder });
    const rehearsalUrl = () => this.#rehearsalUrl;
    const telemetry = new Telemetry({ config: now, log, metrics, instance: owner, allMetrics: links.allMetrics });
    this.#telemetry = telemetry;
    const calls = { ...shared, config: now, leasing, prices: pricesOf(now), rehearsalUrl };
    const refusals = refusalRows(shared);
    this.#refusals = refusals;
    this.#steps = allSteps({ ...shared, router: () => this.#router });
    this.#router = withRefusalRows(createTracedRouter({ ...calls, steps: this.#steps }, telemetry), refusals);
    this.#webhooks = isBackground && parts.budgets ? new Webhooks(shared) : undefined;
    const onSettled = () => this.#webhooks?.wake();
    const tracing = createTaskTracing(telemetry);
    const router = countTaskTokens(this.#router, shared);
    this.#runner = new Runner({ ...shared, router, onSettled, isBackground, tracing });
    const onEnded = createSessionSpans({ telemetry, store, log });
    this.ingest = new Ingest({ ...shared, owner, onEnded, onCommitted: (events) => this.#onCommitted(events) });
    const rates = new CallRates(shared);
    this.#runs = new RunHost({ ...shared, router: this.#router, rates, refusals, readBody: readResponsesBody, holder });
    this.answer = createSideHttp({
      ...shared,
      ...{ router: this.#router, runner: this.#runner, descriptors: this.#descriptors, runs: this.#runs },
      ...{ rates, refusals },
      endSession: links.endSession,
      budgetUses: () => parts.budgets?.uses ?? [],
    });
  }

  async begin(): Promise<void> {
    const { start, log, store, budgets, keys } = this.#parts;
    const { instance: owner, runsTasks } = start;
    const { config } = this;
    for (const { gone, remove } of readJournals(config.dataDirectory)) {
      await Promise.all([store.recoverLeases(gone), store.releaseLease(gone.holder)]);
      remove();
    }
    await store.settleLost(Date.now());
    await this.#runs.endLost();
    this.#catalogues.use(this.#parts.live.now);
    if (budgets === undefined) return;
    this.#lease = await holdInstanceLease({
      ...{ store, owner, leaseMs: config.side.ownerLeaseMs, log, isAlone: start.isAlone && store.kind === 'sqlite' },
      onRecovered: async (sessions) => {
        await this.ingest.finishRecovered(sessions);
        this.#wake();
      },
    });
    if (runsTasks)
      this.#stopMaintenance = startMaintenance({ store, config, log, endLost: () => this.#runs.endLost() });
    await keys?.start();
    await budgets.start();
  }

  /** Its fields are those in force. */
  get config(): Config {
    return this.#parts.live.config;
  }

  /** Works by another configuration on what begins from now on. Resolves when its budgets are told, or were given the time. */
  async useConfig(next: Config): Promise<void> {
    this.#parts.live.use(next);
    this.#catalogues.use(next);
    this.#router.use(next, pricesOf(next));
    this.#telemetry.use(next);
    this.#clients?.configChanged();
    this.#wake();
    await withDeadline(Promise.resolve(this.#parts.budgets?.changed()), WRITE_MS).catch(() => {});
  }

  /** Takes changes of stored keys. */
  useKeys(changes: readonly StoredKey[]): void {
    for (const held of [this.#ownBudgets, this.#steps]) held.changed(changes);
    this.#runs.endOf(this.#clients?.useKeys(changes) ?? []);
  }

  /** Id of the supervisor. */
  get instance(): string {
    return this.#parts.start.instance;
  }

  get store(): Store {
    return this.#parts.store;
  }

  /** Makes the listener for the connections of clients. */
  clientListener(options: Pick<PublicListenerOptions, 'find' | 'explain' | 'giveBack'>): PublicListener {
    const { live, log, metrics } = this.#parts;
    const { config, answer, findKey, secrets } = this;
    const shared = { live, log, registry: metrics.registry, descriptors: this.#descriptors, answer, findKey, secrets };
    const rehearsed = () => (config.rehearsal && this.#rehearsalUrl !== undefined ? config.rehearsal.providers : []);
    const calls = { runs: this.#runs, responses: this.#runs, refusals: this.#refusals };
    this.#clients = new PublicListener({ ...options, ...shared, ...calls, rehearsed });
    return this.#clients;
  }

  /** Resolves when the batch (a list of SessionEvent as MessagePack) is committed. */
  commitEvents(batch: Uint8Array): Promise<void> {
    return this.ingest.commitBatch(batch);
  }

  /** Rejects while an id that nobody is known to have may have been handed out and wait to be written. */
  readonly ownersOf: FindOwners = async (digests) => {
    const { store, health } = this.#parts;
    const owners = await store.idOwners(digests, Date.now());
    const fault = digests.every((digest) => digest in owners) ? undefined : health.unwritten();
    if (fault !== undefined) throw new StoreError(fault, new Error('what was handed out may not be written yet'));
    return digests.map((digest) => owners[digest] ?? null);
  };

  readonly findKey: FindKey = (asked) => this.#parts.store.key(asked);
  /** The client secrets, of which this process counts the uses where it owns the store. */
  get secrets(): SecretStore {
    const { secret: find, useSecret, returnSecret: giveBack } = this.store;
    return { find, use: (digest) => useSecret(digest, Date.now()), giveBack };
  }

  useRehearsal(url: string): void {
    this.#rehearsalUrl = url;
  }

  /** Returns what a new call would be refused with here. */
  readiness(): Readiness {
    const fault = this.#parts.health.look();
    const isShort = this.#descriptors.state(1) !== 'free';
    const calls = [...(fault ? [storeFailed(fault)] : []), ...(isShort ? [outOfDescriptors] : [])];
    return { calls, catalogues: this.#catalogues.report() };
  }

  /** Lets running work end, for as long as that, and closes the store. When called again, the shorter time counts. */
  async close(graceMs: number): Promise<void> {
    this.#stopMaintenance?.();
    for (const watch of [this.#steps, this.#catalogues, this.#parts.budgets, this.#parts.keys]) watch?.stop();
    const ended = Promise.allSettled([
      ...[this.#runner.close(graceMs), this.#webhooks?.close(graceMs), this.#runs.drain(graceMs)],
      withDeadline(this.#router.idle(), graceMs),
    ]);
    await withDeadline(ended, graceMs + WRITE_MS).catch(() => {});
    this.#closing ??= this.#closeStore();
    await this.#closing;
  }

  async #closeStore(): Promise<void> {
    const { log, store, health } = this.#parts;
    health.stop();
    await withDeadline(this.#router.close(), WRITE_MS).catch(() => {});
    await Promise.all([this.#runs.close(), this.#steps.close(WRITE_MS)]);
    const released = this.#lease
      ?.release()
      .catch((error: unknown) => log.error(faultOf(error), 'lease not given back'));
    await Promise.all([this.#telemetry.close(EXPORT_MS), released]);
    await store.close();
  }

  #onCommitted(events: readonly SessionEvent[]): void {
    this.metrics.stored(events);
    this.#wake();
  }

  #wake(): void {
    this.#runner.wake();
    this.#webhooks?.wake();
  }
}
