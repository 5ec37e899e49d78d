// One attempt of a call on one target: price, reservation with its ledger row, exchange, settlement. Rule: nothing is sent without a committed
// reservation, and every reservation is settled.

import { BulkheadRejectedError } from 'cockatiel';
import type { Logger } from 'pino';
import type { LlmCall, LlmOutcome, LlmRequest } from '../../../adapters/llm/contract.ts';
import { LlmFailure } from '../../../adapters/llm/index.ts';
import type { BudgetConfig } from '../../config/side-schema.ts';
import type { LedgerRow } from '../../ipc/stored-rows.ts';
import { faultOf } from '../../platform/log.ts';
import { affordableLimit, answerLimit, sharedLimit } from '../billing/answer-limit.ts';
import { boundsOf } from '../billing/bounds.ts';
import { budgetsFor, worstCaseMicroUsd } from '../billing/budget.ts';
import type { Prices } from '../billing/prices.ts';
import { receivedUsage } from '../billing/prompt-tokens.ts';
import type { SettlementWriter } from '../billing/settlement.ts';
import type { BudgetWindow, Settlement, Store } from '../store/contract.ts';
import { pendingRow, settledRow } from './attempt-row.ts';
import type { Answered, Call, StreamHead, StreamSink } from './call.ts';
import { CallAborted } from './deadline.ts';
import { type AttemptProgress, exchange, newProgress } from './exchange.ts';
import {
  type Failure,
  failure,
  failureOfBudget,
  failureOfPrice,
  failureOfTarget,
  failureOfUnavailable,
} from './failure.ts';
import type { ClassPlan, Target } from './targets.ts';

/** The parts that all attempts of a process share. */
export interface AttemptContext {
  readonly store: Pick<Store, 'reserve'>;
  readonly prices: Prices;
  readonly budgets: readonly BudgetConfig[];
  readonly settlements: SettlementWriter;
  readonly maxReplyBytes: number;
  readonly log: Logger;
}

export interface Attempt {
  readonly call: Call;
  readonly plan: ClassPlan;
  readonly target: Target;
  readonly sink: StreamSink | undefined;
  /** The model that the client asked for, else that of the first target. */
  readonly asked: string;
  /** `<gateway>/<model>` of the targets that failed before. */
  readonly tried: readonly string[];
  readonly signal: AbortSignal;
  /** Tells that a part of a streamed answer went to the client. */
  readonly progressed: () => void;
  /** Tells that a part of a whole answer came. */
  readonly answering?: (() => void) | undefined;
}

/** A reservation that has to be settled. */
interface Reserved extends Pick<Priced, 'request' | 'addedMaxTokens'> {
  readonly row: LedgerRow;
  readonly budgets: readonly BudgetWindow[];
  readonly reservedMicroUsd: number;
  /** A time of performance.now(). */
  readonly startedAt: number;
}

export async function runAttempt(context: AttemptContext, attempt: Attempt): Promise<Answered | Failure> {
  const { target, call } = attempt;
  const now = Date.now();
  const unavailable = target.guard.unavailable(now);
  if (unavailable) return failureOfUnavailable(target.label, unavailable);
  const reserved = await reserve(context, attempt, now);
  if ('kind' in reserved) return reserved;
  const { request, addedMaxTokens } = reserved;
  const progress = newProgress();
  const options = {
    agent: target.agent,
    profile: target.profile,
    call: call.llm,
    model: target.model,
    request,
    maxBytes: context.maxReplyBytes,
    progress,
    onOpened: () => attempt.sink?.opened(),
    onComment: (bytes: Buffer) => attempt.sink?.comment(bytes),
    onPart: attempt.answering,
    onBytes: forwardTo(attempt, { attempt: reserved.row.id, addedMaxTokens }),
  };
  try {
    const outcome = await target.guard.run((silence) => exchange(options, silence), {
      key: call.key,
      signal: attempt.signal,
    });
    return answered(context, { attempt, reserved, progress, endedAt: performance.now() }, outcome);
  } catch (error) {
    return failed(context, { attempt, reserved, progress, endedAt: performance.now() }, error);
  }
}

