// Records the frames of the load that arrive: one histogram for all sessions of an end, emptied at each question.

import { createHistogram, encodeHistogram, recordNs } from '../figures/histogram.ts';
import type { ReadFrame } from './frame-reader.ts';
import type { ReceivedLoad } from './load.ts';
import { nowNs, readStamp, type Stamp } from './wire.ts';

interface Receiver {
  /** A data frame that has just become whole. Gives its stamp, if it is one of the load. */
  frame(frame: ReadFrame): Stamp | undefined;
  ended(): void;
  collect(frames: number, waitMs: number): Promise<ReceivedLoad>;
}

export function createReceiver(): Receiver {
  let latency = createHistogram();
  let frames = 0;
  let bytes = 0;
  let ended = 0;
  let waiting: { readonly frames: number; readonly done: () => void } | undefined;

  return {
    frame(frame) {
      const stamp = readStamp(frame.head);
      if (!stamp?.isMeasured) return stamp;
      recordNs(latency, nowNs() - stamp.intendedNs);
      frames += 1;
      bytes += frame.bytes;
      if (waiting !== undefined && frames >= waiting.frames) waiting.done();
      return stamp;
    },
    ended() {
      ended += 1;
    },
    async collect(expected, waitMs) {
      if (frames < expected) {
        await new Promise<void>((done) => {
          const late = setTimeout(done, waitMs);
          waiting = {
            frames: expected,
            done() {
              clearTimeout(late);
              done();
            },
          };
        });
        waiting = undefined;
      }
      const received = { frames, bytes, latency: encodeHistogram(latency), ended };
      latency = createHistogram();
      frames = bytes = ended = 0;
      return received;
    },
  };
}
