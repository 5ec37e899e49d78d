// The metrics of all processes as a collector decodes them: names, labels, values and buckets are those of /metrics.

import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { expect, onTestFinished, test } from 'vitest';
import { Telemetry } from '../../../../server/side/telemetry/telemetry.ts';
import { otlpCollector } from '../../../support/otlp-collector.ts';
import { exportedTo, silent } from '../../../support/tracing.ts';
import { until } from '../../../support/until.ts';

function processWith(calls: number, seconds: readonly number[]): Registry {
  const registry = new Registry();
  const registers = [registry];
  new Counter({ name: 'test_calls_total', help: 'calls', labelNames: ['code'], registers }).inc({ code: 'ok' }, calls);
  new Gauge({ name: 'test_open_bytes', help: 'open', registers }).set(calls);
  const waits = new Histogram({
    name: 'test_wait_seconds',
    help: 'waits',
    labelNames: ['kind'],
    buckets: [1, 2],
    registers,
  });
  for (const second of seconds) waits.observe({ kind: 'a' }, second);
  return registry;
}

test('counters, gauges and histograms come added up over processes, again and again', async () => {
  const collector = await otlpCollector();
  const processes = [processWith(2, [0.5, 1.5]), processWith(3, [5])];
  const telemetry = new Telemetry({
    config: {
      telemetry: exportedTo(collector, { metricsMs: 20, resource: { 'deployment.environment.name': 'test' } }),
    },
    ...{ log: silent, metrics: { registry: new Registry() }, instance: 'one' },
    allMetrics: () => Promise.all(processes.map((registry) => registry.getMetricsAsJSON())),
  });
  onTestFinished(() => telemetry.close(0));
  await until(() => collector.requests.length >= 2 && collector.metrics.length > 0);
  const named = (name: string) => collector.metrics.find((metric) => metric.name === name);
  expect(named('test_calls_total')).toMatchObject({
    type: 'sum',
    isMonotonic: true,
    points: [{ asDouble: 5, attributes: { code: 'ok' } }],
    resource: { 'service.name': 'trunkline', 'service.instance.id': 'one', 'deployment.environment.name': 'test' },
  });
  expect(named('test_open_bytes')).toMatchObject({ type: 'gauge', unit: 'By', points: [{ asDouble: 5 }] });
  const waits = named('test_wait_seconds');
  expect(waits).toMatchObject({
    ...{ type: 'histogram', unit: 's' },
    points: [{ count: 3, sum: 7, bucketCounts: [1, 1, 1], explicitBounds: [1, 2], attributes: { kind: 'a' } }],
  });
  expect(waits?.points[0].time).toBeGreaterThanOrEqual(waits?.points[0].start);
});
