// Failures of a call: the failures of its attempts, in the words of the router, and the one of them that is reported.

import type { LlmFailure, NamedResource, UpstreamError } from '../../../adapters/llm/contract.ts';
import type { ClassConfig } from '../../config/side/llm-schema.ts';
import { shortened } from '../../http/problem.ts';
import { budgetWords, closedBy, RESERVED_RETRY_MS } from '../billing/budgets/budget-state.ts';
import type { BudgetReservation } from '../store/contract/budgets.ts';
import type { Unavailable } from './send/resilience.ts';

/** A call that got no answer. Nothing was streamed to the client, unless the stream broke off. */
export interface Failure {
  readonly kind: 'failed';
  readonly code: FailureCode;
  /** Says what was wrong and what was expected, without content. */
  readonly message: string;
  readonly status: number;
  readonly retryAfterMs?: number | undefined;
  /** The same call may go better later. */
  readonly isTransient: boolean;
  /** Nobody who could serve was there: not reached, busy, ill, or refusing our credential. The call is not to blame. */
  readonly isOutage?: boolean | undefined;
  /** When the budget resets, ms since the epoch. */
  readonly resetsAt?: number | undefined;
  /** No target has the form of the call, which was made to none. */
  readonly lacksForm?: boolean | undefined;
  /** A target was asked, so that rows of the ledger tell of it. */
  readonly hasRow?: boolean | undefined;
  /** The same target may be asked once more: it failed before its answer, and does not bill that. */
  readonly mayRepeat?: boolean;
  /** No other target is asked. */
  readonly isFinal?: boolean;
  /** The words of the endpoint, where they are for the client. */
  readonly upstream?: UpstreamError | undefined;
}

type FailureCode = keyof typeof STATUS;

const STATUS = {
  unknown_class: 400,
  no_gateway: 501,
  policy_refused: 403,
  budget_exceeded: 402,
  budget_reserved: 429,
  price_unknown: 403,
  too_expensive: 402,
  invalid_request: 400,
  guard_blocked: 400,
  guard_unavailable: 503,
  upstream_failed: 502,
  upstream_timeout: 504,
  rate_limited: 429,
  cancelled: 499,
  draining: 503,
  store_unavailable: 503,
  store_full: 503,
  store_damaged: 503,
} as const;

type More = Partial<
  Pick<Failure, 'isFinal' | 'lacksForm' | 'isTransient' | 'isOutage' | 'retryAfterMs' | 'resetsAt' | 'upstream'>
>;

export function failure(code: FailureCode, message: string, more: More = {}): Failure {
  return { kind: 'failed', code, message, status: STATUS[code], isTransient: false, ...more };
}

/** Refuses a tool that names what its class does not list. */
export function failureOfResource(promptClass: string, { param, name }: NamedResource): Failure {
  const message = `${param}: the class ${promptClass} does not list "${shortened(name)}"; expected what allow.resources of the class has`;
  return failure('policy_refused', message, { upstream: { param } });
}

const OF_FAULT: Readonly<Record<LlmFailure['code'], { readonly code: FailureCode; readonly isTransient: boolean }>> = {
  unsupported: { code: 'invalid_request', isTransient: false },
  invalid: { code: 'invalid_request', isTransient: false },
  // The operator can mend it.
  credential: { code: 'upstream_failed', isTransient: true },
  limited: { code: 'rate_limited', isTransient: true },
  unavailable: { code: 'upstream_failed', isTransient: true },
  timeout: { code: 'upstream_timeout', isTransient: true },
  garbled: { code: 'upstream_failed', isTransient: true },
  aborted: { code: 'upstream_failed', isTransient: true },
};

/** Codes of requests that another model may take: one with a longer context, or with other parameters. */
const OF_THE_MODEL = ['context_length_exceeded', 'unsupported_value', 'unsupported_parameter'];

