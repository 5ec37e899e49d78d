// The tables and measures of the HTTP benchmark.

import { encodedAs, measure, mergedBy, reportTable } from '../../figures/describe.ts';
import { createHistogram, percentilesMs } from '../../figures/histogram.ts';
import { type Rounds, runsOf } from '../../figures/rounds.ts';
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
  rounds: Rounds<EndpointRun>,
  missing: readonly string[] = [],
) {
  const merged = mergedBy(rounds, ({ latency }) => latency);
  const rows = endpoints.map((endpoint) => ({
    ...endpoint,
    runs: runsOf(rounds, endpoint.id),
    all: percentilesMs(merged.get(endpoint.id) ?? createHistogram()),
  }));
  const title = `closed loop on ${HTTP_CONNECTIONS} connections, ${HTTP_SESSIONS} sessions open: latency in ms`;
  const table = reportTable(title, rows, [
    ['', (row) => row.title],
    ['requests/s', ({ runs }) => median(runs.map(rateOf))],
    ['p50', ({ all }) => all.p50],
    ['p90', ({ all }) => all.p90],
    ['p99', ({ all }) => all.p99],
    ['max', ({ all }) => all.max],
    ['requests', ({ all }) => all.count],
    ['CPU us/request', ({ runs }) => median(runs.map(({ cpuUs }) => cpuUs))],
  ]);
  const measuresOf = ({ id, runs }: (typeof rows)[number]) => [
    measure(`http.rate.${id}`, '1/s', runs.map(rateOf), { better: 'higher' }),
    measure(
      `http.p99_ms.${id}`,
      'ms',
      runs.map(({ latency }) => percentilesMs(latency).p99),
    ),
    measure(
      `http.cpu_us.${id}`,
      'us',
      runs.map(({ cpuUs }) => cpuUs),
    ),
  ];
  return {
    measures: rows.flatMap(measuresOf),
    tables: [table],
    histograms: Object.fromEntries(encodedAs('http', merged)),
    notes: [...missing, ...rows.flatMap((row) => faultsOf(row, row.runs))],
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
