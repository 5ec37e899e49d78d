// Holds the catalogues of the LLM gateways in a side process. The owner of the store fetches them, at its start and then with jitter; the other
// processes of the machine read what it keeps. Rule: a catalogue that cannot be fetched stays as it was, and says so.

import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import { Counter, Gauge, type Registry } from 'prom-client';
import type { LlmGatewayConfig } from '../../../config/side/llm-schema.ts';
import type { SideConfig } from '../../../config/side-schema.ts';
import type { CatalogueReport } from '../../../platform/load/readiness.ts';
import { faultOf } from '../../../platform/log.ts';
import { CatalogueError, fetchCatalogue } from './fetch.ts';
import { endpointOf, keptAt, readKept, writeKept } from './kept.ts';
import { type Catalogues, cataloguedGateways, type KnownCatalogue, keptOf, knownOf, renewed } from './known.ts';

/** Time between fetches where the configuration does not say. */
const REFRESH_MS = 3_600_000;

type Config = Pick<SideConfig, 'gateways' | 'classes' | 'proxy'>;

interface LiveOptions {
  readonly config: { readonly dataDirectory: string };
  readonly log: Logger;
  readonly metrics?: { readonly registry: Registry };
  /** True for the one process of a machine that fetches. */
  readonly isOwner: boolean;
  /** Interval of looks at what the owner keeps. */
  readonly lookMs?: number;
  /** Wait after the first fetch that failed; each further one doubles it, up to the time between refreshes. */
  readonly retryMs?: number;
}

interface Entry {
  readonly gateway: LlmGatewayConfig;
  readonly proxy: Config['proxy'];
  readonly abort: AbortController;
  known: KnownCatalogue | undefined;
  fault: string | undefined;
  failures: number;
  /** When the file that was read last was written. */
  readAt: number | undefined;
  timer: NodeJS.Timeout | undefined;
}

export class LiveCatalogues implements Catalogues {
  readonly #options: LiveOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #fetches: Counter | undefined;

  constructor(options: LiveOptions) {
    this.#options = options;
    const { metrics } = options;
    this.#fetches = metrics && exportCatalogues(metrics.registry, this.#entries);
  }

  of(gateway: string): KnownCatalogue | undefined {
    return this.#entries.get(gateway)?.known;
  }

  faultOf(gateway: string): string | undefined {
    return this.#entries.get(gateway)?.fault;
  }

