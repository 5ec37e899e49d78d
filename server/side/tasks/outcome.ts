// Decides what becomes of a task after a run. Only what may go better later is tried again, with growing pauses, and only so often.

import type { Quality, Task } from '../../ipc/stored-rows.ts';
import type { Failure } from '../llm/failure.ts';
import type { TaskAnswer } from './ask.ts';

export type RunOutcome =
  | {
      readonly state: 'done';
      readonly result: string;
      readonly quality: Quality;
      /** Ledger row of the answer. */
      readonly attempt: string;
    }
  | { readonly state: 'failed'; readonly error: string; readonly quality?: Quality | undefined }
  | { readonly state: 'dead'; readonly error: string }
  | { readonly state: 'queued'; readonly error: string; readonly runAt: number; readonly isReturned?: true };

export interface RetryPolicy {
  /** Pause after the first failure; it doubles up to `maxDelayMs`. */
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
  /** Longest `Retry-After` that is kept to. */
  readonly maxRetryAfterMs: number;
  /** Longest wait, from when the task was made, for a budget to reset. */
  readonly maxBudgetWaitMs: number;
}

export const RETRY_POLICY: RetryPolicy = {
  firstDelayMs: 1000,
  maxDelayMs: 5 * 60_000,
  maxRetryAfterMs: 60 * 60_000,
  maxBudgetWaitMs: 25 * 60 * 60_000,
};

interface RetryBudget {
  readonly maxAttempts: number;
  readonly policy: RetryPolicy;
  readonly now: number;
  /** Earliest time of the next try. */
  readonly notBefore?: number;
}

export function outcomeOfRun(task: Task, answer: TaskAnswer, budget: RetryBudget): RunOutcome {
  switch (answer.kind) {
    case 'valid': {
      const { value, quality, attempt } = answer;
      return { state: 'done', result: JSON.stringify(value), quality, attempt };
    }
    case 'invalid':
      return {
        state: 'failed',
        error: 'invalid_answer: the answer did not fit its schema, nor did the repaired one',
        quality: 'failed',
      };
    case 'failed':
      return afterFailure(task, answer, budget);
  }
}

/** Queues a task again after a fault that may pass; after its last attempt it is dead. */
export function retry(task: Task, error: string, budget: RetryBudget): RunOutcome {
  const { maxAttempts, policy, now, notBefore = 0 } = budget;
  if (task.attempts >= maxAttempts) return { state: 'dead', error };
  return { state: 'queued', error, runAt: Math.max(now + pause(task.attempts, policy), notBefore) };
}

function afterFailure(
  task: Task,
  { code, message, isTransient, resetsAt, retryAfterMs }: Failure,
  budget: RetryBudget,
): RunOutcome {
  const error = `${code}: ${message}`.slice(0, 500);
  const { policy, now } = budget;
  if (code === 'budget_exceeded') {
    const isNear = resetsAt !== undefined && resetsAt <= task.createdAt + policy.maxBudgetWaitMs;
    if (!isNear) return { state: 'failed', error };
    // Random delays keep all waiting tasks from starting at the first moment of the new window.
    return retry(task, error, { ...budget, notBefore: resetsAt + Math.random() * policy.firstDelayMs });
  }
  if (!isTransient) return { state: 'failed', error };
  return retry(task, error, { ...budget, notBefore: now + Math.min(retryAfterMs ?? 0, policy.maxRetryAfterMs) });
}

/** Exponential backoff with jitter: between half of the step and all of it. */
function pause(attempts: number, { firstDelayMs, maxDelayMs }: RetryPolicy): number {
  const step = Math.min(maxDelayMs, firstDelayMs * 2 ** Math.min(attempts - 1, 30));
  return Math.round(step / 2 + (Math.random() * step) / 2);
}
