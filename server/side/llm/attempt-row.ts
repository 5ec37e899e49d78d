// The ledger row of an attempt: pending before the exchange, then with the outcome. Rule: unknown usage is flagged, and charged by what came of a
// stream, else at the worst case; an unknown price stays unknown.

import type { LlmOutcome } from '../../../adapters/llm/contract.ts';
import type { Usage } from '../../../adapters/realtime/contract.ts';
import type { CostSource, LedgerRow } from '../../ipc/stored-rows.ts';
import { newId } from '../../platform/uuid-v7.ts';
import { type Prices, wholeMicroUsd } from '../billing/prices.ts';
import type { Call } from './call.ts';
import type { Target } from './targets.ts';

interface PendingAttempt {
  readonly call: Call;
  readonly target: Target;
  /** The model that was asked for first, and `<gateway>/<model>` of the targets that failed since. */
  readonly asked: string;
  readonly tried: readonly string[];
  readonly at: number;
  readonly worstMicroUsd: number | undefined;
}

export function pendingRow({ call, target, asked, tried, at, worstMicroUsd }: PendingAttempt): LedgerRow {
  return {
    id: newId(),
    at,
    kind: call.kind,
    path: target.path,
    session: call.session,
    task: call.task,
    key: call.key,
    team: call.team,
    promptClass: call.promptClass,
    dataClass: call.dataClass,
    gateway: target.gatewayName,
    asked,
    tried,
    served: undefined,
    provider: target.provider,
    usage: {},
    reportedMicroUsd: undefined,
    estimatedMicroUsd: worstMicroUsd,
    costMicroUsd: worstMicroUsd,
    costSource: worstMicroUsd === undefined ? 'unknown' : 'estimated',
    isFlagged: false,
    latencyMs: undefined,
    firstTokenMs: undefined,
    outcome: 'pending',
    quality: undefined,
    score: undefined,
    isRehearsal: target.isRehearsal,
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
  readonly latencyMs: number;
  readonly firstTokenMs: number | undefined;
}

export function settledRow(settled: SettledAttempt, prices: Prices): LedgerRow {
  const { pending, target, outcome, answer, mayHaveRun, received, latencyMs, firstTokenMs } = settled;
  const reported = answer?.usage;
  const usage = reported ?? (mayHaveRun && outcome !== 'ok' ? received() : undefined);
  return {
    ...pending,
    outcome,
    // A failed attempt has tried its own target too.
    tried: outcome === 'ok' ? pending.tried : [...pending.tried, target.label],
    served: answer?.served?.slice(0, MAX_NAME_CHARS),
    provider: (answer?.provider ?? pending.provider)?.slice(0, MAX_NAME_CHARS),
    usage: usage ?? {},
    ...costOf(settled, usage, prices),
    latencyMs: rounded(latencyMs),
    firstTokenMs: firstTokenMs === undefined ? undefined : rounded(firstTokenMs),
  };
}

/** Names come from answers, so the ledger cuts them. */
const MAX_NAME_CHARS = 200;

type Cost = Pick<LedgerRow, 'reportedMicroUsd' | 'estimatedMicroUsd' | 'costMicroUsd' | 'costSource' | 'isFlagged'>;

function costOf(
  { pending, target, answer, mayHaveRun }: SettledAttempt,
  usage: Usage | undefined,
  prices: Prices,
): Cost {
  const { costUsd, served } = answer ?? {};
  const reported = target.isRehearsal ? 0 : costUsd === undefined ? undefined : wholeMicroUsd(costUsd);
  const known = usage === undefined && mayHaveRun ? undefined : estimateOf(target, served, usage, prices);
  // Usage of a kind without a price is charged at the reservation, too.
  const estimated = known ?? pending.estimatedMicroUsd;
  const cost = reported ?? estimated;
  const source: CostSource = reported !== undefined ? 'reported' : estimated !== undefined ? 'estimated' : 'unknown';
  const isGuess = known === undefined || (usage !== undefined && answer?.usage === undefined);
  return {
    reportedMicroUsd: reported,
    estimatedMicroUsd: estimated,
    costMicroUsd: cost,
    costSource: source,
    isFlagged: isGuess && reported === undefined && (estimated !== undefined || usage === undefined),
  };
}

/** Estimates by the model that served, else by the one that was asked, since aliases have no price. A dated version costs as the model it is named after. */
function estimateOf(
  target: Target,
  served: string | undefined,
  usage: Usage | undefined,
  prices: Prices,
): number | undefined {
  // A target that did not run is owed nothing.
  if (usage === undefined) return 0;
  const { name } = target.profile;
  const estimate = (model: string) => prices.estimate(model, name, usage);
  if (served === undefined || isVersionOf(target.model, served))
    return estimate(target.model) ?? estimate(served ?? '');
  return estimate(served) ?? estimate(target.model);
}

/** `gpt-5-2025-08-07` is a version of `openai/gpt-5`. */
function isVersionOf(model: string, served: string): boolean {
  const [asked = '', answered = ''] = [model, served].map((name) => name.slice(name.lastIndexOf('/') + 1));
  return answered.startsWith(asked) && /^([-@:]\d[\d-]*)?$/.test(answered.slice(asked.length));
}

const rounded = (ms: number) => Math.round(ms * 10) / 10;
