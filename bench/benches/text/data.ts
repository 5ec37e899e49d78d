// The results of the text benchmark: when the tokens of each streamed answer arrived.

import type { Percentiles } from '../../figures/histogram.ts';
import type { Rounds } from '../../figures/rounds.ts';
import type { LoadRun } from '../../load/run.ts';
import type { StreamedTokens } from '../../load/streamed-answers.ts';

export interface TextRun extends StreamedTokens, Pick<LoadRun, 'latenessMs' | 'invalid'> {
  /** Time from the question to the first token, less the time that the provider thinks. */
  readonly ttftMs: Percentiles;
  readonly gapMs: Percentiles;
  /** CPU of the contender; undefined when there is no process, or no /proc. */
  readonly cpuUsPerToken: number | undefined;
}

/** Runs by number of sessions. */
export type TextData = Rounds<ReadonlyMap<number, TextRun>>;
