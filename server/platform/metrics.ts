// Prometheus metrics of one process. The frame path only adds to plain numbers; prom-client sees them when it is asked.

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Direction } from '../../codecs/websocket/frame.ts';
import { DISABLED_INTERVAL_MS, exportEventLoopLag } from './times/event-loop-lag.ts';
import { Traffic } from './times/traffic.ts';

/** Upper bounds of the residence buckets in milliseconds: the hop is expected in the first third. */
const RESIDENCE_BOUNDS_MS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 1000, Number.POSITIVE_INFINITY];
const TURN_BOUNDS_S = [0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 10, 30];
const DIAL_BOUNDS_S = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const DIRECTIONS: readonly Direction[] = ['upstream', 'downstream'];

export type Metrics = ReturnType<typeof createMetrics>;

/** `liveSessions` is asked at each scrape. */
export function createMetrics(liveSessions: () => number, labels: SubjectLabels = subjectLabels()) {
  const registry = new Registry();
  const registers = [registry];
  const traffic = countTraffic(registry);
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: DISABLED_INTERVAL_MS });
  for (const name of GAUGES_NAMED_AS_COUNTERS) registry.removeSingleMetric(name);
  exportEventLoopLag(registry);
  exportGauge(registry, { name: 'trunkline_sessions', help: 'live sessions', read: liveSessions });
  const counter = <Label extends string>(name: string, help: string, ...labelNames: Label[]) =>
    new Counter({ name, help, labelNames, registers });
  const opened = counter('trunkline_sessions_opened_total', 'sessions opened', 'provider', 'dialect', ...labels.names);
  const dialled = counter(
    'trunkline_dials_total',
    'providers dialled: on a connection opened ahead (warm), on a new one (cold) or on one after the other (stale)',
    'connection',
  );
  const tried = counter(
    'trunkline_target_tries_total',
    'targets that were tried for sessions of a name of models, by what became of it: open, or the code of a refusal; breaker_open and rate_limited were passed over',
    'alias',
    'provider',
    'outcome',
  );
  const closed = counter(
    'trunkline_closes_total',
    'sessions ended, by reason and the close code that the client saw',
    'reason',
    'code',
    ...labels.names,
  );
  const moved = counter(
    'trunkline_provider_moves_total',
    'sessions that went on at another socket of their provider, by what ended the one before; due: ahead of the end that the provider had set',
    'provider',
    'why',
  );
  const returned = counter('trunkline_client_returns_total', 'clients that came back to their session', 'provider');
  const turns = new Histogram({
    name: 'trunkline_turn_seconds',
    help: 'turn latency: end of speech to first audio, request to first audio, request to first text',
    labelNames: ['kind', 'provider'],
    buckets: TURN_BOUNDS_S,
    registers,
  });
  const dials = new Histogram({
    name: 'trunkline_dial_seconds',
    help: 'time until a provider answered an upgrade, by what became of it; connecting is part of it where none was opened ahead',
    labelNames: ['provider', 'outcome'],
    buckets: DIAL_BOUNDS_S,
    registers,
  });
  return {
    registry,
    traffic,
    turn(times: TurnTimes, provider: string): void {
      for (const [kind, ms] of Object.entries(times))
        turns.observe({ kind: kind.replace(/Ms$/, ''), provider }, ms / 1000);
    },
    ...countRefusals(registry, labels.maxValues),
    dialled(connection: ConnectionOrigin, { provider, outcome, ms }: Dial): void {
      dialled.inc({ connection });
      dials.observe({ provider, outcome }, ms / 1000);
    },
    tried: (target: { readonly alias: string; readonly provider: string; readonly outcome: string }) =>
      tried.inc(target),
    moved: (provider: string, why: string) => moved.inc({ provider, why }),
    returned: (provider: string) => returned.inc({ provider }),
    opened: (provider: string, dialect: string, subject: Subject = {}) =>
      opened.inc({ provider, dialect, ...labels.of(subject) }),
    closed: (reason: string, code: number, subject: Subject = {}) =>
      closed.inc({ reason, code, ...labels.of(subject) }),
  };
}

export type RefusalCounts = ReturnType<typeof countRefusals>;

/** Refusals are counted in every process that clients reach. `maxKeys`: keys that have series of their own; all others are `other`. */
export function countRefusals(registry: Registry, maxKeys: number) {
  const keys = subjectLabels({ labels: ['key'], maxLabelValues: maxKeys });
  const registers = [registry];
  const refused = new Counter({
    name: 'trunkline_refusals_total',
    help: 'handshakes and requests refused, by reason',
    labelNames: ['code', 'status'],
    registers,
  });
  const refusedCalls = new Counter({
    name: 'trunkline_refused_calls_total',
    help: 'calls of chat completions that were answered with an error, by its code, key and class',
    labelNames: ['code', 'key', 'class'],
    registers,
  });
  return {
    refused: (code: string, status: number) => refused.inc({ code, status }),
    refusedCall: (call: RefusedCall) =>
      refusedCalls.inc({
        ...{ code: call.code, class: call.class ?? '' },
        ...keys.of({ key: call.key === undefined ? undefined : { id: call.key } }),
      }),
  };
}

/** `key`: the id of a configured key; `class`: a configured class. Undefined where there is none, or it is not known. */
interface RefusedCall {
  readonly code: string;
  readonly key?: string | undefined;
  readonly class?: string | undefined;
}

