// The spans of calls: one for the call as a whole, and below it one for each attempt, from its ledger row. Rule: tokens and cost are in attempts
// alone, so that nobody who adds them up counts them twice.

import type { ClientForm, LlmCall } from '../../../adapters/llm/contract.ts';
import type { Usage } from '../../../adapters/realtime/contract/observation.ts';
import type { TraceParent } from '../../../codecs/text/trace-parent.ts';
import type { LedgerRow } from '../../ipc/stored-rows.ts';
import type { OwnBudgets } from '../billing/budgets/own-budgets.ts';
import type { EndedCall } from '../llm/attempt/contract.ts';
import { attemptTrace } from '../llm/attempt/trace.ts';
import type { Answered, Call } from '../llm/call.ts';
import type { Failure } from '../llm/failure.ts';
import { createRouter, type LiveRouter, type RouterOptions, withOwnBudgets, withRun } from '../llm/router.ts';
import { type MakeStep, withSteps } from '../llm/steps/steps.ts';
import { countsText } from '../runs/call/answer-headers.ts';
import { CONTENT_EVENT, GEN_AI, OPERATION, OWN, providerName } from './names.ts';
import type { Attributes, TraceSpan } from './span.ts';
import { spanText } from './span-text.ts';
import type { Telemetry, Tracer } from './telemetry.ts';

interface TracedOptions extends Omit<RouterOptions, 'onAttempt'> {
  /** Steps of classes, from the outermost to the innermost, and what runs the calls that they make. */
  readonly steps?: { readonly makers: readonly MakeStep[]; readonly run: LiveRouter['run'] } | undefined;
  readonly ownBudgets: Pick<OwnBudgets, 'of'>;
}

/** Makes the router of all calls, which fit into the budgets of their keys and teams, and have spans while telemetry is configured. */
export function createTracedRouter(options: TracedOptions, telemetry: Pick<Telemetry, 'tracer'>): LiveRouter {
  const router = createRouter({ ...options, onAttempt: (ended) => endAttempt(telemetry.tracer, ended) });
  const { steps, config, ownBudgets } = options;
  const budgeted = withOwnBudgets(router, ownBudgets);
  return withCallSpans(steps ? withSteps(budgeted, { classes: config.classes, ...steps }) : budgeted, telemetry);
}

const withCallSpans = (router: LiveRouter, telemetry: Pick<Telemetry, 'tracer'>): LiveRouter =>
  withRun(router, (call, sink) => {
    const { tracer } = telemetry;
    if (tracer === undefined) return router.run(call, sink);
    const trace = tracer.begin(call.trace);
    const startedAt = Date.now();
    const answer = router.run({ ...call, trace }, sink);
    if (!trace.isSampled) return answer;
    return answer.then((result) => {
      // A reload may have named another collector meanwhile.
      telemetry.tracer?.end(callSpan({ call, trace, startedAt }, result));
      return result;
    });
  });

interface Traced {
  readonly call: Call;
  readonly trace: TraceParent;
  readonly startedAt: number;
}

function callSpan({ call, trace, startedAt }: Traced, result: Answered | Failure): TraceSpan {
  const { kind, promptClass, llm, session } = call;
  const served = result.kind === 'answered' ? result : undefined;
  return {
    name: `call ${promptClass}`,
    kind: kind === 'chat' ? 'server' : 'internal',
    context: trace,
    parent: call.trace,
    startedAt,
    endedAt: Date.now(),
    attributes: {
      ...subjectOf(call),
      [GEN_AI.operation]: operationOf(llm),
      [GEN_AI.conversation]: session,
      [GEN_AI.isStreamed]: llm.isStreamed,
      [OWN.task]: call.task,
      [OWN.gateway]: served?.gateway,
      [OWN.attempt]: served?.attempt,
      [OWN.guarded]: served?.guarded,
      [OWN.redacted]: served?.redacted && countsText(served.redacted),
      [OWN.isRehearsal]: served?.isRehearsal,
      [OWN.cache]: served?.cache?.state,
      [OWN.cacheAge]: served?.cache?.ageMs === undefined ? undefined : served.cache.ageMs / 1000,
    },
    error: result.kind === 'failed' ? result.code : undefined,
  };
}

