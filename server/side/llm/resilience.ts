// The guard of a target: circuit breaker, bulkhead and timeout (cockatiel), and the pause that a 429 asks for.
// Rule: it never repeats a call. The router does, since policy and budget are asked again for each attempt.

import {
  type BulkheadPolicy,
  type CircuitBreakerPolicy,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  handleWhen,
  TimeoutStrategy,
  timeout,
  wrap,
} from 'cockatiel';
import { LlmFailure } from '../../../adapters/llm/index.ts';
import { unlessAborted } from '../../platform/deadline.ts';

export interface BreakerOptions {
  /** Failures in a row that open the circuit. */
  readonly failures: number;
  /** Time until one call may try whether the target is well again. */
  readonly pauseMs: number;
}
const BREAKER_DEFAULTS: BreakerOptions = { failures: 5, pauseMs: 5000 };

/** The reason why nothing can be sent to a target now. */
export interface Unavailable {
  readonly reason: 'limited' | 'broken' | 'full';
  readonly retryAfterMs: number;
}

/** The state of one model at one LLM gateway, shared by all classes that use it. */
export interface Circuit {
  readonly breaker: CircuitBreakerPolicy;
  /** Date.now() from which it may be asked again. */
  limitedUntil: number;
  /** Date.now() of the moment when the breaker opened; it stays open for `pauseMs`. */
  openedAt: number;
  readonly pauseMs: number;
}

/** Failures that say nothing of the next call: a busy target, or one that refuses a request or gives up an answer, is not ill. */
const NO_ILLNESS: readonly LlmFailure['code'][] = ['limited', 'invalid', 'unsupported', 'aborted'];

const isIllness = (error: unknown) => error instanceof LlmFailure && !NO_ILLNESS.includes(error.code);

export function createCircuit({ failures, pauseMs }: BreakerOptions = BREAKER_DEFAULTS): Circuit {
  const breaker = circuitBreaker(handleWhen(isIllness), {
    halfOpenAfter: pauseMs,
    breaker: new ConsecutiveBreaker(failures),
  });
  const circuit = { breaker, limitedUntil: 0, openedAt: 0, pauseMs };
  breaker.onBreak(() => {
    circuit.openedAt = Date.now();
  });
  return circuit;
}

export interface Guard {
  /** Says why a call should go to another target at once; undefined when it may be sent. */
  unavailable(now: number): Unavailable | undefined;
  /** Keeps calls away until this moment, or until the one that was set before if that is later. */
  limit(until: number): void;
  /**
   * Runs the work when there is a slot. Its signal is aborted at the timeout, or with `signal`; the work then throws. Rejects with the reason
   * of `signal` when that is aborted before the work began, and with cockatiel's errors when the circuit opened or the slots were taken
   * since `unavailable` was asked.
   */
  run<T>(work: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T>;
}

interface GuardOptions {
  readonly circuit: Circuit;
  readonly bulkhead: BulkheadPolicy;
  readonly timeoutMs: number;
}

export function createGuard({ circuit, bulkhead, timeoutMs }: GuardOptions): Guard {
  const limit = timeout(timeoutMs, { strategy: TimeoutStrategy.Cooperative, abortOnReturn: false });
  const policy = wrap(circuit.breaker, bulkhead, limit);
  return {
    unavailable(now) {
      if (circuit.limitedUntil > now) return { reason: 'limited', retryAfterMs: circuit.limitedUntil - now };
      const { state } = circuit.breaker;
      const left = circuit.openedAt + circuit.pauseMs - now;
      if (state === CircuitState.HalfOpen || (state === CircuitState.Open && left > 0))
        return { reason: 'broken', retryAfterMs: Math.max(1, left) };
      const isFull = bulkhead.executionSlots === 0 && bulkhead.queueSlots === 0;
      return isFull ? { reason: 'full', retryAfterMs: 1000 } : undefined;
    },
    run(work, signal) {
      let hasBegun = false;
      const running = policy.execute((context) => {
        hasBegun = true;
        return work(context.signal);
      }, signal);
      // The bulkhead of cockatiel keeps a call in its queue until there is a slot, also after its client has left.
      return hasBegun ? running : unlessAborted(running, signal);
    },
    limit(until) {
      circuit.limitedUntil = Math.max(circuit.limitedUntil, until);
    },
  };
}
