// The refusals and the ends of sessions as the operator sees them, counted since the processes started, the most frequent first.

import type { MetricSums } from './sums.ts';

/** The body of GET /refusals. */
export function describeRefusals(sums: MetricSums) {
  return {
    /** Handshakes and requests by code and status; for frames the status is the close code. */
    refusals: counted(sums, 'trunkline_refusals_total'),
    /** Refused chat completions by code, key and class; both are empty where they are not known. */
    calls: counted(sums, 'trunkline_refused_calls_total'),
    /** Ends of sessions by reason and close code. */
    closes: counted(sums, 'trunkline_closes_total'),
  };
}

function counted(sums: MetricSums, name: string) {
  const found = sums.samples(name).filter(({ value }) => value > 0);
  return found.map(({ labels, value: count }) => ({ ...labels, count })).toSorted((a, b) => b.count - a.count);
}