  /** Returns what an operator is shown of each catalogue. */
  report(): readonly CatalogueReport[] {
    return [...this.#entries].map(([gateway, { known, fault }]) => ({
      gateway,
      models: known?.models.size ?? 0,
      fetchedAt: known && new Date(known.fetchedAt).toISOString(),
      fault,
    }));
  }

  /** Asks for the catalogues that this configuration needs, and no others. */
  use(config: Config): void {
    const needed = cataloguedGateways(config);
    for (const [name, entry] of this.#entries) {
      if (isDeepStrictEqual(needed.get(name), entry.gateway) && isDeepStrictEqual(entry.proxy, config.proxy)) continue;
      stop(entry);
      if (!needed.has(name)) this.#entries.delete(name);
    }
    for (const [name, gateway] of needed) {
      const former = this.#entries.get(name);
      if (former === undefined || former.abort.signal.aborted)
        this.#start(name, gateway, { former, proxy: config.proxy });
    }
  }

  stop(): void {
    for (const entry of this.#entries.values()) stop(entry);
  }

  #start(
    name: string,
    gateway: LlmGatewayConfig,
    { former, proxy }: { former?: Entry | undefined; proxy: Config['proxy'] },
  ): void {
    const { config, isOwner, lookMs = 2000 } = this.#options;
    const { dataDirectory } = config;
    const isSame = former !== undefined && endpointOf(former.gateway) === endpointOf(gateway);
    const kept = isSame ? undefined : readKept({ dataDirectory, name }, endpointOf(gateway));
    const known = isSame ? former.known : kept && knownOf(kept);
    const abort = new AbortController();
    const entry: Entry = {
      gateway,
      proxy,
      abort,
      known,
      fault: undefined,
      failures: 0,
      readAt: undefined,
      timer: undefined,
    };
    this.#entries.set(name, entry);
    // With another credential there may be other models.
    if (isOwner) this.#schedule(name, entry, isSame ? 0 : this.#dueIn(entry));
    else entry.timer = setInterval(() => this.#look(name, entry), lookMs).unref();
  }

  /** Spreads the refreshes of many machines: a tenth earlier or later. */
  #dueIn({ known, gateway, failures }: Entry): number {
    const { retryMs = 15_000 } = this.#options;
    const { refreshMs = REFRESH_MS } = gateway.catalogue ?? {};
    const jitter = 0.9 + 0.2 * Math.random();
    if (failures > 0) return Math.min(refreshMs, retryMs * 2 ** Math.min(failures - 1, 20)) * jitter;
    return known === undefined ? 0 : Math.max(0, known.fetchedAt + refreshMs * jitter - Date.now());
  }

  #schedule(name: string, entry: Entry, inMs: number): void {
    if (entry.abort.signal.aborted) return;
    entry.timer = setTimeout(() => void this.#refresh(name, entry), inMs).unref();
  }

  async #refresh(name: string, entry: Entry): Promise<void> {
    const { gateway, proxy, abort } = entry;
    try {
      const models = await fetchCatalogue({ gateway, proxy, signal: abort.signal });
      if (abort.signal.aborted) return;
      const next = {
        endpoint: endpointOf(gateway),
        fetchedAt: Date.now(),
        models: new Map(models.map((one) => [one.id, one])),
      };
      this.#fetched(name, entry, renewed(entry.known, next));
    } catch (error) {
      if (abort.signal.aborted) return;
      this.#failed(name, entry, error);
    }
    this.#schedule(name, entry, this.#dueIn(entry));
  }

  #fetched(gateway: string, entry: Entry, known: KnownCatalogue): void {
    const { log, config } = this.#options;
    const former = entry.known;
    const added = [...known.models.keys()].filter((id) => !former?.models.has(id)).length;
    const gone = [...(former?.models.keys() ?? [])].filter((id) => !known.models.has(id)).length;
    if (added > 0 || gone > 0 || entry.fault !== undefined)
      log.info({ gateway, models: known.models.size, added, gone }, 'catalogue fetched');
    Object.assign(entry, { known, fault: undefined, failures: 0 });
    this.#fetches?.inc({ gateway, outcome: 'ok' });
    try {
      writeKept({ dataDirectory: config.dataDirectory, name: gateway }, keptOf(known));
    } catch (error) {
      log.warn({ gateway, ...faultOf(error) }, 'catalogue cannot be kept');
    }
  }

  #failed(gateway: string, entry: Entry, error: unknown): void {
    const { log } = this.#options;
    if (!(error instanceof CatalogueError)) log.error(faultOf(error), 'catalogue failed unexpectedly');
    const why = error instanceof CatalogueError ? error.message : 'an unexpected fault';
    const { known } = entry;
    if (why !== entry.fault)
      log.warn({ gateway, why, models: known?.models.size ?? 0, fetchedAt: known?.fetchedAt }, 'catalogue not fetched');
    entry.fault = why;
    entry.failures++;
    this.#fetches?.inc({ gateway, outcome: 'failed' });
  }

  #look(name: string, entry: Entry): void {
    const place = { dataDirectory: this.#options.config.dataDirectory, name };
    const readAt = keptAt(place);
    if (readAt === undefined || readAt === entry.readAt) return;
    entry.readAt = readAt;
    const kept = readKept(place, endpointOf(entry.gateway));
    if (kept !== undefined) entry.known = knownOf(kept);
  }
}

function stop(entry: Entry): void {
  entry.abort.abort();
  clearTimeout(entry.timer);
}

function exportCatalogues(registry: Registry, entries: ReadonlyMap<string, Entry>): Counter {
  const registers = [registry];
  const perGateway = (name: string, help: string, read: (known: KnownCatalogue) => number) => {
    const gauge: Gauge = new Gauge({
      ...{ name, help, labelNames: ['gateway'], registers, aggregator: 'max' as const },
      collect() {
        gauge.reset();
        for (const [gateway, { known }] of entries) if (known !== undefined) gauge.set({ gateway }, read(known));
      },
    });
  };
  perGateway('trunkline_catalogue_models', 'models in the catalogue of an LLM gateway', ({ models }) => models.size);
  perGateway(
    'trunkline_catalogue_age_seconds',
    'time since the catalogue of an LLM gateway was fetched',
    ({ fetchedAt }) => (Date.now() - fetchedAt) / 1000,
  );
  return new Counter({
    name: 'trunkline_catalogue_fetches_total',
    help: 'fetches of catalogues, by what became of them (ok, failed)',
    labelNames: ['gateway', 'outcome'],
    registers,
  });
}
