// One attempt of a call on one target: price, reservation with its ledger row, the exchange, settlement. Rule: without a reservation that is
// committed nothing is sent, and every reservation is settled.

import { BrokenCircuitError, BulkheadRejectedError } from 'cockatiel';
import type { Logger } from 'pino';
import type { LlmOutcome, LlmRequest } from '../../../adapters/llm/contract.ts';
import { LlmFailure } from '../../../adapters/llm/index.ts';
import type { BudgetConfig } from '../../config/side-schema.ts';
import type { LedgerRow } from '../../ipc/records.ts';
import { faultOf } from '../../platform/log.ts';
import { budgetsFor, worstCaseMicroUsd } from '../billing/budget.ts';
import type { Prices } from '../billing/prices.ts';
import type { SettlementWriter } from '../billing/settlement.ts';
import type { BudgetWindow, Reservation, Store } from '../store/contract.ts';
import type { Answered, Call, StreamSink } from './call.ts';
import { CallAborted } from './deadline.ts';
import { type AttemptProgress, exchange } from './exchange.ts';
import { type Failure, failure, failureOfBudget, failureOfTarget, failureOfUnavailable } from './failure.ts';
import { pendingRow, settledRow } from './ledger-rows.ts';
import type { ClassPlan, Target } from './targets.ts';

/** What all attempts of a process share. */
export interface AttemptContext {
  readonly store: Pick<Store, 'reserve'>;
  readonly prices: Prices;
  readonly budgets: readonly BudgetConfig[];
  readonly settler: SettlementWriter;
  readonly maxReplyBytes: number;
  readonly log: Logger;
}

export interface Attempt {
  readonly call: Call;
  readonly plan: ClassPlan;
  readonly target: Target;
  readonly sink: StreamSink | undefined;
  readonly asked: string;
  readonly tried: readonly string[];
  readonly signal: AbortSignal;
}

/** A reservation that has to be settled. */
interface Reserved {
  readonly row: LedgerRow;
  readonly budgets: readonly BudgetWindow[];
  readonly reservedMicroUsd: number;
  readonly startedAt: number;
}

export async function runAttempt(tools: AttemptContext, one: Attempt): Promise<Answered | Failure> {
  const { target, call } = one;
  const now = Date.now();
  const closed = target.guard.unavailable(now);
  if (closed) return failureOfUnavailable(target.label, closed);
  const request = requestFor(one);
  if ('kind' in request) return request;
  const reserved = await reserve(tools, one, request, now);
  if ('kind' in reserved) return reserved;
  const progress: AttemptProgress = { mayHaveRun: false, firstByteAt: undefined, partial: undefined };
  try {
    const outcome = await target.guard.run(
      (signal) =>
        exchange(
          {
            agent: target.agent,
            profile: target.profile,
            call: call.llm,
            request,
            maxBytes: tools.maxReplyBytes,
            progress,
            onBytes: passTo(one, reserved.row.id, progress),
          },
          signal,
        ),
      one.signal,
    );
    return answered(tools, { one, reserved, progress, outcome, endedAt: performance.now() });
  } catch (error) {
    return failed(tools, { one, reserved, progress, error, endedAt: performance.now() });
  }
}

function requestFor({ target, call }: Attempt): LlmRequest | Failure {
  const terms = target.terms();
  if (!terms) return failure('no_gateway', 'the rehearsal is not there yet', { isTransient: true, retryAfterMs: 1000 });
  try {
    return target.profile.toRequest(call.llm, terms);
  } catch (error) {
    if (error instanceof LlmFailure) return failureOfTarget(target.label, error);
    throw error;
  }
}

async function reserve(
  tools: AttemptContext,
  one: Attempt,
  request: LlmRequest,
  now: number,
): Promise<Reserved | Failure> {
  const { target, call, plan } = one;
  // The rehearsal is free, so it counts in no budget.
  const budgets = target.isRehearsal ? [] : budgetsFor(tools.budgets, call, now);
  const { body } = request;
  const worst = target.isRehearsal
    ? 0
    : worstCaseMicroUsd(tools.prices, { model: target.model, profile: target.profile.name, call: call.llm, body });
  const fault = target.isRehearsal ? undefined : priceFault(plan, target, worst, budgets);
  if (fault) return fault;
  const row = pendingRow({ ...one, at: now, worstMicroUsd: worst });
  const startedAt = performance.now();
  let reservation: Reservation;
  try {
    reservation = await tools.store.reserve(budgets, worst ?? 0, row);
  } catch (error) {
    tools.log.error(faultOf(error), 'store refused a reservation');
    const message = 'the store takes nothing at the moment, so nothing is sent';
    return failure('store_unavailable', message, { isTransient: true, isFinal: true, retryAfterMs: 1000 });
  }
  if (reservation.kind === 'exceeded') return failureOfBudget(reservation, worst ?? 0);
  return { row, budgets, reservedMicroUsd: worst ?? 0, startedAt };
}

