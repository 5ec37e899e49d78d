// Turns the failure of a call into an HTTP problem whose status and headers make SDKs repeat only calls that may go better.

import type { HttpProblem } from '../../../http/problem.ts';
import type { Failure } from '../../llm/failure.ts';

export function failureProblem(unanswered: Failure, now: number): HttpProblem {
  const { code, message, status, retryAfterMs, resetsAt, isTransient, upstream } = unanswered;
  const waitMs = retryAfterMs ?? (resetsAt === undefined ? undefined : Math.max(0, resetsAt - now));
  return {
    // A budget without a window never has room again, which is 402.
    status: code === 'budget_exceeded' && resetsAt !== undefined ? 429 : status,
    code,
    message,
    resetsAt,
    upstream,
    retryAfterS: waitMs === undefined ? undefined : Math.ceil(waitMs / 1000),
    // An account without quota does not fill up in seconds.
    shouldRetry: isTransient && code !== 'budget_exceeded' && upstream?.code !== 'insufficient_quota',
  };
}
