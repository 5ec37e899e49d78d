// One attempt of a call on one target: reservation with its ledger row, exchange, settlement. Rule: nothing is sent without a committed
// reservation, and every reservation is settled.

import { BulkheadRejectedError } from 'cockatiel';
import type { Logger } from 'pino';
import type { LlmOutcome } from '../../../../adapters/llm/contract.ts';
import { LlmFailure } from '../../../../adapters/llm/index.ts';
import { faultOf } from '../../../platform/log.ts';
import { boundsOf } from '../../billing/bounds.ts';
import { receivedUsage } from '../../billing/prompt-tokens.ts';
import type { Settlement } from '../../store/contract/budgets.ts';
import type { Answered, Checked, StreamHead } from '../call.ts';
import { type Failure, failure, failureOfTarget, failureOfUnavailable } from '../failure.ts';
import { savedMicroUsd } from '../order/saved.ts';
import { settledRow } from './attempt-row.ts';
import type { Attempt, AttemptContext, EndedCall } from './contract.ts';
import { CallAborted } from './deadline.ts';
import { type AttemptProgress, exchange, newProgress } from './exchange.ts';
import { mayRepeat } from './repeat.ts';
import { type Reserved, reserveFor } from './reservation.ts';
import { tracedRequest } from './trace.ts';

export async function runAttempt(context: AttemptContext, attempt: Attempt): Promise<Answered | Failure> {
  const { target, call } = attempt;
  const now = Date.now();
  const unavailable = target.guard.unavailable(now);
  if (unavailable) return failureOfUnavailable(target.label, unavailable);
  const reserved = await reserveFor(context, attempt, now);
  if ('kind' in reserved) return reserved;
  const { request, addedMaxTokens, api, llm } = reserved;
  context.reservations.hold(reserved.row.id);
  attempt.sink?.asked();
  const progress = newProgress();
  const options = {
    agent: target.agent,
    api,
    call: llm,
    model: target.model,
    request: tracedRequest(request, attempt, reserved.row.id),
    maxBytes: context.maxReplyBytes,
    progress,
    onOpened: () => attempt.sink?.opened(),
    onComment: (bytes: Buffer) => attempt.sink?.comment(bytes),
    onThought: attempt.progressed,
    onPart: () => {
      attempt.answering?.();
      attempt.progressed();
    },
    onBytes: forwardTo(attempt, {
      ...{ attempt: reserved.row.id, addedMaxTokens },
      failed: (error) => progress.stream?.failed(error),
    }),
  };
  try {
    const outcome = await target.guard.run((watch) => exchange(options, watch), {
      key: call.key,
      signal: attempt.signal,
    });
    return await answered(context, { attempt, reserved, progress, endedAt: performance.now() }, outcome);
  } catch (error) {
    return await failed(context, { attempt, reserved, progress, endedAt: performance.now() }, error);
  } finally {
    context.reservations.release(reserved.row.id);
  }
}

/** Forwards bytes to the client; the head goes before the first of them. */
function forwardTo({ sink, target, progressed }: Attempt, sent: Omit<StreamHead, 'gateway' | 'model'>) {
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
  context: AttemptContext,
  { attempt, reserved, progress, endedAt }: EndedAttempt,
  outcome: string,
  answer: AttemptProgress['partial'],
  checked?: Checked,
): Settlement {
  const { call, target, plan } = attempt;
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
  const priced = settledRow(settled);
  const guarded = [pending.guarded, checked?.words].filter((words) => words !== undefined).join(', ') || undefined;
  const row = { ...priced, guarded, savedMicroUsd: savedMicroUsd(attempt, priced) };
  tell(context, attempt, { row, answer });
  return { row, budgets, reservedMicroUsd };
}

/** Tells those who learn from a row; what they throw must not lose its settlement. */
function tell(
  { onAttempt, log }: AttemptContext,
  { call, target, observe }: Attempt,
  { row, answer }: Pick<EndedCall, 'row' | 'answer'>,
): void {
  for (const told of [() => onAttempt?.({ call, target, row, answer }), () => observe?.(row), () => call.onRow?.(row)])
    try {
      told();
    } catch (error) {
      log.error(faultOf(error), 'nothing was learnt from an attempt');
    }
}