/** The key and the model that something is counted for; undefined where there is none, or it is not known. */
interface Subject {
  readonly key?: { readonly id: string; readonly team?: string | undefined } | undefined;
  readonly model?: string | undefined;
}

export type SubjectLabels = ReturnType<typeof subjectLabels>;

/**
 * Makes labels that the configuration asks for. Clients choose the names of models, so each label has so many values at most: the first
 * that come; all others count as `other`.
 */
export function subjectLabels({
  labels,
  maxLabelValues,
}: {
  readonly labels: readonly SubjectLabel[];
  readonly maxLabelValues: number;
} = NO_LABELS) {
  const names = [...new Set(labels)];
  const known = new Map(names.map((name) => [name, new Set<string>()]));
  function bounded(name: SubjectLabel, value = ''): string {
    const values = known.get(name);
    if (value === '' || values === undefined || values.has(value)) return value;
    if (values.size >= maxLabelValues) return 'other';
    values.add(value);
    return value;
  }
  return {
    names,
    maxValues: maxLabelValues,
    of({ key, model }: Subject): Partial<Record<SubjectLabel, string>> {
      const values = { key: key?.id, team: key?.team, model };
      return Object.fromEntries(names.map((name) => [name, bounded(name, values[name])]));
    },
  };
}

type SubjectLabel = 'key' | 'team' | 'model';
const NO_LABELS = { labels: [], maxLabelValues: 1 } as const;

/** `outcome` is the kind of a DialOutcome. */
interface Dial {
  readonly provider: string;
  readonly outcome: string;
  readonly ms: number;
}

/** Gauges of prom-client whose names end in `_total`, which promtool finds wrong; `nodejs_active_resources` has what they tell by type. */
const GAUGES_NAMED_AS_COUNTERS = ['handles', 'requests', 'resources'].map((what) => `nodejs_active_${what}_total`);

interface GaugeOptions {
  readonly name: string;
  readonly help: string;
  /** Called at each scrape. */
  read(): number;
}

export function exportGauge(registry: Registry, { name, help, read }: GaugeOptions): void {
  const gauge: Gauge = new Gauge({ name, help, registers: [registry], collect: () => gauge.set(read()) });
}

/** Frames, bytes and residence, exported from plain counters: an `observe()` for every frame would cost more than the tap. */
function countTraffic(registry: Registry) {
  const residence = { upstream: new ResidenceBuckets(), downstream: new ResidenceBuckets() };
  const traffic = { upstream: new Traffic(residence.upstream), downstream: new Traffic(residence.downstream) };
  const exported = (name: string, help: string, field: 'frames' | 'bytes'): void => {
    new Counter({
      name,
      help,
      labelNames: ['direction'],
      registers: [registry],
      collect() {
        this.reset();
        for (const direction of DIRECTIONS) this.inc({ direction }, traffic[direction][field]);
      },
    });
  };
  exported('trunkline_frames_total', 'frames forwarded', 'frames');
  exported('trunkline_bytes_total', 'payload bytes forwarded', 'bytes');
  exportHistogram(registry, (direction) => {
    traffic[direction].settle();
    return residence[direction];
  });
  return traffic;
}

class ResidenceBuckets {
  sumUs = 0;
  /** Frames by residence. */
  readonly counts = new Float64Array(RESIDENCE_BOUNDS_MS.length);

  add(us: number, frames: number): void {
    this.sumUs += us * frames;
    let index = 0;
    while (us > 1000 * (RESIDENCE_BOUNDS_MS[index] as number)) index += 1;
    this.counts[index] = (this.counts[index] as number) + frames;
  }
}

/** Registers a histogram in the shape that prom-client makes, which has none that can be filled from outside. */
function exportHistogram(registry: Registry, read: (direction: Direction) => ResidenceBuckets): void {
  const name = 'trunkline_residence_seconds';
  const help =
    'time that a frame spent inside the gateway, from its receipt until its bytes left; of messages that repeat one read in 16 is measured';
  const description = { name, help, type: 'histogram', aggregator: 'sum' };
  const metric = { ...description, get: () => ({ ...description, values: DIRECTIONS.flatMap(series) }) };
  function series(direction: Direction) {
    const { counts, sumUs } = read(direction);
    let count = 0;
    const values = RESIDENCE_BOUNDS_MS.map((boundMs, index) => {
      count += counts[index] ?? 0;
      const le = boundMs === Number.POSITIVE_INFINITY ? '+Inf' : boundMs / 1000;
      return { labels: { direction, le }, value: count, metricName: `${name}_bucket` };
    });
    return [
      ...values,
      { labels: { direction }, value: sumUs / 1e6, metricName: `${name}_sum` },
      { labels: { direction }, value: count, metricName: `${name}_count` },
    ];
  }
  registry.registerMetric(metric as unknown as Histogram);
}

/** Latencies of one turn in milliseconds, as the gateway saw them. */
export interface TurnTimes {
  readonly speechToAudioMs?: number;
  readonly speechToTextMs?: number;
  readonly requestToAudioMs?: number;
  readonly requestToTextMs?: number;
}

/** The connection of a session: opened ahead (`warm`), new (`cold`), or new after one that was opened ahead had broken off (`stale`). */
export type ConnectionOrigin = 'warm' | 'stale' | 'cold';