function requestFor(target: Target, llm: LlmCall): LlmRequest | Failure {
  const terms = target.terms();
  if (!terms) {
    const later = { isTransient: true, isOutage: true, retryAfterMs: 1000 };
    return failure('no_gateway', 'the rehearsal is not there yet', later);
  }
  try {
    return target.profile.toRequest(llm, terms);
  } catch (error) {
    if (error instanceof LlmFailure) return failureOfTarget(target.label, error);
    throw error;
  }
}

/** The request of an attempt, and the most that it can cost; undefined: not known. */
interface Priced {
  readonly request: LlmRequest;
  readonly worst: number | undefined;
  readonly addedMaxTokens: number | undefined;
}

function priced({ prices }: AttemptContext, { target, call }: Attempt, addedMaxTokens?: number): Priced | Failure {
  const { isRehearsal, pricedAs: model, profile } = target;
  const llm = addedMaxTokens === undefined ? call.llm : { ...call.llm, maxTokens: addedMaxTokens };
  const request = requestFor(target, llm);
  if ('kind' in request) return request;
  const worst = isRehearsal
    ? 0
    : worstCaseMicroUsd(prices, { model, profile: profile.name, call: llm, body: request.body });
  return { request, worst, addedMaxTokens };
}

interface Means {
  readonly hasBudget: boolean;
  /** The rest of the budget; undefined: not known, so as much as the call may want is tried. */
  readonly leftMicroUsd?: number | undefined;
}

/** Prices the call; one without a limit gets one that this much pays for, where a limit is needed. */
function pricedWithin(context: AttemptContext, attempt: Attempt, { hasBudget, leftMicroUsd }: Means) {
  const { target, call, plan } = attempt;
  const { isRehearsal, pricedAs: model, profile } = target;
  if (call.llm.maxTokens !== undefined || isRehearsal) return priced(context, attempt);
  const ceiling = context.prices.ceiling(model, profile.name);
  const { maxUsdPerCall = Number.POSITIVE_INFINITY } = plan.config;
  const isBounded = hasBudget || maxUsdPerCall < Number.POSITIVE_INFINITY;
  const isDemanded = profile.demandsMaxTokens === true;
  const maxTokens = answerLimit({ model, isBounded, isDemanded, ceiling });
  const first = priced(context, attempt, maxTokens);
  if ('kind' in first || maxTokens === undefined || first.worst === undefined || ceiling === undefined) return first;
  const { worst } = first;
  const affordable = affordableLimit({ maxTokens, worstMicroUsd: worst, leftMicroUsd: maxUsdPerCall * 1e6, ceiling });
  const fitting =
    leftMicroUsd === undefined
      ? affordable
      : Math.min(affordable, sharedLimit({ maxTokens, worstMicroUsd: worst, leftMicroUsd, ceiling }));
  return fitting === maxTokens ? first : priced(context, attempt, fitting);
}

/** Tries to fit a call without a limit into what others leave of a budget. */
const MAX_TRIES = 8;

async function reserve(context: AttemptContext, attempt: Attempt, now: number): Promise<Reserved | Failure> {
  const { store, log, budgets: configured } = context;
  const { target, call, plan } = attempt;
  // The rehearsal is free, so it counts in no budget.
  const budgets = target.isRehearsal ? [] : budgetsFor(configured, call, now);
  const startedAt = performance.now();
  const tryWith = async (leftMicroUsd?: number) => {
    const made = pricedWithin(context, attempt, { hasBudget: budgets.length > 0, leftMicroUsd });
    if ('kind' in made) return made;
    const tooDear = target.isRehearsal
      ? undefined
      : failureOfPrice(target.label, plan.config, { worstMicroUsd: made.worst, hasBudget: budgets.length > 0 });
    if (tooDear) return tooDear;
    const row = pendingRow({ ...attempt, at: now, worstMicroUsd: made.worst });
    const reservedMicroUsd = made.worst ?? 0;
    const reservation = await store.reserve(budgets, reservedMicroUsd, row);
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
    return failure('store_unavailable', message, {
      ...{ isTransient: true, isFinal: true, isOutage: true },
      retryAfterMs: 1000,
    });
  }
}

/** Forwards bytes to the client; the head goes before the first of them. */
function forwardTo({ sink, target, progressed }: Attempt, sent: Pick<StreamHead, 'attempt' | 'addedMaxTokens'>) {
  let hasBegun = false;
  return (bytes: Buffer, served: string | undefined): void => {
    if (!hasBegun) sink?.begin({ gateway: target.gatewayName, model: served ?? target.model, ...sent });
    hasBegun = true;
    sink?.write(bytes);
    progressed();
  };
}

