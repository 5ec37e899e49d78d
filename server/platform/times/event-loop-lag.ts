// Measures how late the event loop runs its timers. prom-client looks a hundred times a second, which is most of what an idle process
// does and a few percent of a busy one; this looks ten times, and gives the same names.

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Gauge, type Registry } from 'prom-client';

const LOOK_MS = 100;
/** Value for `eventLoopMonitoringPrecision`: prom-client has no switch to turn its own measurement off. */
export const DISABLED_INTERVAL_MS = 2 ** 31 - 1;

/** Replaces the metrics of prom-client: lateness since the last scrape, without the wait between measurements. */
export function exportEventLoopLag(registry: Registry): void {
  const delays = monitorEventLoopDelay({ resolution: LOOK_MS });
  delays.enable();
  const late = (ns: number) => Math.max(0, ns / 1e9 - LOOK_MS / 1000);
  function gauge(statistic: string, aggregator: 'min' | 'max' | 'average', seconds: () => number): void {
    const name = `nodejs_eventloop_lag_${statistic}_seconds`;
    registry.removeSingleMetric(name);
    const help = `how late the event loop was since the last scrape: ${statistic}`;
    const collect = (): void => made.set(delays.count === 0 ? 0 : seconds());
    const made = new Gauge({ name, help, aggregator, registers: [registry], collect });
  }
  gauge('min', 'min', () => late(delays.min));
  gauge('max', 'max', () => late(delays.max));
  gauge('mean', 'average', () => late(delays.mean));
  gauge('stddev', 'average', () => delays.stddev / 1e9);
  gauge('p50', 'average', () => late(delays.percentile(50)));
  gauge('p90', 'average', () => late(delays.percentile(90)));
  // A scrape asks in the order of registration.
  gauge('p99', 'average', () => {
    const seconds = late(delays.percentile(99));
    delays.reset();
    return seconds;
  });
}
