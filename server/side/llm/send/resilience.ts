// The guard of a target: its circuit, its bulkhead (cockatiel), and the limit of its silence.
// Rule: it never repeats a call. The router does, since policy and budget are asked again for each attempt.

import type { BulkheadPolicy } from 'cockatiel';
import { unlessAborted } from '../../../platform/deadline.ts';
import { throughCircuit } from './call-circuit.ts';
import type { Circuit } from './circuit.ts';
import { type Watch, withinSilence } from './silence.ts';

/** The reason why nothing can be sent to a target now. */
export interface Unavailable {
  readonly reason: 'limited' | 'broken' | 'full';
  readonly retryAfterMs: number;
}

interface Caller {
  /** undefined in open mode. */
  readonly key: string | undefined;
  readonly signal: AbortSignal;
}

export interface Guard {
  /** Says why a call should go to another target at once; undefined when it may be sent. */
  unavailable(now: number): Unavailable | undefined;
  /** Keeps calls away until this moment, or until the one that was set before if that is later. */
  limit(until: number): void;
  /**
   * Runs the work when there is a slot. Its signal is aborted when nothing was heard for the timeout, or with that of the caller; the work then
   * throws. Rejects with the reason of the caller's signal when that is aborted before the work began, and with an LlmFailure or cockatiel's
   * error when the circuit opened or the slots were taken since `unavailable` was asked.
   */
  run<T>(work: (watch: Watch) => Promise<T>, caller: Caller): Promise<T>;
}

interface GuardOptions {
  readonly circuit: Circuit;
  readonly bulkhead: BulkheadPolicy;
  readonly timeoutMs: number;
}

export function createGuard({ circuit, bulkhead, timeoutMs }: GuardOptions): Guard {
  return {
    unavailable(now) {
      const blocked = circuit.blocked(now);
      if (blocked !== undefined) return blocked;
      const isFull = bulkhead.executionSlots === 0 && bulkhead.queueSlots === 0;
      return isFull ? { reason: 'full', retryAfterMs: 1000 } : undefined;
    },
    run(work, { key, signal }) {
      let hasBegun = false;
      const running = bulkhead.execute(() => {
        hasBegun = true;
        return throughCircuit(
          circuit,
          (answering) => withinSilence((silence) => work({ ...silence, answering }), { silenceMs: timeoutMs, signal }),
          key,
        );
      }, signal);
      // The bulkhead of cockatiel keeps a call in its queue until there is a slot, also after its client has left.
      return hasBegun ? running : unlessAborted(running, signal);
    },
    limit: (until) => circuit.limit(until),
  };
}
