// Reserves what an attempt may cost, with its pending ledger row. A call without a limit of tokens gets one that fits, where money or the API
// wants one.

import type { LlmApi, LlmCall, LlmRequest } from '../../../../adapters/llm/contract.ts';
import { apiFor, LlmFailure } from '../../../../adapters/llm/index.ts';
import { faultOf } from '../../../platform/log.ts';
import { affordableLimit, answerLimit, sharedLimit } from '../../billing/answer-limit.ts';
import { budgetsFor } from '../../billing/budgets/budget.ts';
import { worstCaseMicroUsd } from '../../billing/budgets/call-cost.ts';
import type { Settlement } from '../../store/contract/budgets.ts';
import { StoreError } from '../../store/contract/store.ts';
import { isTooLong } from '../catalogue/context-length.ts';
import { type Failure, failure, failureOfBudget, failureOfPrice, failureOfTarget } from '../failure.ts';
import type { Target } from '../targets.ts';
import { pendingRow } from './attempt-row.ts';
import type { Attempt, AttemptContext } from './contract.ts';

/** A reservation that has to be settled. */
export interface Reserved extends Settlement, Pick<Priced, 'request' | 'addedMaxTokens' | 'api' | 'llm'> {
  /** A time of performance.now(). */
  readonly startedAt: number;
}

interface Written {
  readonly request: LlmRequest;
  /** The endpoint's API that it is for, and the call as this target gets it. */
  readonly api: LlmApi;
  readonly llm: LlmCall;
}

function requestFor(target: Target, call: LlmCall): Written | Failure {
  const terms = target.terms();
  if (!terms) {
    const later = { isTransient: true, isOutage: true, retryAfterMs: 1000 };
    return failure('no_gateway', 'the rehearsal is not there yet', later);
  }
  try {
    const llm = call.native === undefined ? call : { ...call, native: { ...call.native, target: target.label } };
    const api = apiFor(target.profile, llm, terms.settings);
    return { request: api.toRequest(llm, terms), api, llm };
  } catch (error) {
    if (error instanceof LlmFailure) return failureOfTarget(target.label, error);
    throw error;
  }
}

/** The request of an attempt, and the most that it can cost; undefined: not known. */
interface Priced extends Written {
  readonly worst: number | undefined;
  readonly addedMaxTokens: number | undefined;
}

function priced({ target, call }: Attempt, addedMaxTokens?: number): Priced | Failure {
  const { isRehearsal, pricedAs: model, profile, prices } = target;
  const llm = addedMaxTokens === undefined ? call.llm : { ...call.llm, maxTokens: addedMaxTokens };
  const written = requestFor(target, llm);
  if ('kind' in written) return written;
  const { body } = written.request;
  const contextTokens = target.contextTokens();
  if (isTooLong(body, contextTokens))
    return failureOfTarget(
      target.label,
      new LlmFailure('unsupported', `the prompt is longer than its ${contextTokens} tokens`),
    );
  // Nobody knows before what hosted tools cost, and what they read.
  const hasPrice = llm.native?.hostedTools === undefined;
  const known = () => worstCaseMicroUsd(prices, { model, profile: profile.name, call: llm, body });
  return { ...written, worst: isRehearsal ? 0 : hasPrice ? known() : undefined, addedMaxTokens };
}

interface Means {
  readonly hasBudget: boolean;
  /** The rest of the budget; undefined: not known, so as much as the call may want is tried. */
  readonly leftMicroUsd?: number | undefined;
}

/** Prices the call; one without a limit gets one that this much pays for, where a limit is needed. */
function pricedWithin(attempt: Attempt, { hasBudget, leftMicroUsd }: Means) {
  const { target, call, plan } = attempt;
  const { isRehearsal, pricedAs: model, profile } = target;
  if (call.llm.maxTokens !== undefined || isRehearsal) return priced(attempt);
  const ceiling = target.prices.ceiling(model, profile.name);
  const { maxUsdPerCall = Number.POSITIVE_INFINITY } = plan.config;
  const isBounded = hasBudget || maxUsdPerCall < Number.POSITIVE_INFINITY;
  const isDemanded = profile.demandsMaxTokens === true;
  const maxTokens = answerLimit({ model, isBounded, isDemanded, ceiling });
  const first = priced(attempt, maxTokens);
  if ('kind' in first || maxTokens === undefined || first.worst === undefined || ceiling === undefined) return first;
  const { worst } = first;
  const affordable = affordableLimit({ maxTokens, worstMicroUsd: worst, leftMicroUsd: maxUsdPerCall * 1e6, ceiling });
  const fitting =
    leftMicroUsd === undefined
      ? affordable
      : Math.min(affordable, sharedLimit({ maxTokens, worstMicroUsd: worst, leftMicroUsd, ceiling }));
  return fitting === maxTokens ? first : priced(attempt, fitting);
}

/** Tries to fit a call without a limit into what others leave of a budget. */
const MAX_TRIES = 8;

export async function reserveFor(context: AttemptContext, attempt: Attempt, now: number): Promise<Reserved | Failure> {
  const { reservations, log, budgets: configured, holder: heldBy } = context;
  const { target, call, plan } = attempt;
  // The rehearsal is free, so it counts in no budget.
  const all = [...configured, ...(call.budgets ?? [])];
  const windows = [...budgetsFor(all, { ...call, path: target.path }, now), ...(call.windows ?? [])];
  const budgets = target.isRehearsal ? [] : windows;
  const startedAt = performance.now();
  const tryWith = async (leftMicroUsd?: number) => {
    const made = pricedWithin(attempt, { hasBudget: budgets.length > 0, leftMicroUsd });
    if ('kind' in made) return made;
    const tooDear = target.isRehearsal
      ? undefined
      : failureOfPrice(target.label, plan.config, { worstMicroUsd: made.worst, hasBudget: budgets.length > 0 });
    if (tooDear) return tooDear;
    const row = pendingRow({ ...attempt, at: now, worstMicroUsd: made.worst, heldBy });
    const reservedMicroUsd = made.worst ?? 0;
    const reservation = await reservations.reserve(budgets, reservedMicroUsd, row);
    return { ...made, row, reservedMicroUsd, reservation };
  };
  try {
    let tried = await tryWith();
    // The rest of the budget is known only now, and others take of it meanwhile; a call that brought its own limit keeps it.
    for (let again = 0; again < MAX_TRIES && !('kind' in tried); again++) {
      if (tried.reservation.kind !== 'exceeded' || tried.addedMaxTokens === undefined) break;
      tried = await tryWith(tried.reservation.leftMicroUsd);
    }
    if ('kind' in tried) return tried;
    const { reservation, ...reserved } = tried;
    return reservation.kind === 'exceeded'
      ? failureOfBudget(reservation, reserved.reservedMicroUsd)
      : { ...reserved, budgets, startedAt };
  } catch (error) {
    log.error(faultOf(error), 'store refused a reservation');
    const message = 'the store takes nothing at the moment, so nothing is sent';
    return failure(error instanceof StoreError ? error.code : 'store_unavailable', message, {
      ...{ isTransient: true, isFinal: true, isOutage: true },
      retryAfterMs: 1000,
    });
  }
}
