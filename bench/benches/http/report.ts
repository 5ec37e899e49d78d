// The tables and measures of the HTTP benchmark.

import type { BenchResult } from '../../bench.ts';
import { encodeHistogram, mergeHistograms, percentilesMs } from '../../figures/histogram.ts';
import type { Measure } from '../../figures/results.ts';
import { median } from '../../figures/statistics.ts';
import {
  answersOf,
  type EndpointRun,
  HTTP_CONNECTIONS,
  HTTP_SESSIONS,
  type HttpEndpoint,
  type HttpRun,
} from './data.ts';

const rateOf = (run: HttpRun): number => answersOf(run) / run.seconds;

export function describeHttp(
  endpoints: readonly HttpEndpoint[],
  runs: ReadonlyMap<string, readonly EndpointRun[]>,
  missing: readonly string[] = [],
): BenchResult {
  const of = ({ id }: HttpEndpoint) => runs.get(id) ?? [];
  const merged = new Map(endpoints.map((one) => [one.id, mergeHistograms(of(one).map(({ latency }) => latency))]));
  const rows = endpoints.map((one) => {
    const { p50, p90, p99, max, count } = percentilesMs(merged.get(one.id) ?? mergeHistograms([]));
    const cpu = median(of(one).flatMap(({ cpuUs }) => cpuUs ?? []));
    return [one.title, median(of(one).map(rateOf)), p50, p90, p99, max, count, Number.isFinite(cpu) ? cpu : null];
  });
  const measure = (id: string, unit: string, better: Measure['better'], rounds: number[]): Measure => {
    return { id: `http.${id}`, unit, better, rounds, paired: false };
  };
  return {
    figures: [],
    measures: endpoints.flatMap((one) => [
      measure(`rate.${one.id}`, '1/s', 'higher', of(one).map(rateOf)),
      measure(
        `p99_ms.${one.id}`,
        'ms',
        'lower',
        of(one).map(({ latency }) => percentilesMs(latency).p99),
      ),
      measure(
        `cpu_us.${one.id}`,
        'us',
        'lower',
        of(one).flatMap(({ cpuUs }) => cpuUs ?? []),
      ),
    ]),
    tables: [
      {
        title: `closed loop on ${HTTP_CONNECTIONS} connections, ${HTTP_SESSIONS} sessions open: latency in ms`,
        columns: ['', 'requests/s', 'p50', 'p90', 'p99', 'max', 'requests', 'CPU us/request'],
        rows,
      },
    ],
    plots: [],
    histograms: Object.fromEntries([...merged].map(([id, histogram]) => [`http-${id}`, encodeHistogram(histogram)])),
    notes: [...missing, ...endpoints.flatMap((one) => faultsOf(one, of(one)))],
  };
}

/** Answers with another status than the expected one, and requests without an answer. */
function faultsOf({ title, status }: HttpEndpoint, runs: readonly HttpRun[]): string[] {
  const errors = runs.reduce((sum, one) => sum + one.errors, 0);
  const others = runs.reduce((sum, one) => sum + answersOf(one) - (one.statuses[status] ?? 0), 0);
  return [
    ...(errors > 0 ? [`${title}: ${errors} requests without an answer`] : []),
    ...(others > 0 ? [`${title}: ${others} answers with another status than ${status}`] : []),
  ];
}
