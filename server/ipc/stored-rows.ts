// The rows of the store, as plain data that processes send each other: sessions, turns, tasks, ledger rows, budgets. Money is integer micro-USD, times are
// milliseconds since the epoch, ids are time-ordered (UUID version 7) unless they say otherwise.

import type { Usage } from '../../adapters/realtime/contract/observation.ts';

/** Class of a text: `regulated` text never leaves the direct path. */
export type DataClass = 'open' | 'regulated';

/** `direct`: a provider or an LLM endpoint under a contract of its own; `routed`: an LLM gateway that chooses. */
export type CallPath = 'direct' | 'routed';

/** Words of an application about a session, by names of its own. */
export type Tags = Readonly<Record<string, string>>;

/** The one whom a session or a call is for, as its key, its client secret or its request says. */
export interface OnBehalf {
  /** The application's own name for its user. */
  readonly endUser?: string | undefined;
  readonly tags?: Tags | undefined;
}

/** The owner of a row, and how its texts may be handled. */
interface OwnedRow {
  /** The id of the gateway's key; undefined in open mode. */
  readonly key: string | undefined;
  readonly team: string | undefined;
  readonly promptClass: string;
  readonly dataClass: DataClass;
  /** The rehearsal answered. */
  readonly isRehearsal: boolean;
}

/** A session as it starts; what it did comes with its turns and its end. */
export interface StoredSession extends OwnedRow, OnBehalf {
  /** The id of `x-trunkline-session`. */
  readonly id: string;
  readonly provider: string;
  readonly route: string;
  readonly dialect: string;
  readonly model: string | undefined;
  /** The instance (one supervisor) that holds it; when its lease runs out the session is ended as `recovered`. */
  readonly owner: string;
  readonly startedAt: number;
  /** The earlier session that it continues (`trunkline-continue`): of the same key, and regulated only if this one is. */
  readonly continues?: string | undefined;
  /** The id of the client secret that opened it. */
  readonly clientSecret?: string | undefined;
  /** The `traceparent` of its client; only while telemetry is configured. */
  readonly trace?: string | undefined;
  /** The name of `models` that its client asked for; the targets of it that were tried before the one that serves; and why that was taken, in words. */
  readonly asked?: string | undefined;
  readonly tried?: readonly string[] | undefined;
  readonly why?: string | undefined;
}

/** The time in which a gateway that shuts down ends its sessions (ms since the epoch). */
export interface Draining {
  readonly from: number;
  readonly until: number;
}

/** End of a session; `record` is the session's record as JSON: counts and times, no content. */
export interface SessionEnd {
  readonly id: string;
  readonly endedAt: number;
  readonly reason: string;
  readonly record: string | undefined;
}

/** A turn of a session, both sides. A text is '' when that side said nothing, undefined when it was not kept. */
export interface StoredTurn {
  readonly session: string;
  /** Counts from 1, without gaps. */
  readonly number: number;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly user: string | undefined;
  readonly assistant: string | undefined;
  /** The user spoke into the reply. */
  readonly isInterrupted: boolean;
}

export type TaskState = 'queued' | 'running' | 'done' | 'failed' | 'dead';

/**
 * `queued`: waits for `runAt`; `running`: leased by a runner; `done`: has its result; `failed`: will not be tried again because its
 * input, policy or budget does not allow it; `dead`: tried as often as it may.
 */