/** A request that one endpoint calls invalid is invalid for all, unless its model is what it does not fit, so no other target is asked. */
export function failureOfTarget(label: string, fault: LlmFailure): Failure {
  const { code, message, retryAfterMs, upstream } = fault;
  const of = OF_FAULT[code];
  return failure(of.code, `${label}: ${message}`, {
    isTransient: of.isTransient,
    isFinal: code === 'invalid' && !OF_THE_MODEL.includes(upstream?.code ?? ''),
    isOutage: isOutage(fault),
    retryAfterMs,
    upstream,
  });
}

/** A fault that kept us from asking is ours. A lost connection has a cause, and no status. 502, 503 and what proxies made up beyond them are about no request in particular; 500 may be. */
const isOutage = ({ code, status, cause, isOurs }: LlmFailure): boolean =>
  code === 'limited' ||
  code === 'credential' ||
  (code === 'unavailable' && (status === undefined ? isOurs || cause !== undefined : status > 501));

/** Refuses a worst case, in micro-USD, that is above the limit of the class, or unknown where a limit has to hold. */
export function failureOfPrice(
  label: string,
  { maxUsdPerCall: limit, unknownPrice }: Pick<ClassConfig, 'maxUsdPerCall' | 'unknownPrice'>,
  { worstMicroUsd: worst, hasBudget }: { readonly worstMicroUsd: number | undefined; readonly hasBudget: boolean },
): Failure | undefined {
  if (worst === undefined) {
    if ((!hasBudget && limit === undefined) || unknownPrice === 'allow') return undefined;
    const rule = limit === undefined ? 'a budget' : 'maxUsdPerCall';
    const cure = 'prices, priceAs of the target, or unknownPrice: allow, would help';
    return failure('price_unknown', `${label}: its price is not known, and ${rule} applies (${cure})`);
  }
  if (limit === undefined || worst <= limit * 1e6) return undefined;
  return failure('too_expensive', `${label}: the call may cost ${worst / 1e6} USD, the class allows ${limit}`);
}

const CLOSED = {
  limited: { code: 'rate_limited', words: 'asked to be left alone for a while' },
  broken: { code: 'upstream_failed', words: 'has failed too often lately' },
  full: { code: 'rate_limited', words: 'all places and the queue are taken' },
} as const;

export function failureOfUnavailable(label: string, { reason, retryAfterMs }: Unavailable): Failure {
  const { code, words } = CLOSED[reason];
  return failure(code, `${label}: ${words}`, { isTransient: true, isOutage: true, retryAfterMs });
}

/** Puts a budget into words. Where only reservations are in the way, there may be room as soon as other calls have ended. */
export function failureOfBudget(
  { budget, spentMicroUsd, reservedMicroUsd }: Extract<BudgetReservation, { kind: 'exceeded' }>,
  worst: number,
): Failure {
  const { resetsAt, limitMicroUsd, counted = { window: 'total' } } = budget;
  const use = { ...counted, limitMicroUsd, spentMicroUsd, reservedMicroUsd };
  const words = budgetWords(use, worst);
  if (closedBy(use, worst) === 'reserved')
    return failure('budget_reserved', words, {
      ...{ isTransient: true, isOutage: true },
      retryAfterMs: RESERVED_RETRY_MS,
    });
  const retryAfterMs = resetsAt === undefined ? undefined : Math.max(0, resetsAt - Date.now());
  return failure('budget_exceeded', words, { resetsAt, retryAfterMs });
}

/** Picks the failure that ended the call, else the first that may go better later, else the first. */
export function failureToReport(failures: readonly Failure[]): Failure {
  const reported = failures.find(({ isFinal }) => isFinal) ?? failures.find(({ isTransient }) => isTransient);
  const [first] = failures;
  if (!first) throw new Error('no attempt was made');
  const isOutage = failures.every((failed) => failed.isOutage || !failed.isTransient);
  return { ...(reported ?? first), isOutage, hasRow: failures.some(({ hasRow }) => hasRow) };
}
