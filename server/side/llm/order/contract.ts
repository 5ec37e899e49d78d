// The results of rules: one that orders targets, and one that judges their answers.

import type { ClassConfig } from '../../../config/side/llm-schema.ts';

export interface Ordered<T> {
  readonly targets: readonly T[];
  /** The reason why the first is the first, in a few words for its row; undefined: it is that of the configuration. */
  readonly why: string | undefined;
}

/** The reason why an answer goes to the next target. */
export type Verdict = NonNullable<ClassConfig['escalate']>['on'][number];
