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
  const merged = new Map(
    endpoints.map((endpoint) => [endpoint.id, mergeHistograms(of(endpoint).map(({ latency }) => latency))]),
  );
  const rows = endpoints.map((endpoint) => {
    const { p50, p90, p99, max, count } = percentilesMs(merged.get(endpoint.id) ?? mergeHistograms([]));
    const cpu = median(of(endpoint).flatMap(({ cpuUs }) => cpuUs ?? []));
    return [
      endpoint.title,
      median(of(endpoint).map(rateOf)),
      p50,
      p90,
      p99,
      max,
      count,
      Number.isFinite(cpu) ? cpu : null,
    ];
  });
  const measure = (id: string, unit: string, better: Measure['better'], rounds: number[]): Measure => {
    return { id: `http.${id}`, unit, better, rounds, paired: false };
  };
  return {
    figures: [],
    measures: endpoints.flatMap((endpoint) => [
      measure(`rate.${endpoint.id}`, '1/s', 'higher', of(endpoint).map(rateOf)),
      measure(
        `p99_ms.${endpoint.id}`,
        'ms',
        'lower',
        of(endpoint).map(({ latency }) => percentilesMs(latency).p99),
      ),
      measure(
        `cpu_us.${endpoint.id}`,
        'us',
        'lower',
        of(endpoint).flatMap(({ cpuUs }) => cpuUs ?? []),
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
    notes: [...missing, ...endpoints.flatMap((endpoint) => faultsOf(endpoint, of(endpoint)))],
  };
}

/** Answers with another status than the expected one, and requests without an answer. */
function faultsOf({ title, status }: HttpEndpoint, runs: readonly HttpRun[]): string[] {
  const errors = runs.reduce((sum, run) => sum + run.errors, 0);
  const others = runs.reduce((sum, run) => sum + answersOf(run) - (run.statuses[status] ?? 0), 0);
  return [
    ...(errors > 0 ? [`${title}: ${errors} requests without an answer`] : []),
    ...(others > 0 ? [`${title}: ${others} answers with another status than ${status}`] : []),
  ];
}