export interface Task extends OwnedRow {
  /** `<session>.<kind>`, with `.<turn>` or `.m<number>` behind it where a session has several, for planned tasks; a UUIDv7 for on-demand ones. */
  readonly id: string;
  readonly session: string | undefined;
  readonly kind: string;
  readonly state: TaskState;
  /** The earliest time to run it; far in the future while the session lives (armed). */
  readonly runAt: number;
  /** When it was due at first, or was put back in the queue; it gives up so long after that. */
  readonly dueAt: number;
  /** Runs that count: one that found no target to ask does not. */
  readonly attempts: number;
  /** Counts leases; a runner whose version is old may not write (fencing). */
  readonly version: number;
  readonly leaseUntil?: number | undefined;
  /** JSON: the text or messages of an on-demand task, options; undefined where the session's turns are the input. */
  readonly input: string | undefined;
  /** JSON, valid against the kind's schema. */
  readonly result?: string | undefined;
  /** Reason why the last attempt did not succeed. Never content. */
  readonly error?: string | undefined;
  readonly quality?: Quality | undefined;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** Fit of an answer to its schema: at once, after one counted repair, or not. */
export type Quality = 'valid' | 'repaired' | 'failed';

/** Source of a cost. `catalogue`: an estimate by the prices of the gateway's own catalogue. `cached`: nothing, since a cache answered. `unknown`: no price is known; never taken for zero. */
type CostSource = 'reported' | 'estimated' | 'catalogue' | 'cached' | 'unknown';

/**
 * `no_usage`: none was reported, so an estimate or the worst case was charged. `no_price`: a kind of use without a price. `zero_cost`: a zero was
 * reported beside tokens that are not free. `beyond_bound`: more was reported than the request can have used, and its bound was charged; or less than nothing.
 * `over_reserved`: the reported cost is above what was reserved. `unclassified`: what was to say how hard the call is failed. `model_not_allowed`: the
 * endpoint says that a model served which `allow.models` of the class has not.
 */
export type RowFlag =
  | 'no_usage'
  | 'no_price'
  | 'zero_cost'
  | 'beyond_bound'
  | 'over_reserved'
  | 'model_not_allowed'
  | 'unreported'
  | 'unclassified';

/** A target of the class that policy did not let serve this call. `target`: `<gateway>/<model>`. */
export interface RefusedTarget {
  readonly target: string;
  readonly reason: string;
}

/** A row for each attempt of a call, and one for each realtime session. */
export interface LedgerRow extends OwnedRow, OnBehalf {
  /** The attempt's own id, or the id of the realtime session. */
  readonly id: string;
  readonly at: number;
  readonly kind: 'realtime' | 'task' | 'chat';
  readonly path: CallPath;
  readonly session?: string | undefined;
  readonly task?: string | undefined;
  /** The id of the response that the call is for. */
  readonly response?: string | undefined;
  /** `<gateway>/<model>` of the target that was asked, `<provider>/<model>` of a session. */
  readonly target?: string | undefined;
  /** The configured LLM gateway, or the realtime provider. */
  readonly gateway: string;
  /** The model that was asked for, those that were tried before in this call, and the one that answered. */
  readonly asked: string | undefined;
  readonly tried: readonly string[];
  readonly served?: string | undefined;
  /** The provider that served it, where the gateway names it. */
  readonly provider?: string | undefined;
  readonly usage: Usage;
  readonly reportedMicroUsd?: number | undefined;
  readonly estimatedMicroUsd: number | undefined;
  /** The cost that is charged: reported, else estimated. undefined: unknown. */
  readonly costMicroUsd: number | undefined;
  readonly costSource: CostSource;
  /** Something is wrong with what was reported; `flags` says what. */
  readonly isFlagged: boolean;
  readonly flags?: readonly RowFlag[] | undefined;
  readonly latencyMs?: number | undefined;
  readonly firstTokenMs?: number | undefined;
  /** `pending` until it is settled; `ok`, or a short code of what went wrong. */
  readonly outcome: string;
  readonly quality?: Quality | undefined;
  /** 0 to 1, from what scored this answer or session: a `quality` task, or `quality` of its class. */
  readonly score?: number | undefined;
  /** The id of its trace; only while telemetry is configured. */
  readonly trace?: string | undefined;
  /** Why this target was taken, in a few words that nobody has to parse. Never content. */
  readonly why?: string | undefined;
  /** The terms that the target was held to; undefined: none was stated. */
  readonly retention?: string | undefined;
  readonly residency?: string | undefined;
  readonly refused?: readonly RefusedTarget[] | undefined;
  /** Number of equal refusals that the row stands for: nothing was asked of anybody, and `outcome` is their code. undefined: it is no refusal. */
  readonly refusals?: number | undefined;
  /** Money that was not spent since a cache answered, or a cheaper target did; less than 0 where that cost more. undefined: nobody worked it out. */
  readonly savedMicroUsd?: number | undefined;
  /** Verdict on how hard the call is, which chose its class. */
  readonly difficulty?: string | undefined;
  /** Numbers of redacted words, by their kind. Never the words. */
  readonly redacted?: Readonly<Record<string, number>> | undefined;
  /** Results of the checks of the class, such as `input=flag:violence;ms=12`. Never content. */
  readonly guarded?: string | undefined;
  /** The process that runs the call, by the name of its leases; only of a pending row. */
  readonly heldBy?: string | undefined;
}

/** Words of the app about a ledger row. */
export interface Feedback extends Pick<LedgerRow, 'key' | 'team' | 'endUser' | 'promptClass'> {
  /** The row's id, and the app's own behind it. */
  readonly id: string;
  readonly at: number;
  readonly ledgerRow: string;
  /** 0 to 1. */
  readonly score: number;
  readonly label?: string | undefined;
  /** Text, which is kept as responses are; never about regulated text. */
  readonly comment?: string | undefined;
}

/** Bounds of what one window of a budget counts; a field that is left out counts everybody. `each`: the field whose every value has a window of its own. */
export interface BudgetCounted {
  readonly key?: string | undefined;
  readonly team?: string | undefined;
  readonly endUser?: string | undefined;
  readonly each?: 'key' | 'team' | 'endUser' | undefined;
  /** The id of the one whose sessions it counts. */
  readonly clientSecret?: string | undefined;
  readonly class?: string | undefined;
  readonly path?: CallPath | 'both' | undefined;
  readonly window: string;
}

/** Use of the present window of a budget, which counts a key and a class (undefined: all of them). */
export interface BudgetUse extends BudgetCounted {
  readonly limitMicroUsd: number;
  readonly spentMicroUsd: number;
  /** Reserved for calls under way. */
  readonly reservedMicroUsd: number;
  /** End of the window; undefined for a budget without one. */
  readonly resetsAt: number | undefined;
}

/** A signed message to a configured webhook that waits to be taken. */
export interface Delivery {
  readonly id: string;
  /** The configured URL. */
  readonly url: string;
  readonly event: string;
  /** JSON, as it is sent. */
  readonly body: string;
  readonly attempts: number;
  readonly createdAt: number;
  readonly nextAt: number;
}

/** Sum over ledger rows. */
export interface ReportRow {
  /** Values of the fields that were asked for, in order. */
  readonly by: readonly string[];
  readonly calls: number;
  /** Refusals, which are no calls. They are in reports by `outcome` alone. */
  readonly refusals: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly costMicroUsd: number;
  /** Calls whose cost is unknown, and not in the sum. */
  readonly unknownCosts: number;
  /** Money that was not spent, in the rows that say so. Less than nothing: what was tried to save it cost more. */
  readonly savedMicroUsd: number;
  /** Calls that a rehearsal answered: their cost is an estimate that nobody pays. */
  readonly rehearsals: number;
  readonly valid: number;
  readonly repaired: number;
  readonly failed: number;
  /** Means, where there are any values. */
  readonly score: number | undefined;
  /** Rows that were scored. */
  readonly scores: number;
  readonly latencyMs: number | undefined;
  /** Mean of what the app said, and how often it did. */
  readonly feedback: number | undefined;
  readonly feedbacks: number;
}
/** Rows that have a measure, with its mean and its variance over them. */
export interface MeasureMoments {
  readonly rows: number;
  readonly mean: number;
  readonly variance: number;
}

export const REPORT_FIELDS = [
  'class',
  'model',
  'target',
  'path',
  'team',
  'key',
  'day',
  'hour',
  'gateway',
  'kind',
  'outcome',
] as const;
export type ReportField = (typeof REPORT_FIELDS)[number];
