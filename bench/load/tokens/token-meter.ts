// Measures the tokens of streamed answers as they arrive at whoever reads them.

import { createHistogram, encodeHistogram, recordNs } from '../../figures/histogram.ts';
import { nowNs } from '../wire.ts';
import { tokenStampReader } from './token-stamp.ts';

/** Histograms in nanoseconds, compressed base64. */
export interface ReadTokens {
  /** Answers that were asked for in the measured time, and those of them of which every token came. */
  readonly asked: number;
  readonly answers: number;
  readonly tokens: number;
  /** Tokens of all the time. */
  readonly tokensInAll: number;
  /** Time from the question to the first token, less the time that the endpoint took from having the one to writing the other. */
  readonly firsts: string;
  /** Time between the arrivals of two tokens of an answer. */
  readonly gaps: string;
  /** Time from the writing of a token to its arrival. */
  readonly delays: string;
  /** Reason -> answers that were refused, or broke off. */
  readonly faults: Readonly<Record<string, number>>;
}

export interface AnswerMeter {
  /** Takes the next piece of the answer. Returns the tokens that came so far. */
  take(piece: string): number;
  failed(reason: string): void;
}

interface MeterPlan {
  readonly fromNs: number;
  readonly toNs: number;
  /** Answers that were asked for since then count; the tokens of all count from `fromNs` on. */
  readonly askedFromNs?: number;
  /** Tokens of a whole answer. */
  readonly tokens: number;
}

/** Measures from `fromNs` to `toNs`. */
export function tokenMeter({ fromNs, toNs, askedFromNs = fromNs, tokens: whole }: MeterPlan) {
  const [firsts, gaps, delays] = [createHistogram(), createHistogram(), createHistogram()];
  const faults: Record<string, number> = {};
  let [asked, answers, tokens, tokensInAll] = [0, 0, 0, 0];
  const isMeasured = (ns: number) => ns >= fromNs && ns < toNs;

  /** Call it when the question is sent. */
  function begin(): AnswerMeter {
    const askedNs = nowNs();
    const isCounted = askedNs >= askedFromNs && askedNs < toNs;
    if (isCounted) asked += 1;
    const read = tokenStampReader();
    let [come, lastNs] = [0, 0];
    return {
      take(piece) {
        const atNs = nowNs();
        // The events that end an answer repeat its text.
        for (const { writtenNs, comeNs } of come < whole ? read(piece) : []) {
          if (come === whole) break;
          come += 1;
          tokensInAll += 1;
          if (come === 1 && isCounted) recordNs(firsts, atNs - writtenNs + (comeNs - askedNs));
          if (isMeasured(atNs)) {
            tokens += 1;
            recordNs(delays, atNs - writtenNs);
            if (come > 1) recordNs(gaps, atNs - lastNs);
          }
          lastNs = atNs;
          if (come === whole && isCounted) answers += 1;
        }
        return come;
      },
      failed(reason) {
        faults[reason] = (faults[reason] ?? 0) + 1;
      },
    };
  }

  const collect = (): ReadTokens => ({
    ...{ asked, answers, tokens, tokensInAll, faults },
    firsts: encodeHistogram(firsts),
    gaps: encodeHistogram(gaps),
    delays: encodeHistogram(delays),
  });
  return { begin, collect };
}
