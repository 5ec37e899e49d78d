// Decides what becomes of a task after a run. Only what may go better later is tried again, with growing pauses: so often where the task
// may be at fault, and until it is too old where nobody was there to be asked.

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
  | (Unfinished & { readonly state: 'dead' })
  | (Unfinished & { readonly state: 'queued'; readonly runAt: number; readonly isReturned?: true });

interface Unfinished {
  readonly error: string;
  /** No target of its class could be asked, so that other tasks of the class would fare no better. */
  readonly isOutage?: boolean;
}

type UnfinishedOutcome = Extract<RunOutcome, { readonly state: 'queued' | 'dead' }>;

export interface RetryPolicy {
  /** Pause after the first failure; it doubles up to `maxDelayMs`. */
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
  /** The same for runs that do not count. */
  readonly maxWaitMs: number;
  /** Longest `Retry-After` that is kept to. */
  readonly maxRetryAfterMs: number;
}

export const RETRY_POLICY: RetryPolicy = {
  firstDelayMs: 1000,
  maxDelayMs: 5 * 60_000,
  maxWaitMs: 60_000,
  maxRetryAfterMs: 60 * 60_000,
};

interface RetryBudget {
  readonly maxAttempts: number;
  /** Age at which the task is given up, from `dueAt` on. */
  readonly giveUpMs: number;
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
export function retry(task: Task, error: string, budget: RetryBudget): UnfinishedOutcome {
  if (task.attempts >= budget.maxAttempts) return { state: 'dead', error };
  return queuedUnlessOld(task, error, { ...budget, pauseMs: pause(task.attempts, budget.policy) });
}

/** Queues a task again whose run does not count: the fault was none of its own. */
export function wait(task: Task, error: string, budget: RetryBudget): UnfinishedOutcome {
  const { policy } = budget;
  // The version counts all runs since the task was made.
  const pauseMs = pause(task.version, { ...policy, maxDelayMs: policy.maxWaitMs });
  const outcome = queuedUnlessOld(task, error, { ...budget, pauseMs });
  return outcome.state === 'queued' ? { ...outcome, isReturned: true } : outcome;
}

function queuedUnlessOld(
  { dueAt }: Task,
  error: string,
  { giveUpMs, now, notBefore = 0, pauseMs }: RetryBudget & { readonly pauseMs: number },
): UnfinishedOutcome {
  if (now - dueAt >= giveUpMs) return { state: 'dead', error: `${error} (given up after ${giveUpMs} ms)` };
  return { state: 'queued', error, runAt: Math.max(now + pauseMs, notBefore) };
}

function afterFailure(
  task: Task,
  { code, message, isTransient, isOutage, resetsAt, retryAfterMs }: Failure,
  budget: RetryBudget,
): RunOutcome {
  const error = `${code}: ${message}`.slice(0, 500);
  const { policy, now } = budget;
  if (code === 'budget_exceeded') {
    const isNear = resetsAt !== undefined && resetsAt <= task.dueAt + budget.giveUpMs;
    if (!isNear) return { state: 'failed', error };
    // Random delays keep all waiting tasks from starting at the first moment of the new window.
    return wait(task, error, { ...budget, notBefore: resetsAt + Math.random() * policy.firstDelayMs });
  }
  if (!isTransient) return { state: 'failed', error };
  const later = { ...budget, notBefore: now + Math.min(retryAfterMs ?? 0, policy.maxRetryAfterMs) };
  // The budget of one task may have room for another.
  if (code === 'budget_reserved') return wait(task, error, later);
  return isOutage ? { ...wait(task, error, later), isOutage } : retry(task, error, later);
}

/** Exponential backoff with jitter: between half of the step and all of it. */
function pause(runs: number, { firstDelayMs, maxDelayMs }: Pick<RetryPolicy, 'firstDelayMs' | 'maxDelayMs'>): number {
  const step = Math.min(maxDelayMs, firstDelayMs * 2 ** Math.min(runs - 1, 30));
  return Math.round(step / 2 + (Math.random() * step) / 2);
}
