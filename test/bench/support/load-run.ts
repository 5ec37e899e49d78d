// A run of the load that never ran.

import { createHistogram, encodeHistogram } from '../../../bench/figures/histogram.ts';
import type { LoadRun } from '../../../bench/load/run.ts';

const nothing = { p50: 0, p90: 0, p99: 0, p999: 0, max: 0, count: 0 };
const empty = encodeHistogram(createHistogram());

/** Milliseconds. */
export function loadRun({
  p99 = 1,
  latenessP99 = 0,
  ...others
}: Partial<LoadRun> & { p99?: number; latenessP99?: number }): LoadRun {
  return {
    latencyMs: { ...nothing, p99 },
    latenessMs: { ...nothing, p99: latenessP99 },
    latency: empty,
    cpuUsPerFrame: undefined,
    rssBytes: undefined,
    senderUsPerFrame: undefined,
    receiverUsPerFrame: undefined,
    megabytesPerSecond: 1,
    invalid: undefined,
    lost: 0,
    isComplete: true,
    ...others,
  };
}
