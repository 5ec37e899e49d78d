// The results of the text benchmark: when the tokens of each streamed answer arrived.

import type { Percentiles } from '../../figures/histogram.ts';
import type { StreamedTokens } from '../../load/load.ts';

export interface TextRun extends StreamedTokens {
  /** From the question to the first token, less the time that the provider thinks. */
  readonly ttftMs: Percentiles;
  readonly gapMs: Percentiles;
  /** Of the contender; undefined: there is no process, or no /proc. */
  readonly cpuUsPerToken: number | undefined;
  readonly latenessMs: Percentiles;
  /** Why it does not count. */
  readonly invalid: string | undefined;
}

/** Sessions -> run. */
export type TextVisit = ReadonlyMap<number, TextRun>;

/** Contender -> rounds. */
export type TextData = ReadonlyMap<string, readonly (TextVisit | undefined)[]>;
