// Reasons why a target was taken, in a few words for its ledger row: names of the configuration and codes, never content.

import { REHEARSAL_NAME } from '../../../config/file/words.ts';
import type { Target } from '../targets.ts';
import type { Attempt } from './contract.ts';

interface Chosen extends Pick<Attempt, 'tried'> {
  readonly target: Pick<Target, 'isRehearsal' | 'label'>;
  /** Number of the targets that may serve the call. */
  readonly count: number;
  /** The client named its model. */
  readonly isNamed: boolean;
  /** Ends of the attempts before, in the order of `tried`, such as `failed: rate_limited`. */
  readonly ends: readonly string[];
  /** The target that is still silent, and is hedged with this one. */
  readonly besides?: string | undefined;
  /** Reason of the rule that put the first of them first. */
  readonly ordered?: string | undefined;
}

export function whyChosen({ target, count, isNamed, tried, ends, besides, ordered }: Chosen): string {
  if (besides !== undefined) return `beside ${besides}, which was silent`;
  if (tried.at(-1) === target.label) return 'again: a fault there is not billed';
  if (ends.length > 0) return `after ${tried.at(-1)} ${ends.at(-1)}`;
  if (target.isRehearsal) return REHEARSAL_NAME;
  if (isNamed) return ordered ?? 'named by the client';
  return ordered ?? (count === 1 ? 'the only target' : `first of ${count} targets`);
}
