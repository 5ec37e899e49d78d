// What the router takes and gives: a call of a class, by a key, and what became of it.

import type { LlmCall, LlmOutcome } from '../../../adapters/llm/contract.ts';
import type { DataClass } from '../../ipc/records.ts';
import type { Failure } from './failure.ts';

export interface Call {
  readonly kind: 'task' | 'chat';
  /** A name of `classes`. */
  readonly promptClass: string;
  readonly dataClass: DataClass;
  readonly key: string | undefined;
  readonly team: string | undefined;
  readonly session: string | undefined;
  readonly task: string | undefined;
  /**
   * The model (or `<gateway>/<model>`) that a client named: its target is asked first, then the others in order; a name that no target of the
   * class has is refused. undefined, `*` or the name of the class: any.
   */
  readonly model: string | undefined;
  readonly llm: LlmCall;
  /** The session of the task was a rehearsal: only the rehearsal may answer when no LLM gateway is configured. */
  readonly isRehearsal: boolean;
  /** Aborted when whoever asked is gone. */
  readonly signal: AbortSignal;
  /** The latest moment for an answer (performance.now), over all targets. */
  readonly deadline?: number | undefined;
}

/** A call that got an answer. `attempt` is the id of the ledger row of the attempt that answered. */
export interface Answered extends LlmOutcome {
  readonly kind: 'answered';
  readonly attempt: string;
  readonly gateway: string;
  readonly isRehearsal: boolean;
}

/** Receives a streamed answer: `begin` once, before the first bytes, and never again after that on another target. */
export interface StreamSink {
  begin(head: { readonly gateway: string; readonly model: string; readonly attempt: string }): void;
  write(bytes: Buffer): void;
}

/** Runs calls on the targets of their class, under policy, budget and ledger. */
export interface Router {
  /** `sink`: for `llm.isStreamed`; the outcome's `completion` is then {}. A stream that breaks off after its beginning is Unanswered too. */
  run(call: Call, sink?: StreamSink): Promise<Answered | Failure>;
  /** The classes that are configured. */
  readonly classes: readonly string[];
  close(): Promise<void>;
}
