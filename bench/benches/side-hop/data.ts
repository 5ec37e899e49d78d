// The results of the side-hop benchmark, and the load that its texts quote.

import type { Percentiles } from '../../figures/histogram.ts';
import { mapRounds, type Rounds, validRounds } from '../../figures/rounds.ts';
import type { CallResults } from '../../load/http/caller-process.ts';
import type { Pace } from '../../load/load.ts';
import type { LoadRun } from '../../load/run.ts';
import type { HttpRun } from '../http/data.ts';

/** The endpoint answers at once, and streams with a gap that is longer than what a hop adds. */
export const WHOLE_PACE: Pace = { thinkMs: 0, tokens: 10, gapMs: 0 };
export const STREAMED_PACE: Pace = { thinkMs: 0, tokens: 10, gapMs: 4 };

/** Connections of the closed loop. */
export const CLOSED_CONNECTIONS = 16;

export type AnswerForm = 'whole' | 'streamed';

export interface ChatLoad {
  readonly name: string;
  readonly form: AnswerForm;
  readonly perSecond: number;
}

/** A processor that sleeps between two calls is slow to answer: what a quiet gateway adds is measured for itself. */
export const CHAT_LOADS: readonly ChatLoad[] = [
  { name: 'whole', form: 'whole', perSecond: 200 },
  { name: 'streamed', form: 'streamed', perSecond: 200 },
  { name: 'whole-50', form: 'whole', perSecond: 50 },
];

export interface ChatRun extends CallResults, Pick<LoadRun, 'latenessMs' | 'rssBytes' | 'invalid'> {
  readonly firstByteMs: Percentiles;
  readonly totalMs: Percentiles;
  /** CPU of the contender's process tree; undefined when there is no process, or no /proc. */
  readonly cpuUsPerCall: number | undefined;
}

/** Whole answers that take the endpoint no time, as many as there can be. */
export interface ClosedRun extends HttpRun {
  readonly cpuUsPerCall: number | undefined;
}

/** Many calls a second for a while, through a gateway of its own with more than one side process. */
export interface ManyCalls {
  readonly perSecond: number;
  readonly processes: number;
  readonly run: ChatRun;
}

export interface SideHopData {
  /** Slices by the name of the load, one a round. */
  readonly loads: ReadonlyMap<string, Rounds<ChatRun>>;
  readonly closed: Rounds<ClosedRun>;
  /** The calls; a reason where there are none. */
  readonly many: ManyCalls | string;
  /** Contenders that cannot do a load, with the reason. */
  readonly leftOut: readonly LeftOut[];
}

export interface LeftOut {
  readonly load: string;
  readonly name: string;
  readonly reason: string;
}

export const chatRuns = (data: SideHopData, load: string): Rounds<ChatRun> =>
  data.loads.get(load) ?? new Map<string, ChatRun[]>();

/** The times that are compared. */
export interface Moment {
  /** Name of the load. */
  readonly load: string;
  readonly at: 'firstByteMs' | 'totalMs';
  readonly rank: 'p50' | 'p99';
}

export const chatTimes = (data: SideHopData, { load, at, rank }: Moment): Rounds<number> =>
  mapRounds(validRounds(chatRuns(data, load)), (run) => run[at][rank]);