function priceFault(
  { config }: ClassPlan,
  target: Target,
  worst: number | undefined,
  budgets: readonly BudgetWindow[],
): Failure | undefined {
  const most = config.maxUsdPerCall;
  if (worst === undefined) {
    const isNeeded = budgets.length > 0 || most !== undefined;
    if (!isNeeded || config.unknownPrice === 'allow') return undefined;
    const rule = most === undefined ? 'a budget' : 'maxUsdPerCall';
    const message = `${target.label}: its price is not known, and ${rule} applies (prices, or unknownPrice: allow, would help)`;
    return failure('price_unknown', message);
  }
  if (most === undefined || worst <= most * 1e6) return undefined;
  return failure('too_expensive', `${target.label}: the call may cost ${worst / 1e6} USD, the class allows ${most}`);
}

/** Bytes for the client; the head goes before the first of them. */
function passTo({ sink, target }: Attempt, attemptId: string, progress: AttemptProgress) {
  let hasBegun = false;
  return (bytes: Buffer, served: string | undefined) => {
    if (!hasBegun) sink?.begin({ gateway: target.gatewayName, model: served ?? target.model, attempt: attemptId });
    hasBegun = true;
    progress.firstByteAt ??= performance.now();
    sink?.write(bytes);
  };
}

interface Ended {
  readonly one: Attempt;
  readonly reserved: Reserved;
  readonly progress: AttemptProgress;
  /** performance.now() */
  readonly endedAt: number;
}

function settlementOf(tools: AttemptContext, ended: Ended, outcome: string, answer: AttemptProgress['partial']) {
  const { one, reserved, progress, endedAt } = ended;
  const { row: pending, startedAt, budgets, reservedMicroUsd } = reserved;
  const { firstByteAt, mayHaveRun } = progress;
  const row = settledRow(
    {
      pending,
      target: one.target,
      outcome,
      answer,
      mayHaveRun,
      latencyMs: endedAt - startedAt,
      firstTokenMs: firstByteAt === undefined ? undefined : firstByteAt - startedAt,
    },
    tools.prices,
  );
  return { row, budgets, reservedMicroUsd };
}

async function answered(tools: AttemptContext, ended: Ended & { readonly outcome: LlmOutcome }): Promise<Answered> {
  const { one, reserved, outcome } = ended;
  const served = outcome.served ?? one.target.model;
  const settlement = () => settlementOf(tools, ended, 'ok', { ...outcome, served });
  // A task is graded right afterwards; a client waits for its answer.
  if (one.call.kind === 'task') await tools.settler.settle(settlement());
  else tools.settler.settleLater(settlement);
  const { gatewayName: gateway, isRehearsal } = one.target;
  return { kind: 'answered', ...outcome, served, attempt: reserved.row.id, gateway, isRehearsal };
}

/** Settled before anything else is tried, since the next attempt may need what this one holds of a budget. */
async function failed(tools: AttemptContext, ended: Ended & { readonly error: unknown }): Promise<Failure> {
  const { one, progress } = ended;
  const { target, signal } = one;
  const found = reasonOf(ended.error, signal, tools.log);
  const hasBegun = progress.firstByteAt !== undefined;
  const outcome = found instanceof LlmFailure ? (hasBegun ? 'broken_off' : found.code) : OUTCOMES[found.by];
  await tools.settler.settle(settlementOf(tools, ended, outcome, progress.partial));
  if (found instanceof CallAborted) return interruptedFailure(found);
  if (found.retryAfterMs !== undefined && (found.code === 'limited' || found.code === 'unavailable'))
    target.guard.limit(Date.now() + found.retryAfterMs);
  const told = failureOfTarget(target.label, found);
  return hasBegun ? { ...told, isFinal: true } : told;
}

const OUTCOMES = { client: 'cancelled', deadline: 'timeout', hedge: 'hedged' } as const;

function reasonOf(error: unknown, signal: AbortSignal, log: Logger): LlmFailure | CallAborted {
  if (signal.aborted && signal.reason instanceof CallAborted) return signal.reason;
  if (error instanceof LlmFailure) return error;
  if (error instanceof BrokenCircuitError) return new LlmFailure('unavailable', 'has failed too often in a row');
  if (error instanceof BulkheadRejectedError) return new LlmFailure('limited', 'all places and the queue are taken');
  log.error(faultOf(error), 'attempt failed unexpectedly');
  return new LlmFailure('unavailable', 'an unexpected fault', { cause: error });
}

function interruptedFailure({ by }: CallAborted): Failure {
  if (by === 'deadline')
    return failure('upstream_timeout', 'no answer before the deadline of the call', {
      isTransient: true,
      isFinal: true,
    });
  // Whoever loses to a hedge is not told.
  return failure('cancelled', 'whoever asked is gone', { isTransient: true, isFinal: true });
}
