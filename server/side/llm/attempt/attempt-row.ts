// The ledger row of an attempt: pending before the exchange, then with the outcome. Rule: unknown usage is flagged, and charged by what came of a
// stream, else at the worst case; an unknown price stays unknown.

import type { LlmOutcome } from '../../../../adapters/llm/contract.ts';
import type { Usage } from '../../../../adapters/realtime/contract/observation.ts';
import { matchesGlob } from '../../../../codecs/text/glob.ts';
import type { LedgerRow, RowFlag } from '../../../ipc/stored-rows.ts';
import { newId } from '../../../platform/uuid-v7.ts';
import { boundedUsage, type UsageBounds } from '../../../session/tap/usage-bounds.ts';
import { mostMicroUsd } from '../../billing/bounds.ts';
import { wholeMicroUsd } from '../../billing/prices.ts';
import type { Target } from '../targets.ts';
import type { Attempt } from './contract.ts';

interface PendingAttempt extends Pick<Attempt, 'call' | 'target' | 'asked' | 'tried' | 'why' | 'refused'> {
  readonly at: number;
  readonly worstMicroUsd: number | undefined;
  readonly heldBy: string | undefined;
}

export function pendingRow({ call, target, at, worstMicroUsd, heldBy, ...decided }: PendingAttempt): LedgerRow {
  const { kind, session, task, response, key, team, promptClass, dataClass, endUser, tags } = call;
  const { asked, tried, why, refused } = decided;
  const { retention, residency } = target.terms() ?? {};
  return {
    id: newId(),
    ...{ at, kind, session, task, response, key, team, promptClass, dataClass, asked, tried, endUser, tags },
    ...{ why, retention, residency, refused, trace: call.trace?.traceId },
    ...call.marks,
    target: target.label,
    path: target.path,
    gateway: target.gatewayName,
    provider: target.provider,
    usage: {},
    estimatedMicroUsd: worstMicroUsd,
    costMicroUsd: worstMicroUsd,
    costSource: worstMicroUsd === undefined ? 'unknown' : 'estimated',
    isFlagged: call.marks?.flags !== undefined,
    outcome: 'pending',
    isRehearsal: target.isRehearsal,
    heldBy,
  };
}

interface SettledAttempt {
  readonly pending: LedgerRow;
  readonly target: Target;
  readonly outcome: string;
  /** The part of the answer that is known; undefined when there is none. */
  readonly answer: Partial<Omit<LlmOutcome, 'completion'>> | undefined;
  /** The target may have worked on it, so it may be billed. */
  readonly mayHaveRun: boolean;
  /** Estimates the usage of a stream by what came of it; undefined for a whole answer, and for a stream that has not begun. */
  readonly received: () => Usage | undefined;
  /** Returns the most that the request can have used. */
  readonly bounds: () => UsageBounds;
  /** Patterns of `allow.models`. */
  readonly allowedModels: readonly string[] | undefined;
  readonly latencyMs: number;
  readonly firstTokenMs: number | undefined;
}

export function settledRow(settled: SettledAttempt): LedgerRow {
  const { pending, target, outcome, answer, mayHaveRun, received, latencyMs, firstTokenMs } = settled;
  const used = moreOf(answer?.usage, mayHaveRun && outcome !== 'ok' ? received() : undefined);
  const usage = used && boundedUsage(used, settled.bounds());
  return {
    ...pending,
    outcome,
    // A failed attempt has tried its own target too.
    tried: outcome === 'ok' ? pending.tried : [...pending.tried, target.label],
    served: answer?.served?.slice(0, MAX_NAME_CHARS),
    provider: (answer?.provider ?? pending.provider)?.slice(0, MAX_NAME_CHARS),
    usage: usage ?? {},
    ...costOf({ settled, usage, isBeyond: usage !== used, isCounted: used !== undefined && used === answer?.usage }),
    latencyMs: rounded(latencyMs),
    firstTokenMs: firstTokenMs === undefined ? undefined : rounded(firstTokenMs),
  };
}

/** The report of a stream that broke off may be that of its beginning, which is less than what came since. */
function moreOf(reported: Usage | undefined, received: Usage | undefined): Usage | undefined {
  if (reported === undefined || received === undefined) return reported ?? received;
  const { outputTokens = 0 } = received;
  return outputTokens > (reported.outputTokens ?? 0) ? { ...reported, outputTokens } : reported;
}

/** Names come from answers, so the ledger cuts them. */
const MAX_NAME_CHARS = 200;

type Cost = Pick<
  LedgerRow,
  'reportedMicroUsd' | 'estimatedMicroUsd' | 'costMicroUsd' | 'costSource' | 'isFlagged' | 'flags'
>;

interface Used {
  readonly settled: SettledAttempt;
  /** Within its bounds. */
  readonly usage: Usage | undefined;
  /** More was reported than the request can have used. */
  readonly isBeyond: boolean;
  /** The endpoint has reported the usage, whole and of the whole. */
  readonly isCounted: boolean;
}

