// Why a call got no answer, as an HTTP status that SDKs act on rightly: what may go better is repeated, what cannot is not.

import type { Problem } from '../../side-error.ts';
import type { Unanswered, UnansweredCode } from '../call.ts';

const STATUS: Readonly<Record<UnansweredCode, number>> = {
  unknown_class: 400,
  no_gateway: 501,
  policy_refused: 403,
  // Of a budget without a window; one that resets is 429.
  budget_exceeded: 402,
  price_unknown: 403,
  too_expensive: 402,
  invalid_request: 400,
  upstream_failed: 502,
  upstream_timeout: 504,
  rate_limited: 429,
  cancelled: 499,
  store_unavailable: 503,
};

export function unansweredProblem(unanswered: Unanswered, now: number): Problem {
  const { code, message, retryAfterMs, resetsAt, isTransient } = unanswered;
  const waitMs = retryAfterMs ?? (resetsAt === undefined ? undefined : Math.max(0, resetsAt - now));
  return {
    status: code === 'budget_exceeded' && resetsAt !== undefined ? 429 : STATUS[code],
    code,
    message,
    resetsAt,
    retryAfterS: waitMs === undefined ? undefined : Math.ceil(waitMs / 1000),
    shouldRetry: isTransient && code !== 'budget_exceeded',
  };
}
