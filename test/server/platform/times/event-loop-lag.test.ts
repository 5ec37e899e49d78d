// The lag of the event loop, as a scraper reads it.

import { setTimeout as delay } from 'node:timers/promises';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { DISABLED_INTERVAL_MS, exportEventLoopLag } from '../../../../server/platform/times/event-loop-lag.ts';
import { sample, sampleOf } from '../../../support/metrics.ts';

function lagRegistry(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: DISABLED_INTERVAL_MS });
  exportEventLoopLag(registry);
  return registry;
}

const NAMES = ['min', 'max', 'mean', 'stddev', 'p50', 'p90', 'p99'].map(
  (statistic) => `nodejs_eventloop_lag_${statistic}_seconds`,
);

test('exports every statistic once, as 0 before the first measurement', async () => {
  const text = await lagRegistry().metrics();
  for (const name of NAMES) {
    expect(text.split('\n').filter((line) => line.startsWith(`${name} `))).toEqual([`${name} 0`]);
  }
});

test('reports how long the loop was blocked, without the time between two measurements', async () => {
  const registry = lagRegistry();
  await delay(250);
  for (const until = performance.now() + 600; performance.now() < until; );
  await delay(50);
  const text = await registry.metrics();
  expect(sample(text, 'nodejs_eventloop_lag_max_seconds')).toBeGreaterThan(0.45);
  expect(sample(text, 'nodejs_eventloop_lag_max_seconds')).toBeLessThan(2);
  expect(sample(text, 'nodejs_eventloop_lag_p99_seconds')).toBeGreaterThan(0.45);
  expect(sample(text, 'nodejs_eventloop_lag_min_seconds')).toBeLessThan(0.09);
});

test('begins anew with each scrape', async () => {
  const registry = lagRegistry();
  await delay(150);
  for (const until = performance.now() + 600; performance.now() < until; );
  await delay(50);
  expect(await sampleOf(registry, 'nodejs_eventloop_lag_max_seconds')).toBeGreaterThan(0.4);
  await delay(250);
  expect(await sampleOf(registry, 'nodejs_eventloop_lag_max_seconds')).toBeLessThan(0.4);
});
