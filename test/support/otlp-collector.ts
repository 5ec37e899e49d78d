// A collector on loopback that takes OTLP over HTTP: it decodes what comes by the messages of opentelemetry-proto 1, whose fields stand below with
// their numbers, and answers as its script says.

import { createServer, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import protobuf from 'protobufjs';
import { onTestFinished } from 'vitest';
import { until } from './until.ts';

const field = (type: string, id: number, rule?: 'repeated') => ({ type, id, ...(rule && { rule }) });
const list = (type: string, id: number) => field(type, id, 'repeated');

const { Traces, Metrics, Taken } = protobuf.Root.fromJSON({
  nested: {
    AnyValue: {
      oneofs: { value: { oneof: ['stringValue', 'boolValue', 'intValue', 'doubleValue', 'arrayValue'] } },
      fields: {
        ...{ stringValue: field('string', 1), boolValue: field('bool', 2), intValue: field('int64', 3) },
        ...{ doubleValue: field('double', 4), arrayValue: field('ArrayValue', 5) },
      },
    },
    ArrayValue: { fields: { values: list('AnyValue', 1) } },
    KeyValue: { fields: { key: field('string', 1), value: field('AnyValue', 2) } },
    Resource: { fields: { attributes: list('KeyValue', 1) } },
    Scope: { fields: { name: field('string', 1), version: field('string', 2) } },
    Event: { fields: { time: field('fixed64', 1), name: field('string', 2), attributes: list('KeyValue', 3) } },
    Status: { fields: { message: field('string', 2), code: field('int32', 3) } },
    Span: {
      fields: {
        ...{ traceId: field('bytes', 1), spanId: field('bytes', 2), traceState: field('string', 3) },
        ...{ parentSpanId: field('bytes', 4), name: field('string', 5), kind: field('int32', 6) },
        ...{ start: field('fixed64', 7), end: field('fixed64', 8), attributes: list('KeyValue', 9) },
        ...{ events: list('Event', 11), status: field('Status', 15), flags: field('fixed32', 16) },
      },
    },
    ScopeSpans: { fields: { scope: field('Scope', 1), spans: list('Span', 2) } },
    ResourceSpans: { fields: { resource: field('Resource', 1), scopeSpans: list('ScopeSpans', 2) } },
    Traces: { fields: { resourceSpans: list('ResourceSpans', 1) } },
    NumberPoint: {
      oneofs: { number: { oneof: ['asDouble', 'asInt'] } },
      fields: {
        ...{ start: field('fixed64', 2), time: field('fixed64', 3), asDouble: field('double', 4) },
        ...{ asInt: field('sfixed64', 6), attributes: list('KeyValue', 7) },
      },
    },
    HistogramPoint: {
      fields: {
        ...{ start: field('fixed64', 2), time: field('fixed64', 3), count: field('fixed64', 4) },
        ...{ sum: field('double', 5), bucketCounts: list('fixed64', 6), explicitBounds: list('double', 7) },
        attributes: list('KeyValue', 9),
      },
    },
    Gauge: { fields: { dataPoints: list('NumberPoint', 1) } },
    Sum: {
      fields: {
        ...{ dataPoints: list('NumberPoint', 1), temporality: field('int32', 2), isMonotonic: field('bool', 3) },
      },
    },
    Histogram: { fields: { dataPoints: list('HistogramPoint', 1), temporality: field('int32', 2) } },
    Metric: {
      fields: {
        ...{ name: field('string', 1), description: field('string', 2), unit: field('string', 3) },
        ...{ gauge: field('Gauge', 5), sum: field('Sum', 7), histogram: field('Histogram', 9) },
      },
    },
    ScopeMetrics: { fields: { scope: field('Scope', 1), metrics: list('Metric', 2) } },
    ResourceMetrics: { fields: { resource: field('Resource', 1), scopeMetrics: list('ScopeMetrics', 2) } },
    Metrics: { fields: { resourceMetrics: list('ResourceMetrics', 1) } },
    PartialSuccess: { fields: { rejected: field('int64', 1), message: field('string', 2) } },
    Taken: { fields: { partialSuccess: field('PartialSuccess', 1) } },
  },
}) as protobuf.Root & Record<'Traces' | 'Metrics' | 'Taken', protobuf.Type>;

// biome-ignore lint/suspicious/noExplicitAny: a test looks into what was decoded as it likes
type Decoded = any;

export interface DecodedSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  /** '' for a root. */
  readonly parentSpanId: string;
  readonly traceState: string;
  readonly kind: 'internal' | 'server' | 'client';
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly events: readonly {
    readonly name: string;
    readonly at: number;
    readonly attributes: Readonly<Record<string, unknown>>;
  }[];
  readonly status: 'unset' | 'ok' | 'error';
  readonly resource: Readonly<Record<string, unknown>>;
}

export interface DecodedMetric {
  readonly name: string;
  readonly unit: string;
  readonly type: 'gauge' | 'sum' | 'histogram';
  readonly isMonotonic: boolean;
  readonly points: readonly Decoded[];
  readonly resource: Readonly<Record<string, unknown>>;
}

