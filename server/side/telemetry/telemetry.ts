// Telemetry as a whole: spans and metrics on their way to the collector that the configuration names. Rule: without one nothing is made, and with
// one nobody waits for it.

import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import { Counter, type Registry } from 'prom-client';
import type { TraceParent } from '../../../codecs/text/trace-parent.ts';
import type { TelemetryConfig } from '../../config/side/telemetry-schema.ts';
import { withDeadline } from '../../platform/deadline.ts';
import { version } from '../../platform/entry.ts';
import { faultOf } from '../../platform/log.ts';
import type { ProxySettings } from '../../platform/outbound/proxy.ts';
import { type Collector, openCollector, type Posted } from './collector.ts';
import { metricData } from './metric-data.ts';
import { loadOtlp, type Otlp } from './otlp.ts';
import { newContext, type TraceSpan } from './span.ts';
import { type SpanCounts, SpanQueue } from './span-queue.ts';

/** The settings that it goes by. */
interface TelemetrySettings {
  readonly telemetry?: TelemetryConfig | undefined;
  readonly proxy?: ProxySettings | undefined;
}

interface TelemetryOptions {
  readonly config: TelemetrySettings;
  readonly log: Logger;
  readonly metrics: { readonly registry: Registry };
  /** The name of this process among those of its machine and of others. */
  readonly instance: string;
  /** Returns the metrics of all processes as prom-client's JSON; undefined where another process exports them. */
  readonly allMetrics?: (() => Promise<readonly object[]>) | undefined;
}

/** Takes spans. */
export interface Tracer {
  /** Share of the traces begun here that are kept. */
  readonly sample: number;
  /** Whether spans have words. */
  readonly hasContent: boolean;
  /** The place of a span that begins. */
  begin(parent: TraceParent | undefined): TraceParent;
  /** Takes a span that has ended; one that is not sampled is left out. */
  end(span: TraceSpan): void;
  /** Counts work that gets no spans, since too much of it waits. */
  drop(): void;
}

/** Time for what waits when a reload names another collector. */
const REPLACED_MS = 5000;

export class Telemetry {
  readonly #options: TelemetryOptions;
  readonly #counts: SpanCounts;
  readonly #startedAt = Date.now();
  /** Exports that are replaced and end. */
  readonly #ending = new Set<Promise<void>>();
  readonly #working = new Set<Promise<void>>();
  #settings: TelemetrySettings = {};
  #exports: Exports | undefined;

  constructor(options: TelemetryOptions) {
    this.#options = options;
    this.#counts = countSpans(options.metrics.registry);
    this.use(options.config);
  }

  /** Undefined while telemetry is not configured. */
  get tracer(): Tracer | undefined {
    return this.#exports?.tracer;
  }

