// The parts of an attempt: the call with the target that is asked, and what all attempts of a process share.

import type { Logger } from 'pino';
import type { LlmOutcome } from '../../../../adapters/llm/contract.ts';
import type { BudgetConfig } from '../../../config/side-schema.ts';
import type { LedgerRow, RefusedTarget } from '../../../ipc/stored-rows.ts';
import type { Reservations } from '../../billing/budgets/reservations.ts';
import type { SettlementWriter } from '../../billing/settlement.ts';
import type { Answered, Call, StreamSink, Verdict } from '../call.ts';
import type { Failure } from '../failure.ts';
import type { Latencies } from '../order/latency.ts';
import type { Qualities } from '../order/quality.ts';
import type { ClassPlan, Target } from '../targets.ts';

/** The parts that all attempts of a process share. */
export interface AttemptContext {
  readonly budgets: readonly BudgetConfig[];
  readonly settlements: SettlementWriter;
  readonly reservations: Reservations;
  readonly latencies: Latencies;
  readonly qualities: Qualities;
  /** Runs a call that helps another, such as one that scores. */
  readonly run: (call: Call) => Promise<Answered | Failure>;
  readonly maxReplyBytes: number;
  /** Name of this process, where it has leases. */
  readonly holder: string | undefined;
  readonly log: Logger;
  /** Called with each attempt that has ended, once its row is worked out. */
  readonly onAttempt?: ((ended: EndedCall) => void) | undefined;
}

/** An attempt that has ended. `answer`: as much of it as is known. */
export interface EndedCall extends Pick<Attempt, 'call' | 'target'> {
  readonly row: LedgerRow;
  readonly answer: Partial<Omit<LlmOutcome, 'completion'>> | undefined;
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
  /** Why this target was taken, for its row. */
  readonly why: string;
  readonly refused: readonly RefusedTarget[] | undefined;
  readonly signal: AbortSignal;
  /** Tells that a part of the answer came. */
  readonly progressed: () => void;
  /** Tells that a part of a whole answer came. */
  readonly answering?: (() => void) | undefined;
  /** Judges a whole answer; undefined: it is taken as it is. */
  readonly judge?: ((outcome: LlmOutcome) => Promise<Verdict | undefined>) | undefined;
  /** The target that the cost is compared with; `none`: that of no other, so that it comes off what was saved. */
  readonly strong?: Target | 'none' | undefined;
  /** Learns from the settled row. */
  readonly observe?: ((row: LedgerRow) => void) | undefined;
}
