// The one repeat of an attempt on the same target. Rule: only what is known not to be billed is repeated, before any byte of an answer.

import type { LlmFailure } from '../../../../adapters/llm/contract.ts';
import type { Answered } from '../call.ts';
import type { Failure } from '../failure.ts';
import type { Target } from '../targets.ts';
import type { AttemptProgress } from './exchange.ts';

/** A fault that names a time to wait is not over yet; one of ours, such as an address that may not be dialled, says nothing of the target. */
export function mayRepeat(
  { code, isOurs, retryAfterMs }: LlmFailure,
  { billsFaults }: Pick<Target, 'billsFaults'>,
  { hasAnswered }: Pick<AttemptProgress, 'hasAnswered'>,
): boolean {
  return !billsFaults && !hasAnswered && code === 'unavailable' && !isOurs && retryAfterMs === undefined;
}

/** `tried` ends with the target of the results. */
export const isAskedAgain = ([failed, other]: readonly (Answered | Failure)[], tried: readonly string[]): boolean =>
  failed?.kind === 'failed' && failed.mayRepeat === true && other === undefined && tried.at(-1) !== tried.at(-2);