const decodedValue = (value: Decoded): unknown =>
  value.arrayValue ? value.arrayValue.values.map(decodedValue) : value[value.value ?? Object.keys(value)[0] ?? ''];

const attributesOf = (attributes: Decoded = []): Readonly<Record<string, unknown>> =>
  Object.fromEntries(attributes.map(({ key, value }: Decoded) => [key, decodedValue(value)]));

const hex = (bytes: Uint8Array | string | undefined): string =>
  typeof bytes === 'string' ? Buffer.from(bytes, 'base64').toString('hex') : Buffer.from(bytes ?? []).toString('hex');

function spansOf(body: Buffer): DecodedSpan[] {
  const { resourceSpans } = Traces.toObject(Traces.decode(body), {
    longs: Number,
    arrays: true,
    oneofs: true,
  }) as Decoded;
  return resourceSpans.flatMap(({ resource, scopeSpans }: Decoded) =>
    scopeSpans.flatMap(({ spans }: Decoded) =>
      spans.map((span: Decoded) => ({
        ...{ name: span.name, traceId: hex(span.traceId), spanId: hex(span.spanId) },
        ...{ parentSpanId: hex(span.parentSpanId), traceState: span.traceState ?? '' },
        kind: ['unspecified', 'internal', 'server', 'client'][span.kind],
        ...{ startedAt: span.start / 1e6, endedAt: span.end / 1e6, attributes: attributesOf(span.attributes) },
        events: span.events.map(({ name, time, attributes }: Decoded) => ({
          ...{ name, at: time / 1e6, attributes: attributesOf(attributes) },
        })),
        status: ['unset', 'ok', 'error'][span.status?.code ?? 0],
        resource: attributesOf(resource.attributes),
      })),
    ),
  );
}

function metricsOf(body: Buffer): DecodedMetric[] {
  const { resourceMetrics } = Metrics.toObject(Metrics.decode(body), {
    longs: Number,
    arrays: true,
    oneofs: true,
  }) as Decoded;
  return resourceMetrics.flatMap(({ resource, scopeMetrics }: Decoded) =>
    scopeMetrics.flatMap(({ metrics }: Decoded) =>
      metrics.map((metric: Decoded) => {
        const type = (['gauge', 'sum', 'histogram'] as const).find((kind) => metric[kind]) ?? 'gauge';
        const points = metric[type].dataPoints.map((point: Decoded) => ({
          ...point,
          attributes: attributesOf(point.attributes),
        }));
        const { name, unit = '' } = metric;
        return {
          name,
          unit,
          type,
          isMonotonic: metric.sum?.isMonotonic === true,
          points,
          resource: attributesOf(resource.attributes),
        };
      }),
    ),
  );
}

interface CollectorScript {
  /** The status of answers; 0 gives none. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Spans that it says it did not take, of each request. */
  readonly rejected?: number;
  /** Bytes of an answer that never ends. */
  readonly endless?: number;
}

export interface OtlpCollector {
  /** `http://127.0.0.1:<port>/otlp`. */
  readonly url: string;
  readonly port: number;
  /** All spans that came, oldest first, also those that it did not take. */
  readonly spans: readonly DecodedSpan[];
  /** The metrics that came last. */
  readonly metrics: readonly DecodedMetric[];
  readonly requests: readonly { readonly path: string; readonly headers: IncomingHttpHeaders }[];
  change(script: CollectorScript): void;
  /** Waits for spans that fit, and returns all that came. */
  until(test: (spans: readonly DecodedSpan[]) => boolean): Promise<readonly DecodedSpan[]>;
  close(): Promise<void>;
}

/** Starts one that closes with the test. */
export async function otlpCollector(given: CollectorScript & { readonly port?: number } = {}): Promise<OtlpCollector> {
  let script: CollectorScript = given;
  const spans: DecodedSpan[] = [];
  let metrics: readonly DecodedMetric[] = [];
  const requests: { path: string; headers: IncomingHttpHeaders }[] = [];
  const server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      const { status = 200, headers = {}, rejected, endless } = script;
      requests.push({ path: request.url ?? '', headers: request.headers });
      if (request.url === '/otlp/v1/traces') spans.push(...spansOf(body));
      if (request.url === '/otlp/v1/metrics') metrics = metricsOf(body);
      if (status === 0) return;
      response.writeHead(status, { 'content-type': 'application/x-protobuf', ...headers });
      if (endless !== undefined) {
        response.write(Buffer.alloc(endless));
        return;
      }
      response.end(rejected === undefined ? '' : Taken.encode({ partialSuccess: { rejected } }).finish());
    });
  });
  await new Promise<void>((resolve) => server.listen(given.port ?? 0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = () =>
    new Promise<void>((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    });
  onTestFinished(close);
  return {
    url: `http://127.0.0.1:${port}/otlp`,
    port,
    spans,
    get metrics() {
      return metrics;
    },
    requests,
    change(next) {
      script = next;
    },
    async until(test) {
      await until(() => test(spans));
      return spans;
    },
    close,
  };
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece);
  return Buffer.concat(pieces);
}
