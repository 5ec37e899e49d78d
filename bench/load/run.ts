// One run of a load through one contender: latency, what it cost, and whether it may be believed.

import type { RunningContender } from '../bench.ts';
import { type Percentiles, percentilesMs } from '../figures/histogram.ts';
import { mapRounds, type Rounds } from '../figures/rounds.ts';
import { cpuMeter, resourceUsage } from '../machine/resource-usage.ts';
import type { Load } from './load.ts';
import type { LoadGenerator, LoadProvider } from './load-processes.ts';

const DRAIN_MS = 3000;

export interface LoadRun {
  readonly latencyMs: Percentiles;
  readonly latenessMs: Percentiles;
  /** Compressed base64. */
  readonly latency: string;
  /** CPU of the contender's process tree; undefined when there is no process, or no /proc. */
  readonly cpuUsPerFrame: number | undefined;
  readonly rssBytes: number | undefined;
  /** CPU of the two load processes. */
  readonly senderUsPerFrame: number | undefined;
  readonly receiverUsPerFrame: number | undefined;
  readonly megabytesPerSecond: number;
  /** Reason why its latency does not count. */
  readonly invalid: string | undefined;
  /** Frames that did not arrive. */
  readonly lost: number;
  /** All frames arrived, so that its CPU counts. */
  readonly isComplete: boolean;
}

interface LoadRunOptions {
  readonly from: LoadGenerator | LoadProvider;
  readonly to: LoadGenerator | LoadProvider;
  readonly load: Load;
  readonly running: RunningContender;
  readonly toleranceMs: number;
  /** Time after the last frame was sent in which the last one may arrive. */
  readonly drainMs?: number;
}

/** The sessions are open already. CPU counts all frames, those of the warm-up too. */
export async function runLoad(options: LoadRunOptions): Promise<LoadRun> {
  const { from, to, load, running, toleranceMs, drainMs: waitMs = DRAIN_MS } = options;
  await to.received();
  const meters = [running.pids, [from.pid], [to.pid]].map(cpuMeter);
  const sent = await from.send(load);
  const received = await to.received({ frames: sent.frames, waitMs });
  const [own, sender, receiver] = meters.map((cpuUs) => cpuUs(sent.frames + sent.warmUps));
  const latenessMs = percentilesMs(sent.lateness);
  const lost = sent.frames - received.frames;
  return {
    latencyMs: percentilesMs(received.latency),
    latenessMs,
    latency: received.latency,
    cpuUsPerFrame: own,
    rssBytes: resourceUsage(running.pids)?.rssBytes,
    senderUsPerFrame: sender,
    receiverUsPerFrame: receiver,
    megabytesPerSecond: (sent.bytes / sent.ns) * 1000,
    lost,
    isComplete: lost === 0,
    invalid:
      latenessMs.p99 > toleranceMs
        ? `the sender was late: p99 ${latenessMs.p99.toFixed(1)} ms`
        : lost > 0
          ? `${lost} of ${sent.frames} frames did not arrive`
          : undefined,
  };
}

/** Microseconds. CPU does not depend on when frames were sent: late runs count, incomplete ones do not. */
export const frameCosts = (runs: Rounds<LoadRun>): Rounds<number> =>
  mapRounds(runs, ({ isComplete, cpuUsPerFrame }) => (isComplete ? cpuUsPerFrame : undefined));