/** Names whom and what a call or a session is for. */
export const subjectOf = ({
  promptClass,
  dataClass,
  key,
  team,
}: Pick<LedgerRow, 'promptClass' | 'dataClass' | 'key' | 'team'>) =>
  ({
    [OWN.promptClass]: promptClass,
    [OWN.dataClass]: dataClass,
    [OWN.key]: key,
    [OWN.team]: team,
  }) satisfies Attributes;

const FORM_OPERATIONS: Partial<Readonly<Record<ClientForm, string>>> = { embeddings: OPERATION.embeddings };

const operationOf = ({ native }: LlmCall): string => (native && FORM_OPERATIONS[native.form]) ?? OPERATION.chat;

/** Takes an attempt that has ended. */
function endAttempt(tracer: Tracer | undefined, { call, target, row, answer }: EndedCall): void {
  const { trace, llm } = call;
  if (tracer === undefined || trace === undefined || !trace.isSampled) return;
  const operation = operationOf(llm);
  const endedAt = row.at + (row.latencyMs ?? 0);
  tracer.end({
    name: `${operation} ${target.model}`,
    kind: 'client',
    context: attemptTrace(trace, row.id),
    parent: trace,
    startedAt: row.at,
    endedAt,
    attributes: {
      [GEN_AI.operation]: operation,
      [GEN_AI.provider]: providerName(row.provider ?? target.profile.priceListName ?? target.profile.name),
      [GEN_AI.conversation]: row.session,
      [GEN_AI.requestModel]: target.model,
      [GEN_AI.responseModel]: row.served,
      [GEN_AI.isStreamed]: llm.isStreamed,
      [GEN_AI.maxTokens]: llm.maxTokens,
      [GEN_AI.temperature]: llm.temperature,
      [GEN_AI.firstChunk]: row.firstTokenMs === undefined ? undefined : row.firstTokenMs / 1000,
      [GEN_AI.finishReasons]: answer?.finish === undefined ? undefined : [answer.finish],
      ...usageAttributes(row.usage),
      ...costAttributes(row),
      ...subjectOf(row),
      [OWN.gateway]: row.gateway,
      [OWN.path]: row.path,
      [OWN.attempt]: row.id,
      [OWN.task]: row.task,
      [OWN.why]: row.why,
      [OWN.difficulty]: row.difficulty,
      [OWN.retention]: row.retention,
      [OWN.residency]: row.residency,
      [OWN.refused]: row.refused?.map(({ target: label, reason }) => `${label}: ${reason}`),
      [OWN.tried]: row.tried,
      [OWN.outcome]: row.outcome,
      [OWN.flags]: row.flags?.length ? row.flags : undefined,
      [OWN.guarded]: row.guarded,
      [OWN.redacted]: row.redacted && countsText(row.redacted),
      [OWN.isRehearsal]: row.isRehearsal || undefined,
    },
    events:
      tracer.hasContent && row.dataClass === 'open'
        ? [{ name: CONTENT_EVENT, at: endedAt, attributes: {}, text: spanText(llm.messages, answer?.text) }]
        : undefined,
    error: row.outcome === 'ok' ? undefined : row.outcome,
  });
}

/** `outputReasoningTokens` is of calls alone. */
export const usageAttributes = (usage: Usage & { readonly outputReasoningTokens?: number }) =>
  ({
    [GEN_AI.inputTokens]: usage.inputTokens,
    [GEN_AI.outputTokens]: usage.outputTokens,
    [GEN_AI.cacheRead]: usage.cachedTokens,
    [GEN_AI.cacheWrite]: usage.cacheWriteTokens,
    [GEN_AI.reasoning]: usage.outputReasoningTokens,
    [GEN_AI.audioInput]: usage.inputAudioTokens,
    [GEN_AI.audioOutput]: usage.outputAudioTokens,
    [GEN_AI.textInput]: usage.inputTextTokens,
    [GEN_AI.textOutput]: usage.outputTextTokens,
    [GEN_AI.imageInput]: usage.inputImageTokens,
    [GEN_AI.imageOutput]: usage.outputImageTokens,
  }) satisfies Attributes;

/** A cost that is unknown is left out. */
const costAttributes = ({ costMicroUsd, costSource }: Pick<LedgerRow, 'costMicroUsd' | 'costSource'>) =>
  ({
    [OWN.cost]: costMicroUsd === undefined ? undefined : costMicroUsd / 1e6,
    [OWN.costSource]: costSource,
  }) satisfies Attributes;
