// Writes spans and metrics as OTLP, by the packages of OpenTelemetry. Rule: they are optional, so they are loaded when telemetry is configured, and
// nothing is compiled against them.

import { createRequire } from 'node:module';
import { version } from '../../platform/entry.ts';
import { OWN } from './names.ts';
import type { Attributes, TraceSpan } from './span.ts';
import { textAttributes } from './span-text.ts';

/** The packages that telemetry needs: the second one writes OTLP, and needs the first. */
const PACKAGES = ['@opentelemetry/api', '@opentelemetry/otlp-transformer'] as const;

/** Returns what has to be installed; undefined when all is there. */
export function missingPackages(
  resolve: (name: string) => unknown = createRequire(import.meta.url).resolve,
): string | undefined {
  const missing = PACKAGES.filter((name) => {
    try {
      resolve(name);
      return false;
    } catch {
      return true;
    }
  });
  return missing.length === 0 ? undefined : missing.join(' ');
}

/** The part of a serializer that is used. */
interface Serializer<Request> {
  serializeRequest(request: Request): Uint8Array | undefined;
  deserializeResponse(body: Uint8Array): {
    readonly partialSuccess?: { readonly rejectedSpans?: unknown; readonly rejectedDataPoints?: unknown } | undefined;
  };
}

interface Packages {
  readonly ProtobufTraceSerializer: Serializer<readonly object[]>;
  readonly ProtobufMetricsSerializer: Serializer<object>;
}

/** A metric as the packages have it. */
export type MetricData = object;

export type Otlp = Awaited<ReturnType<typeof loadOtlp>>;

/** `resource`: the attributes of whoever sends. Rejects where the packages are not installed. */
export async function loadOtlp(resource: Attributes) {
  const { ProtobufTraceSerializer, ProtobufMetricsSerializer }: Packages = await import(PACKAGES[1] as string);
  const from = { attributes: defined(resource) };
  const scope = { name: 'trunkline', version };
  return {
    spans: (spans: readonly TraceSpan[]) =>
      ProtobufTraceSerializer.serializeRequest(
        spans.map((span) => ({ ...readable(span), resource: from, instrumentationScope: scope })),
      ),
    metrics: (metrics: readonly MetricData[]) =>
      ProtobufMetricsSerializer.serializeRequest({ resource: from, scopeMetrics: [{ scope, metrics }] }),
    /** The number of spans that the collector says it did not take, though it took the request. */
    rejectedSpans(answer: Uint8Array): number {
      try {
        return Number(ProtobufTraceSerializer.deserializeResponse(answer).partialSuccess?.rejectedSpans ?? 0);
      } catch {
        return 0;
      }
    },
  };
}

const KINDS: Readonly<Record<TraceSpan['kind'], number>> = { internal: 0, server: 1, client: 2 };
const STATUS = { unset: 0, error: 2 } as const;

/** A span in the form of the SDK. */
function readable({ name, kind, context, parent, startedAt, endedAt, attributes, events = [], error }: TraceSpan) {
  return {
    name,
    kind: KINDS[kind],
    spanContext: () => sdkContext(context),
    ...(parent && { parentSpanContext: sdkContext(parent) }),
    startTime: hrTime(startedAt),
    endTime: hrTime(Math.max(startedAt, endedAt)),
    status: error === undefined ? { code: STATUS.unset } : { code: STATUS.error, message: error },
    attributes: defined(error === undefined ? attributes : { ...attributes, [OWN.errorType]: error }),
    events: events.map((event) => ({
      name: event.name,
      time: hrTime(event.at),
      attributes: defined({ ...event.attributes, ...(event.text && textAttributes(event.text)) }),
      droppedAttributesCount: 0,
    })),
    links: [],
    ended: true,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

function sdkContext({ traceId, spanId, isSampled, state }: TraceSpan['context']) {
  const traceState = state === undefined ? undefined : { serialize: () => state };
  return { traceId, spanId, traceFlags: isSampled ? 1 : 0, traceState };
}

/** Seconds, and nanoseconds beside them. */
export function hrTime(ms: number): readonly [number, number] {
  const seconds = Math.floor(ms / 1000);
  return [seconds, Math.round((ms - seconds * 1000) * 1e6)];
}

const defined = (attributes: Attributes) =>
  Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined));
