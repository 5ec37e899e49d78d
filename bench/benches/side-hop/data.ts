// The results of the side-hop benchmark, and the load that its texts quote.

import type { Percentiles } from '../../figures/histogram.ts';
import type { CallResults } from '../../load/http/caller.ts';
import type { LlmPace } from '../../load/llm/llm.ts';
import type { HttpRun } from '../http/data.ts';

export const PER_SECOND = 200;

export const PACE: LlmPace = { thinkMs: 20, tokens: 10, gapMs: 4 };

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

export interface ClosedRun extends HttpRun {
  readonly cpuUsPerCall: number | undefined;
}

export interface SideVisit {
  readonly runs: ReadonlyMap<AnswerForm, ChatRun>;
  /** Whole answers that take the endpoint no time. */
  readonly closed: ClosedRun;
}

/** Contender -> rounds. */
export type SideHopData = ReadonlyMap<string, readonly (SideVisit | undefined)[]>;