/** A router's own fee, on top of what the provider bills, is no more than a tenth. */
const FEE = 1.1;
/** Fees beside the tokens that a router bills with them, such as that of a search. */
const MOST_FEES_MICRO_USD = 20_000;

function costOf(used: Used): Cost {
  const { settled, usage, isBeyond, isCounted } = used;
  const { pending, target, answer, mayHaveRun } = settled;
  const known = usage === undefined && mayHaveRun ? undefined : estimateOf(target, answer?.served, usage);
  // Usage of a kind without a price is charged at the reservation, too.
  const estimated = known ?? pending.estimatedMicroUsd;
  const reported = target.isRehearsal ? 0 : answer?.costUsd === undefined ? undefined : wholeMicroUsd(answer.costUsd);
  const isZero = reported === 0 && !isFree(used, known);
  const believed = isZero ? undefined : reported;
  const most = believed === undefined ? 0 : mostOf(settled);
  const isDear = believed !== undefined && !target.isRehearsal && believed > most * FEE + MOST_FEES_MICRO_USD;
  const cost = isDear ? most : (believed ?? estimated);
  const isGuess = known === undefined || (usage !== undefined && !isCounted);
  const isGuessed = isGuess && believed === undefined && (estimated !== undefined || usage === undefined);
  const flags: RowFlag[] = [
    ...(pending.flags ?? []),
    ...(isGuessed ? [isCounted ? ('no_price' as const) : ('no_usage' as const)] : []),
    ...(isZero ? ['zero_cost' as const] : []),
    ...(isBeyond || isDear ? ['beyond_bound' as const] : []),
    ...(isOverReserved(settled, believed) ? ['over_reserved' as const] : []),
    ...(isOutside(settled) ? ['model_not_allowed' as const] : []),
  ];
  return {
    reportedMicroUsd: reported,
    estimatedMicroUsd: estimated,
    costMicroUsd: cost,
    costSource: believed !== undefined ? 'reported' : estimated !== undefined ? estimateSource(target) : 'unknown',
    isFlagged: flags.length > 0,
    flags,
  };
}

/** Tells an estimate by the catalogue, which nobody here has checked. */
function estimateSource({ prices, pricedAs, profile }: Target): 'catalogue' | 'estimated' {
  return prices.listed(pricedAs, profile.name)?.source === 'catalogue' ? 'catalogue' : 'estimated';
}

/** A reported zero is true of a rehearsal, of what used nothing, and of a model that is free. */
function isFree({ settled: { target, answer, mayHaveRun }, usage }: Used, known: number | undefined): boolean {
  const name = answer?.served ?? target.model;
  const usedNothing = usage === undefined ? !mayHaveRun : (usage.inputTokens ?? 0) + (usage.outputTokens ?? 0) === 0;
  return target.isRehearsal || known === 0 || usedNothing || name.endsWith(':free');
}

function isOverReserved({ pending, target }: SettledAttempt, reported: number | undefined): boolean {
  const { estimatedMicroUsd: reserved } = pending;
  return !target.isRehearsal && reported !== undefined && reserved !== undefined && reported > reserved;
}

/** A model that the class does not allow, with or without its vendor; a version of the target's own model is that model. */
function isOutside({ target, answer, allowedModels: allowed }: SettledAttempt): boolean {
  const served = answer?.served;
  if (allowed === undefined || served === undefined || target.isRehearsal || isVersionOf(target.model, served))
    return false;
  const bare = served.slice(served.lastIndexOf('/') + 1);
  const vendor = answer?.provider ?? target.provider;
  const names = [served, bare, ...(vendor === undefined ? [] : [`${vendor}/${bare}`])];
  return !allowed.some((pattern) => names.some((name) => matchesGlob(pattern, name)));
}

function mostOf({ pending, target, answer, bounds }: SettledAttempt): number {
  const models = [target.pricedAs, ...(answer?.served === undefined ? [] : [answer.served])];
  const most = mostMicroUsd(target.prices, { models, provider: target.profile.name, bounds: bounds() });
  return Math.max(most, pending.estimatedMicroUsd ?? 0);
}

/** Estimates by the model that served, else by the one that was asked, since aliases have no price. A dated version costs as the model it is named after. */
function estimateOf(target: Target, served: string | undefined, usage: Usage | undefined): number | undefined {
  // A target that did not run is owed nothing.
  if (usage === undefined) return 0;
  const { name } = target.profile;
  const estimate = (model: string) => target.prices.estimate(model, name, usage);
  if (served === undefined || isVersionOf(target.model, served))
    return estimate(target.pricedAs) ?? estimate(served ?? '');
  return estimate(served) ?? estimate(target.pricedAs);
}

/** `gpt-5-2025-08-07` is a version of `openai/gpt-5`. */
function isVersionOf(model: string, served: string): boolean {
  const [asked = '', answered = ''] = [model, served].map((name) => name.slice(name.lastIndexOf('/') + 1));
  return answered.startsWith(asked) && /^([-@:]\d[\d-]*)?$/.test(answered.slice(asked.length));
}

const rounded = (ms: number) => Math.round(ms * 10) / 10;
