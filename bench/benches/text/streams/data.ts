// Loads and results of answers that are streamed over HTTP, and over the WebSocket transport of chat pages.

import type { Percentiles } from '../../../figures/histogram.ts';
import { mapRounds, type Rounds, validRounds } from '../../../figures/rounds.ts';
import type { Pace } from '../../../load/load.ts';
import type { ReadTokens } from '../../../load/tokens/token-meter.ts';

/** Answers of half a second, 4,000 tokens and 200 questions a second in all. */
export const MANY_PACE: Pace = { thinkMs: 30, tokens: 20, gapMs: 25 };
export const MANY_READERS = 100;
/** Answers of four seconds, which are all open before the first ends. */
export const MOST_PACE: Pace = { thinkMs: 30, tokens: 8, gapMs: 500 };
export const MOST_READERS = 1000;

export const STREAM_LOADS = ['completions', 'responses', 'ui-chat'] as const;
/** `ui-chat` is beside the Responses of `direct`: the endpoint speaks no protocol of pages. */
export type StreamLoad = (typeof STREAM_LOADS)[number];

export interface StreamRun extends ReadTokens {
  /** Less the time that the endpoint took. */
  readonly firstMs: Percentiles;
  readonly gapMs: Percentiles;
  /** From the writing of a token to its arrival. */
  readonly delayMs: Percentiles;
  /** CPU of the contender's process tree; undefined when there is no process, or no /proc. */
  readonly cpuUsPerToken: number | undefined;
  readonly invalid: string | undefined;
}

/** 1,000 open streams. */
export interface MostRun extends StreamRun {
  /** Longest delay of its event loops, milliseconds, where it is known. */
  readonly loopMs: number | undefined;
}

export interface StreamsData {
  readonly loads: Rounds<ReadonlyMap<StreamLoad, StreamRun>>;
  readonly most: Rounds<MostRun>;
  /** Times from a cut to the first chunk on another socket, all of a round: histograms in nanoseconds, compressed base64. */
  readonly resumes: readonly string[];
  readonly leftOut: readonly LeftOut[];
}

/** A load that a contender cannot do. */
export interface LeftOut {
  readonly load: string;
  readonly name: string;
  readonly reason: string;
}

export const streamRuns = ({ loads }: Pick<StreamsData, 'loads'>, load: StreamLoad): Rounds<StreamRun> =>
  new Map(
    [...loads].map(([name, visits]) => {
      const at = load === 'ui-chat' && name.startsWith('direct') ? 'responses' : load;
      return [name, visits.map((visit) => visit?.get(at))];
    }),
  );

export type StreamTime = (run: StreamRun) => number;

export const streamTimes = (data: Pick<StreamsData, 'loads'>, load: StreamLoad, of: StreamTime): Rounds<number> =>
  mapRounds(validRounds(streamRuns(data, load)), of);