async function answered(context: AttemptContext, ended: EndedAttempt, outcome: LlmOutcome): Promise<Answered> {
  const { call, target, judge } = ended.attempt;
  const verdict = judge === undefined ? undefined : await judge(outcome);
  const checked = await call.check?.(outcome);
  const served = outcome.served ?? target.model;
  const settlement = () => settlementOf(context, ended, verdict ?? 'ok', { ...outcome, served }, checked);
  // Tasks settle before returning, since scoring reads the row, as does what may be asked again; chats settle later, to save latency.
  if (call.kind === 'task' || verdict !== undefined) await context.settlements.settle(settlement());
  else if (call.onRow === undefined) context.settlements.settleLater(ended.reserved.row.id, settlement);
  else {
    const known = settlement();
    context.settlements.settleLater(known.row.id, () => known);
  }
  const { gatewayName: gateway, isRehearsal } = target;
  const { row, addedMaxTokens } = ended.reserved;
  return {
    kind: 'answered',
    ...outcome,
    served,
    attempt: row.id,
    addedMaxTokens,
    gateway,
    isRehearsal,
    verdict,
    checked,
  };
}

/** Settles before any other target is tried, since the next attempt may need what this one holds of a budget. */
async function failed(context: AttemptContext, ended: EndedAttempt, error: unknown): Promise<Failure> {
  const { attempt, progress } = ended;
  const { target, signal } = attempt;
  const cause = causeOf(error, signal, context.log);
  const hasBegun = progress.firstByteAt !== undefined;
  const outcome = cause instanceof LlmFailure ? (hasBegun ? 'broken_off' : cause.code) : ABORTED_OUTCOMES[cause.by];
  const isAbandoned = cause instanceof CallAborted || cause.code === 'timeout';
  const known = isAbandoned && target.billsAbandoned ? withoutCounts(progress) : progress;
  await context.settlements.settle(settlementOf(context, { ...ended, progress: known }, outcome, known.partial));
  if (cause instanceof CallAborted) return { ...failureOfAborted(cause), hasRow: true };
  if (cause.retryAfterMs !== undefined && (cause.code === 'limited' || cause.code === 'unavailable'))
    target.guard.limit(Date.now() + cause.retryAfterMs);
  const failure = failureOfTarget(target.label, cause);
  // A target whose breaker is open now serves nobody, whatever it was that opened it.
  const isBroken = target.guard.unavailable(Date.now())?.reason === 'broken';
  const isFree = !isBroken && mayRepeat(cause, target, progress);
  const result = { ...failure, isOutage: failure.isOutage || isBroken, hasRow: true, mayRepeat: isFree };
  return hasBegun ? { ...result, isFinal: true } : result;
}

/** Leaves out how far a stream came, which says nothing of its bill where the endpoint goes on. */
const withoutCounts = ({ partial, ...progress }: AttemptProgress): AttemptProgress => ({
  ...progress,
  receivedBytes: undefined,
  partial: partial && { ...partial, usage: undefined, costUsd: undefined },
});

const ABORTED_OUTCOMES = { client: 'cancelled', deadline: 'timeout', hedge: 'hedged', shutdown: 'cancelled' } as const;

function causeOf(error: unknown, signal: AbortSignal, log: Logger): LlmFailure | CallAborted {
  if (signal.aborted && signal.reason instanceof CallAborted) return signal.reason;
  if (error instanceof LlmFailure) return error;
  if (error instanceof BulkheadRejectedError) return new LlmFailure('limited', 'all places and the queue are taken');
  log.error(faultOf(error), 'attempt failed unexpectedly');
  return new LlmFailure('unavailable', 'an unexpected fault');
}

function failureOfAborted({ by }: CallAborted): Failure {
  const always = { isTransient: true, isFinal: true } as const;
  if (by === 'deadline') return failure('upstream_timeout', 'no answer before the deadline of the call', always);
  if (by === 'shutdown') return failure('draining', 'the gateway is shutting down', { ...always, isOutage: true });
  return failure('cancelled', 'whoever asked is gone', always);
}