  /** Goes by other settings from now on. What waits for the collector of before is sent there. */
  use({ telemetry, proxy }: TelemetrySettings): void {
    const next = { telemetry, proxy };
    if (isDeepStrictEqual(next, this.#settings)) return;
    this.#settings = next;
    const replaced = this.#exports?.close(REPLACED_MS);
    if (replaced !== undefined) {
      this.#ending.add(replaced);
      void replaced.finally(() => this.#ending.delete(replaced));
    }
    const more = { ...this.#options, counts: this.#counts, since: this.#startedAt, proxy };
    this.#exports = telemetry && startExports(telemetry, more);
  }

  /** Has `close` wait for work that makes spans. */
  awaitBeforeClose(work: Promise<void>): void {
    this.#working.add(work);
    void work.finally(() => this.#working.delete(work));
  }

  /** Resolves when the spans of all work are made, or after so long, and what waits then is sent, or after as long again. */
  async close(limitMs: number): Promise<void> {
    await withDeadline(Promise.allSettled(this.#working), limitMs).catch(() => {});
    await Promise.race([
      Promise.allSettled([this.#exports?.close(limitMs), ...this.#ending]),
      new Promise((resolve) => setTimeout(resolve, limitMs).unref()),
    ]);
  }
}

interface Exports {
  readonly tracer: Tracer;
  close(limitMs: number): Promise<void>;
}

interface ExportOptions extends Pick<TelemetryOptions, 'log' | 'instance' | 'allMetrics'> {
  readonly counts: SpanCounts;
  /** When the metrics began, in ms since the epoch. */
  readonly since: number;
  readonly proxy: ProxySettings | undefined;
}

function startExports(telemetry: TelemetryConfig, { log, counts, proxy, ...options }: ExportOptions): Exports {
  const collector = openCollector(telemetry, proxy);
  const otlp = loadOtlp({
    'service.name': telemetry.serviceName,
    'service.version': version,
    'service.instance.id': options.instance,
    ...telemetry.resource,
  }).catch((error: unknown) => {
    log.error(faultOf(error), 'telemetry is off: its packages cannot be loaded');
    return undefined;
  });
  const queue = new SpanQueue({
    ...{ max: telemetry.queue, counts, log },
    send: (spans, signal) => sendSpans(spans, { collector, otlp, signal }),
  });
  const stopMetrics = exportMetrics(telemetry.metricsMs, { ...options, collector, otlp, log });
  const { sample, content: hasContent } = telemetry;
  return {
    tracer: {
      ...{ sample, hasContent },
      begin: (parent) => newContext(parent, sample),
      end(span) {
        if (span.context.isSampled) queue.push(span);
      },
      drop: () => counts.dropped('queue_full', 1),
    },
    async close(limitMs) {
      stopMetrics();
      await queue.close(limitMs);
      await collector.close();
    },
  };
}

/** Undefined where the packages cannot be loaded. */
type Loading = Promise<Otlp | undefined>;

interface Sending {
  readonly collector: Collector;
  readonly otlp: Loading;
  readonly signal: AbortSignal;
}

async function sendSpans(
  spans: readonly TraceSpan[],
  { collector, otlp, signal }: Sending,
): Promise<Posted & { readonly rejected?: number }> {
  const loaded = await otlp;
  if (!loaded) return { kind: 'refused', fault: 'not_installed' };
  const body = written(() => loaded.spans(spans));
  if (body === undefined) return { kind: 'refused', fault: 'not_written' };
  const posted = await collector.post('/v1/traces', body, signal);
  return posted.kind === 'taken' ? { ...posted, rejected: loaded.rejectedSpans(posted.answer) } : posted;
}

/** Undefined for what cannot be written. */
function written(write: () => Uint8Array | undefined): Uint8Array | undefined {
  try {
    return write();
  } catch {
    return undefined;
  }
}

type MetricsOptions = Pick<ExportOptions, 'allMetrics' | 'since' | 'log'> & Omit<Sending, 'signal'>;

/** Exports every so often; one export that fails is made up for by the next. Returns what ends it. */
function exportMetrics(everyMs: number, { allMetrics, since, log, collector, otlp }: MetricsOptions): () => void {
  if (allMetrics === undefined || everyMs === 0) return () => {};
  let isFailing = false;
  const send = async (): Promise<Posted> => {
    const [loaded, perProcess] = await Promise.all([otlp, allMetrics()]);
    const body = loaded?.metrics(await metricData(perProcess, { since, until: Date.now() }));
    return body ? collector.post('/v1/metrics', body) : { kind: 'refused', fault: 'not_installed' };
  };
  const tick = async (): Promise<void> => {
    const posted = await send().catch(
      (error: unknown): Posted => ({ kind: 'later', fault: String(faultOf(error).fault) }),
    );
    if (posted.kind !== 'taken' && !isFailing) log.warn({ fault: posted.fault }, 'the collector does not take metrics');
    isFailing = posted.kind !== 'taken';
    if (!isStopped) timer = setTimeout(tick, everyMs).unref();
  };
  let isStopped = false;
  let timer = setTimeout(tick, everyMs).unref();
  return () => {
    isStopped = true;
    clearTimeout(timer);
  };
}

function countSpans(registry: Registry): SpanCounts {
  const spans = new Counter({
    name: 'trunkline_telemetry_spans_total',
    help: 'spans by what became of them: exported; or dropped because too many waited (queue_full), the collector did not want them (refused), or the process ended, or another collector was named, first (unsent)',
    labelNames: ['outcome'],
    registers: [registry],
  });
  for (const outcome of ['exported', 'queue_full', 'refused', 'unsent']) spans.inc({ outcome }, 0);
  return {
    exported: (count) => spans.inc({ outcome: 'exported' }, count),
    dropped: (reason, count) => spans.inc({ outcome: reason }, count),
  };
}
