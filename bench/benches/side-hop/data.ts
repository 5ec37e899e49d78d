// The results of the side-hop benchmark, and the load that its texts quote.

import type { Percentiles } from '../../figures/histogram.ts';
import { mapRounds, type Rounds, validRounds } from '../../figures/rounds.ts';
import type { CallResults } from '../../load/http/caller-process.ts';
import type { Pace } from '../../load/load.ts';
import type { HttpRun } from '../http/data.ts';

export const PER_SECOND = 200;

export const PACE: Pace = { thinkMs: 20, tokens: 10, gapMs: 4 };

/** Connections of the closed loop. */
export const CLOSED_CONNECTIONS = 16;

/** Forms of an answer. */
export const ANSWER_FORMS = ['whole', 'streamed'] as const;

export type AnswerForm = (typeof ANSWER_FORMS)[number];

export interface ChatRun extends CallResults {
  readonly firstByteMs: Percentiles;
  readonly totalMs: Percentiles;
  readonly latenessMs: Percentiles;
  /** CPU of the contender's process tree; undefined when there is no process, or no /proc. */
  readonly cpuUsPerCall: number | undefined;
  readonly rssBytes: number | undefined;
  /** Reason why its latency does not count. */
  readonly invalid: string | undefined;
}

export interface SideVisit {
  readonly runs: ReadonlyMap<AnswerForm, ChatRun>;
  /** Whole answers that take the endpoint no time. */
  readonly closed: HttpRun & { readonly cpuUsPerCall: number | undefined };
}

export type SideHopData = Rounds<SideVisit>;

export const chatRuns = (data: SideHopData, form: AnswerForm): Rounds<ChatRun> =>
  mapRounds(data, ({ runs }) => runs.get(form));

/** The times that are compared. */
export interface Moment {
  readonly form: AnswerForm;
  readonly at: 'firstByteMs' | 'totalMs';
  readonly rank: 'p50' | 'p99';
}

export const chatTimes = (data: SideHopData, { form, at, rank }: Moment): Rounds<number> =>
  mapRounds(validRounds(chatRuns(data, form)), (run) => run[at][rank]);
