// Answers of the process that owns the store. Rule: whoever asks goes on after a while, and is told in a value that there is no answer.

import { isTimeout, withDeadline } from '../../platform/deadline.ts';

/** Stands in the place of an answer: there is no store, its owner does not run, it failed, or it took too long. */
export type Away = 'away';

/** Time for an answer, where nobody says otherwise: a client waits for it in its handshake, for two or three of them in turn. */
const ANSWER_MS = 4000;

interface Patience<Answer> {
  readonly ms?: number | undefined;
  /** Takes an answer that comes when nobody waits for it any more. */
  onLate?(answer: Answer): void;
}

/** Waits for what the owner was asked; undefined: there is nobody to ask. Never rejects. */
export async function ownerAnswer<Answer>(
  asked: Promise<Answer> | undefined,
  { ms = ANSWER_MS, onLate }: Patience<Answer> = {},
): Promise<Answer | Away> {
  if (asked === undefined) return 'away';
  try {
    return await withDeadline(asked, ms);
  } catch (error) {
    if (isTimeout(error)) asked.then(onLate, () => {});
    return 'away';
  }
}
