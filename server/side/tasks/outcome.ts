// What becomes of a task after a run. Rule: only what may go better later is tried again, with growing pauses, and only so often.

import type { Quality, Task } from '../../ipc/records.ts';
import type { Failure } from '../llm/failure.ts';
import type { Asked } from './ask.ts';

/** How a run ended, as the store gets it. */
export type Verdict =
  | {
      readonly state: 'done';
      readonly result: string;
      readonly quality: Quality;
      /** The ledger row of the answer. */
      readonly attempt: string;
    }
  | { readonly state: 'failed'; readonly error: string; readonly quality?: Quality | undefined }
  | { readonly state: 'dead'; readonly error: string }
  | { readonly state: 'queued'; readonly error: string; readonly runAt: number; readonly isGivenBack?: true };

export interface Patience {
  /** The first pause after a failure; it doubles up to `mostMs`. */
  readonly firstMs: number;
  readonly mostMs: number;
  /** A `Retry-After` beyond this is taken for this. */
  readonly retryAfterMs: number;
  /** A budget that resets later than so long after the task was made is not waited for. */
  readonly budgetMs: number;
}

export const PATIENCE: Patience = {
  firstMs: 1000,
  mostMs: 5 * 60_000,
  retryAfterMs: 60 * 60_000,
  budgetMs: 25 * 60 * 60_000,
};

export interface Chances {
  readonly maxAttempts: number;
  readonly patience: Patience;
  readonly now: number;
}

export function verdictOn(task: Task, asked: Asked, chances: Chances): Verdict {
  switch (asked.kind) {
    case 'fits':
      return {
        state: 'done',
        result: JSON.stringify(asked.value),
        quality: asked.quality,
        attempt: asked.attempt,
      };
    case 'misfits':
      return {
        state: 'failed',
        error: 'invalid_answer: the answer did not fit its schema, nor did the repaired one',
        quality: 'failed',
      };
    case 'failed':
      return unanswered(task, asked, chances);
  }
}

/** A fault that may go better later: queued again, or dead after the last attempt. */
export function again(task: Task, error: string, { maxAttempts, patience, now }: Chances, notBefore = 0): Verdict {
  if (task.attempts >= maxAttempts) return { state: 'dead', error };
  return { state: 'queued', error, runAt: Math.max(now + pause(task.attempts, patience), notBefore) };
}

function unanswered(
  task: Task,
  { code, message, isTransient, resetsAt, retryAfterMs }: Failure,
  chances: Chances,
): Verdict {
  const error = `${code}: ${message}`.slice(0, 500);
  const { patience, now } = chances;
  if (code === 'budget_exceeded') {
    const isNear = resetsAt !== undefined && resetsAt <= task.createdAt + patience.budgetMs;
    // Not everybody at the first moment of the new window.
    return isNear
      ? again(task, error, chances, resetsAt + Math.random() * patience.firstMs)
      : { state: 'failed', error };
  }
  if (!isTransient) return { state: 'failed', error };
  return again(task, error, chances, now + Math.min(retryAfterMs ?? 0, patience.retryAfterMs));
}

/** Exponential with jitter: between half of the step and all of it. */
function pause(attempts: number, { firstMs, mostMs }: Patience): number {
  const step = Math.min(mostMs, firstMs * 2 ** Math.min(attempts - 1, 30));
  return Math.round(step / 2 + (Math.random() * step) / 2);
}
