// Records the frames of the load that arrive: one histogram for all sessions of an end, emptied at each question.

import { createHistogram, encodeHistogram, recordNs } from '../figures/histogram.ts';
import type { ReadFrame } from './frame-reader.ts';
import type { Expected, ReceivedLoad } from './load.ts';
import { nowNs, readStamp, type Stamp } from './wire.ts';

interface Receiver {
  /** A data frame that has just become whole. Gives its stamp, if it is one of the load. */
  frame(frame: ReadFrame): Stamp | undefined;
  ended(): void;
  /** Gives what there is since the last call; waits for nothing when nothing is expected. */
  collect(expected?: Expected): Promise<ReceivedLoad>;
}

export function createReceiver(): Receiver {
  const nothing = () => ({ latency: createHistogram(), frames: 0, bytes: 0, ended: 0 });
  let seen = nothing();
  let waiting: { readonly frames: number; readonly done: () => void } | undefined;

  return {
    frame(frame) {
      const stamp = readStamp(frame.head);
      if (!stamp?.isMeasured) return stamp;
      recordNs(seen.latency, nowNs() - stamp.intendedNs);
      seen.frames += 1;
      seen.bytes += frame.bytes;
      if (waiting !== undefined && seen.frames >= waiting.frames) waiting.done();
      return stamp;
    },
    ended() {
      seen.ended += 1;
    },
    async collect({ frames, waitMs } = { frames: 0, waitMs: 0 }) {
      if (seen.frames < frames) {
        const { promise, resolve } = Promise.withResolvers<void>();
        waiting = { frames, done: resolve };
        const late = setTimeout(resolve, waitMs);
        await promise;
        clearTimeout(late);
        waiting = undefined;
      }
      const { latency, ...counts } = seen;
      seen = nothing();
      return { ...counts, latency: encodeHistogram(latency) };
    },
  };
}
