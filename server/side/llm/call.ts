// The types of the router: a call that a key makes in a class, and its answer.

import type { LlmCall, LlmOutcome } from '../../../adapters/llm/contract.ts';
import type { JsonObject } from '../../../codecs/json/object.ts';
import type { TraceParent } from '../../../codecs/text/trace-parent.ts';
import type { ClassConfig } from '../../config/side/llm-schema.ts';
import type { BudgetConfig } from '../../config/side-schema.ts';
import type { LedgerRow, OnBehalf } from '../../ipc/stored-rows.ts';
import type { BudgetWindow } from '../store/contract/budgets.ts';
import type { Failure } from './failure.ts';

/** `promptClass`: a name of `classes`. */
export interface Call
  extends OnBehalf,
    Pick<LedgerRow, 'promptClass' | 'dataClass' | 'key' | 'team' | 'session' | 'task' | 'response'> {
  readonly kind: 'task' | 'chat';
  /**
   * The model (or `<gateway>/<model>`) that a client named. Its target is asked first, then the others in order; a name that no target of the
   * class has is refused. undefined, `*` and the name of the class mean any model.
   */
  readonly model: string | undefined;
  readonly llm: LlmCall;
  /** Tells whether a text is the answer that was asked for; undefined: `response_format` of the call says what fits. */
  readonly fits?: ((text: string) => boolean) | undefined;
  /** Budgets that it has to fit into, besides those of the configuration. */
  readonly budgets?: readonly BudgetConfig[] | undefined;
  /** Windows that count it besides those of budgets. */
  readonly windows?: readonly BudgetWindow[] | undefined;
  /** The session of the task was a rehearsal. Where no LLM gateway is configured, the rehearsal answers only such calls, and chats. */
  readonly isRehearsal: boolean;
  /** Aborted when the client has left, or when the run of the task is stopped. */
  readonly signal: AbortSignal;
  /** The span that it belongs to: that of its client, or of its task, until it has one of its own. Only while telemetry is configured. */
  readonly trace?: TraceParent | undefined;
  /** Findings of the steps of its class, for its rows. */
  readonly marks?: Pick<LedgerRow, 'difficulty' | 'redacted' | 'guarded' | 'flags'> | undefined;
  /** The class that the client asked for, where difficulty has chosen another: budgets of that one count it, too. */
  readonly askedClass?: string | undefined;
  /** The class that would have run it if all were hard: what it costs less than there is saved. */
  readonly strongest?: string | undefined;
  /** Serves another call, such as one that scores its answer: what it costs comes off what was saved there. */
  readonly isHelper?: true | undefined;
  /** Checks an answer before it is settled, so that its row says what was found. Streams have gone to their sink by then. */
  readonly check?: ((outcome: LlmOutcome) => Promise<Checked>) | undefined;
  /** Latest moment for an answer of any target, as performance.now(). */
  readonly deadline?: number | undefined;
  /** Wishes of its client about answers that its class keeps. */
  readonly cacheControl?: CacheControl | undefined;
  /** Takes the settled row of each attempt: that of the one that answers comes before the answer. */
  readonly onRow?: ((row: LedgerRow) => void) | undefined;
}

/** Directives of a request, by RFC 9111, section 5.2.1: no kept answer, one that is no older, and not to keep its own. */
export interface CacheControl {
  readonly noCache?: boolean;
  readonly maxAgeMs?: number | undefined;
  readonly noStore?: boolean;
}

/** The part of a cache in an answer. `bypass`: it was not asked. `ageMs`: the time since a hit was kept. */
export interface CacheUse {
  readonly state: 'hit' | 'miss' | 'bypass';
  readonly ageMs?: number;
}

/** The result of the checks of an answer. `words`: for its row. */
export interface Checked {
  readonly words: string;
  readonly isBlocked: boolean;
}

/** The reason why an answer goes to the next target. */
export type Verdict = NonNullable<ClassConfig['escalate']>['on'][number];

/** A call that got an answer. `attempt` is the id of the ledger row of the attempt that answered. */
export interface Answered extends LlmOutcome {
  readonly kind: 'answered';
  readonly attempt: string;
  /** The limit of tokens that was sent though the call has none. */
  readonly addedMaxTokens?: number | undefined;
  readonly gateway: string;
  readonly isRehearsal: boolean;
  /** Numbers of words that were redacted in the call and put back here, by their kind. */
  readonly redacted?: LedgerRow['redacted'];
  /** The fault of it, in a class that escalates: no target had a better answer. */
  readonly verdict?: Verdict | undefined;
  /** Verdict on how hard the call is, as in its rows. */
  readonly difficulty?: string | undefined;
  /** Only in a class that keeps answers. */
  readonly cache?: CacheUse | undefined;
  /** Result of its own `check`. */
  readonly checked?: Checked | undefined;
  /** Results of the checks of both sides, as in its rows. */
  readonly guarded?: string | undefined;
}

export interface StreamHead
  extends Pick<Answered, 'gateway' | 'attempt' | 'addedMaxTokens' | 'difficulty' | 'redacted' | 'cache' | 'guarded'> {
  readonly model: string;
  /** The last bytes of an answer that breaks off. `error`: as OpenAI writes errors. undefined: its form has none, or it came whole. */
  failed?(error: JsonObject): Buffer | undefined;
}

/** Receives a streamed answer: `begin` once, before the first content, and never again after that on another target. */
export interface StreamSink {
  /** A target is asked now, under a reservation that stands. Another one may be asked after it. A call that is refused has none. */
  asked(): void;
  /** A target has answered 200 with a stream. Until `begin` another target may still serve the call, and be opened too. */
  opened(): void;
  /** Takes comments of a stream that has not begun: whole events without content. */
  comment(bytes: Buffer): void;
  begin(head: StreamHead): void;
  write(bytes: Buffer): void;
}

/** Runs calls on the targets of their class, under policy, budget and ledger. */
export interface Router {
  /** A call that `isStreamed` needs a `sink`, and its `completion` is {}. A stream that breaks off is a Failure, too. */
  run(call: Call, sink?: StreamSink): Promise<Answered | Failure>;
  /** Names of the configured classes. */
  readonly classes: readonly string[];
  /** Ends the calls that run, and resolves when all are settled, within a limit of time. */
  close(): Promise<void>;
}
