// What stands between a call and a target: circuit breaker, bulkhead (cockatiel), timeout, and the pause that a 429 asks for. Made once for
// each target. It never tries again: that is for the router, which asks policy and budget first.

import {
  type BulkheadPolicy,
  bulkhead,
  type CircuitBreakerPolicy,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  handleWhen,
  wrap,
} from 'cockatiel';
import { LlmFailure } from '../../../adapters/llm/index.ts';
import { unlessAborted } from '../../platform/deadline.ts';

export interface BreakerOptions {
  /** So many failures in a row open the circuit. */
  readonly failures: number;
  /** After so long one call tries whether it is well again. */
  readonly pauseMs: number;
}
export const BREAKER_DEFAULTS: BreakerOptions = { failures: 5, pauseMs: 5000 };

/** Why nothing can be sent now. */
export interface Unavailable {
  readonly reason: 'limited' | 'broken' | 'full';
  readonly retryAfterMs: number;
}

/** A model at an LLM gateway, whichever classes use it. */
export interface Circuit {
  readonly breaker: CircuitBreakerPolicy;
  /** Date.now() from which it may be asked again. */
  limitedUntil: number;
  /** When the breaker opened, and how long it stays so. */
  openedAt: number;
  readonly pauseMs: number;
}

/** The faults of a target that is ill. That it is busy, or refuses one request, says nothing of the next. */
const isIllness = (error: unknown) =>
  error instanceof LlmFailure && error.code !== 'limited' && error.code !== 'invalid' && error.code !== 'unsupported';

export function createCircuit({ failures, pauseMs }: BreakerOptions = BREAKER_DEFAULTS): Circuit {
  const breaker = circuitBreaker(handleWhen(isIllness), {
    halfOpenAfter: pauseMs,
    breaker: new ConsecutiveBreaker(failures),
  });
  const gate = { breaker, limitedUntil: 0, openedAt: 0, pauseMs };
  breaker.onBreak(() => {
    gate.openedAt = Date.now();
  });
  return gate;
}

export const createBulkhead = ({ concurrency, queue }: { concurrency: number; queue: number }): BulkheadPolicy =>
  bulkhead(concurrency, queue);

export interface Guard {
  /** Why a call had better go elsewhere at once; undefined: it may be sent. */
  unavailable(now: number): Unavailable | undefined;
  /** Keeps calls away for a while. */
  limit(until: number): void;
  /**
   * Runs the work when there is a place. Its signal is aborted at the timeout, or with `signal`; the work then throws. Rejects with the reason
   * of `signal` when that is aborted before the work began, and with cockatiel's errors when the guard was closed meanwhile.
   */
  run<T>(work: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T>;
}

export interface GuardOptions {
  readonly circuit: Circuit;
  readonly bulkhead: BulkheadPolicy;
  readonly timeoutMs: number;
}

export function createGuard({ circuit: gate, bulkhead: places, timeoutMs }: GuardOptions): Guard {
  const policy = wrap(gate.breaker, places);

  function closed(now: number): Unavailable | undefined {
    if (gate.limitedUntil > now) return { reason: 'limited', retryAfterMs: gate.limitedUntil - now };
    const { state } = gate.breaker;
    const left = gate.openedAt + gate.pauseMs - now;
    if (state === CircuitState.HalfOpen || (state === CircuitState.Open && left > 0))
      return { reason: 'broken', retryAfterMs: Math.max(1, left) };
    return places.executionSlots === 0 && places.queueSlots === 0 ? { reason: 'full', retryAfterMs: 1000 } : undefined;
  }

  function run<T>(work: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
    let hasBegun = false;
    const running = policy.execute((context) => {
      hasBegun = true;
      return within(timeoutMs, context.signal, work);
    }, signal);
    // The bulkhead leaves who waits in its queue until there is a place, also one that has gone.
    return hasBegun ? running : unlessAborted(running, signal);
  }
  return {
    unavailable: closed,
    run,
    limit(until) {
      gate.limitedUntil = Math.max(gate.limitedUntil, until);
    },
  };
}

/** cockatiel's own timeout costs as much as the rest of the guard. */
async function within<T>(ms: number, outer: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const limit = new AbortController();
  const leave = () => limit.abort(outer.reason);
  const timer = setTimeout(() => limit.abort(), ms);
  if (outer.aborted) leave();
  else outer.addEventListener('abort', leave, { once: true });
  try {
    return await work(limit.signal);
  } finally {
    clearTimeout(timer);
    outer.removeEventListener('abort', leave);
  }
}
