// One run of a load through one contender: latency, what it cost, and whether it may be believed.

import type { Load, LoadEnd, RunningContender } from '../bench.ts';
import { type Percentiles, percentilesMs } from '../figures/histogram.ts';
import { resourceUsage } from '../machine/resource-usage.ts';

/** Time after the last frame was sent in which the last one may arrive. */
const DRAIN_MS = 3000;

export interface LoadRun {
  readonly latencyMs: Percentiles;
  readonly latenessMs: Percentiles;
  /** Compressed base64. */
  readonly latency: string;
  /** undefined: there is no process, or no /proc. */
  readonly cpuUsPerFrame: number | undefined;
  readonly rssBytes: number | undefined;
  /** CPU of the two load processes. */
  readonly senderUsPerFrame: number | undefined;
  readonly receiverUsPerFrame: number | undefined;
  readonly megabytesPerSecond: number;
  /** Reason why its latency does not count. */
  readonly invalid: string | undefined;
  /** Reason why there was a run before it. */
  readonly repeatedFor?: string;
  /** Frames that did not arrive. */
  readonly lost: number;
  /** All frames arrived, so that its CPU counts. */
  readonly isComplete: boolean;
}

export interface LoadRunOptions {
  readonly from: LoadEnd;
  readonly to: LoadEnd;
  readonly load: Load;
  readonly running: RunningContender;
  readonly toleranceMs: number;
}

/** The sessions are open already. CPU counts all frames, those of the warm-up too. */
export async function runLoad({ from, to, load, running, toleranceMs }: LoadRunOptions): Promise<LoadRun> {
  await to.received({ frames: 0, waitMs: 0 });
  const roots = [running.pids, [from.pid], [to.pid]];
  const before = roots.map(resourceUsage);
  const sent = await from.send(load);
  const received = await to.received({ frames: sent.frames, waitMs: DRAIN_MS });
  const after = roots.map(resourceUsage);
  const latenessMs = percentilesMs(sent.lateness);
  const usPerFrame = (index: number) => {
    const [a, b] = [before[index], after[index]];
    return a && b && (b.cpuNs - a.cpuNs) / 1000 / (sent.frames + sent.warmUps);
  };
  return {
    latencyMs: percentilesMs(received.latency),
    latenessMs,
    latency: received.latency,
    cpuUsPerFrame: usPerFrame(0),
    rssBytes: after[0]?.rssBytes,
    senderUsPerFrame: usPerFrame(1),
    receiverUsPerFrame: usPerFrame(2),
    megabytesPerSecond: (sent.bytes / (Number(sent.until) - Number(sent.from))) * 1000,
    lost: sent.frames - received.frames,
    isComplete: received.frames === sent.frames,
    invalid:
      latenessMs.p99 > toleranceMs
        ? `the sender was late: p99 ${latenessMs.p99.toFixed(1)} ms`
        : received.frames < sent.frames
          ? `${sent.frames - received.frames} of ${sent.frames} frames did not arrive`
          : undefined,
  };
}