interface EndedAttempt {
  readonly attempt: Attempt;
  readonly reserved: Reserved;
  readonly progress: AttemptProgress;
  /** A time of performance.now(). */
  readonly endedAt: number;
}

function settlementOf(
  { prices }: AttemptContext,
  { attempt: { call, target, plan }, reserved, progress, endedAt }: EndedAttempt,
  outcome: string,
  answer: AttemptProgress['partial'],
): Settlement {
  const { row: pending, request, startedAt, budgets, reservedMicroUsd } = reserved;
  const { firstByteAt, mayHaveRun, receivedBytes } = progress;
  const firstTokenMs = firstByteAt === undefined ? undefined : firstByteAt - startedAt;
  const received = () =>
    receivedBytes === undefined
      ? undefined
      : receivedUsage({ body: request.body, call: call.llm, model: target.model, receivedBytes });
  const maxTokens = reserved.addedMaxTokens ?? call.llm.maxTokens;
  const bounds = () => boundsOf({ body: request.body, call: call.llm, model: target.pricedAs, maxTokens });
  const settled = {
    pending,
    target,
    allowedModels: plan.config.allow.models,
    outcome,
    answer,
    mayHaveRun,
    received,
    bounds,
    latencyMs: endedAt - startedAt,
    firstTokenMs,
  };
  const row = settledRow(settled, prices);
  return { row, budgets, reservedMicroUsd };
}

async function answered(context: AttemptContext, ended: EndedAttempt, outcome: LlmOutcome): Promise<Answered> {
  const { call, target } = ended.attempt;
  const served = outcome.served ?? target.model;
  const settlement = () => settlementOf(context, ended, 'ok', { ...outcome, served });
  // Tasks settle before returning, since scoring reads the row; chats settle later, to save latency.
  if (call.kind === 'task') await context.settlements.settle(settlement());
  else context.settlements.settleLater(settlement);
  const { gatewayName: gateway, isRehearsal } = target;
  const { row, addedMaxTokens } = ended.reserved;
  return { kind: 'answered', ...outcome, served, attempt: row.id, addedMaxTokens, gateway, isRehearsal };
}

/** Settles before any other target is tried, since the next attempt may need what this one holds of a budget. */
async function failed(context: AttemptContext, ended: EndedAttempt, error: unknown): Promise<Failure> {
  const { attempt, progress } = ended;
  const { target, signal } = attempt;
  const cause = causeOf(error, signal, context.log);
  const hasBegun = progress.firstByteAt !== undefined;
  const outcome = cause instanceof LlmFailure ? (hasBegun ? 'broken_off' : cause.code) : ABORTED_OUTCOMES[cause.by];
  await context.settlements.settle(settlementOf(context, ended, outcome, progress.partial));
  if (cause instanceof CallAborted) return failureOfAborted(cause);
  if (cause.retryAfterMs !== undefined && (cause.code === 'limited' || cause.code === 'unavailable'))
    target.guard.limit(Date.now() + cause.retryAfterMs);
  const failure = failureOfTarget(target.label, cause);
  // A target whose breaker is open now serves nobody, whatever it was that opened it.
  const isBroken = target.guard.unavailable(Date.now())?.reason === 'broken';
  const result = { ...failure, isOutage: failure.isOutage || isBroken };
  return hasBegun ? { ...result, isFinal: true } : result;
}

const ABORTED_OUTCOMES = { client: 'cancelled', deadline: 'timeout', hedge: 'hedged' } as const;

function causeOf(error: unknown, signal: AbortSignal, log: Logger): LlmFailure | CallAborted {
  if (signal.aborted && signal.reason instanceof CallAborted) return signal.reason;
  if (error instanceof LlmFailure) return error;
  if (error instanceof BulkheadRejectedError) return new LlmFailure('limited', 'all places and the queue are taken');
  log.error(faultOf(error), 'attempt failed unexpectedly');
  return new LlmFailure('unavailable', 'an unexpected fault');
}

function failureOfAborted({ by }: CallAborted): Failure {
  const always = { isTransient: true, isFinal: true } as const;
  return by === 'deadline'
    ? failure('upstream_timeout', 'no answer before the deadline of the call', always)
    : failure('cancelled', 'whoever asked is gone', always);
}
