// Describes the export of traces and metrics.

import { z } from 'zod';
import { MAX_TIMER_MS, ms, positive } from './side-limits-schema.ts';

/** The name of a header that is not the exporter's own. */
const headerName = z
  .string()
  .regex(
    /^(?!(host|connection|content-(type|length|encoding)|transfer-encoding)$)[\w!#$%&'*+.^`|~-]+$/i,
    'expected the name of a header, and none that says how the body is sent',
  );
const headerValue = z.string().regex(/^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/, 'expected printable ASCII');

/** The export of traces and metrics by OTLP over HTTP. */
export const telemetrySchema = z.strictObject({
  otlp: z.string().describe('URL of the collector. /v1/traces and /v1/metrics are added to it.'),
  headers: z
    .record(headerName, headerValue)
    .default({})
    .describe('Headers of each request to it, such as its credential.'),
  allowPrivate: z.boolean().default(false).describe('Whether otlp may be http:, or a loopback or private address.'),
  sample: z
    .number()
    .min(0)
    .max(1)
    .default(1)
    .describe('Share of the traces that are kept. One that a client has begun is kept where its traceparent says so.'),
  content: z
    .boolean()
    .default(false)
    .describe('Whether spans have the words of both sides. Those of regulated sessions and calls never do.'),
  serviceName: z.string().min(1).max(200).default('trunkline').describe('Value of service.name.'),
  resource: z
    .record(z.string().min(1).max(200), z.string().max(1000))
    .default({})
    .describe('Further attributes of all spans and metrics, such as deployment.environment.name.'),
  metricsMs: z
    .int()
    .min(0)
    .max(MAX_TIMER_MS)
    .default(60_000)
    .describe('Time between two exports of the metrics. 0 exports none.'),
  queue: positive(1_000_000)
    .default(4096)
    .describe('Spans that wait for the collector, in each side process. Beyond it new ones are dropped, and counted.'),
  timeoutMs: ms.default(10_000).describe('Longest wait for an answer of the collector.'),
});
export type TelemetryConfig = Readonly<z.infer<typeof telemetrySchema>>;
