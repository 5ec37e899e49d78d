// Errors of the side path's HTTP answers, each in the shape that its asker understands.

import type { HttpReply } from '../../adapters/realtime/contract.ts';
import { errorTypeByStatus } from '../../adapters/realtime/index.ts';

/** What went wrong: a short code for programs, a sentence for people. `retryAfterS` goes into the header. */
export interface HttpProblem {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  /** The field of the request that was wrong. */
  readonly param?: string | undefined;
  readonly retryAfterS?: number | undefined;
  /** Whether SDKs that repeat a request by themselves should; they decide by the status where it is not said. */
  readonly shouldRetry?: boolean | undefined;
  /** Of a budget: when there is room again, ms since the epoch. */
  readonly resetsAt?: number | undefined;
}

/** The place of a code in the documentation, as errors carry it: a relative one, since the pages come with the package. */
export const helpFor = (code: string): string => `docs/errors.md#${code}`;

/** `{ error: { code, message, help } }`, as everywhere on this gateway. */
export function plainProblemReply(problem: HttpProblem): HttpReply {
  const { status, code, message, param } = problem;
  return {
    status,
    headers: headersOf(problem),
    body: JSON.stringify({ error: { code, message, field: param, help: helpFor(code) } }),
  };
}

/** `{ error: { message, type, param, code, help } }`, as SDKs of chat completions turn it into their error classes. */
export function chatProblemReply(problem: HttpProblem): HttpReply {
  return {
    status: problem.status,
    headers: headersOf(problem),
    body: JSON.stringify({ error: chatProblemBody(problem) }),
  };
}

/** The error alone, for one that comes in the middle of a stream. */
export function chatProblemBody({ status, code, message, param = null as never, resetsAt }: HttpProblem): object {
  const until = resetsAt === undefined ? {} : { resets_at: new Date(resetsAt).toISOString() };
  return { message, type: errorTypeByStatus(status), param, code, ...until, help: helpFor(code) };
}

function headersOf({ retryAfterS, shouldRetry }: HttpProblem): Record<string, string> {
  return {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    ...(retryAfterS === undefined ? {} : { 'retry-after': String(retryAfterS) }),
    ...(shouldRetry === undefined ? {} : { 'x-should-retry': String(shouldRetry) }),
  };
}
