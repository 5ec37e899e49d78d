// POST /v1/chat/completions: an app's own calls, under the same policy, budget and ledger as side tasks. Streams pass as they arrive.

import { errorEvent } from '../../../../adapters/llm/index.ts';
import { REHEARSAL_NAME } from '../../../config/rehearsal/rehearsal.ts';
import { chatError, type HttpProblem, isProblem, shortened } from '../../../http/problem.ts';
import { tokensOf } from '../../../ipc/limits.ts';
import { maxPromptTokens } from '../../billing/prompt-tokens.ts';
import type { Answered, Call, Router } from '../../llm/call.ts';
import { type RoutedRequest, type RouteHandler, sendJsonBytes } from '../handler.ts';
import { parseBody } from '../request/json-body.ts';
import { readChatBody } from './body.ts';
import { type RatedCall, ratedProblem } from './call-rates.ts';
import { chatClassOf, chatScopeOf } from './class.ts';
import { failureProblem } from './failure-problem.ts';
import { droppedHeader } from './fields.ts';
import { ChatStream } from './stream.ts';

export const postChatCompletion: RouteHandler = async (request, options) => {
  const { config, router, rates } = options;
  // A refusal of the caller comes before what is wrong with the call.
  const scope = chatScopeOf(request, config);
  if (isProblem(scope)) return scope;
  const parsed = parseBody(request.body);
  if (isProblem(parsed)) return parsed;
  const { model: name } = parsed.body;
  if (typeof name === 'string') request.asked.model = shortened(name);
  const chosen = chatClassOf(scope, config, typeof name === 'string' && name !== '' ? name : undefined);
  if (isProblem(chosen)) return chosen;
  request.asked.promptClass = chosen.promptClass;
  const read = readChatBody(parsed.body, {
    maxTokens: chosen.settings.maxTokens,
    unknownFields: scope.unknownFields ?? chosen.settings.unknownFields,
  });
  if (isProblem(read)) return read;
  if (router === undefined) return noRouter;
  const { llm, dropped, addedMaxTokens } = read.chat;
  const { requester, signal } = request;
  const call = {
    kind: 'chat',
    promptClass: chosen.promptClass,
    dataClass: chosen.dataClass,
    key: requester.key,
    team: requester.team,
    endUser: requester.settings?.endUser,
    tags: requester.settings?.tags,
    model: chosen.model,
    llm,
    isRehearsal: config.hasRehearsalGateway,
    signal,
  } as const;
  const rated = await rates.take(request, () => mostTokens(request, call));
  if (isProblem(rated)) return rated;
  const asked = { call, router, dropped, classMaxTokens: addedMaxTokens, rated };
  const problem = await (llm.isStreamed ? stream(request, asked, config.side.keepAliveMs) : whole(request, asked));
  return ratedProblem(problem, rated);
};

/** Estimates the tokens of prompt and answer; those of an answer without a limit are not known before. */
function mostTokens({ body = Buffer.alloc(0) }: RoutedRequest, { llm, model = '' }: Call): number {
  const { tokens, audioTokens } = maxPromptTokens(body.toString(), llm, model);
  return tokens + audioTokens + (llm.maxTokens ?? 0);
}

interface Asked {
  readonly call: Call;
  readonly router: Router;
  /** The limit of the class, where the client gave none. */
  readonly classMaxTokens: number | undefined;
  /** Names of fields that did not go on. */
  readonly dropped: readonly string[];
  readonly rated: RatedCall;
}

async function whole(request: RoutedRequest, asked: Asked): Promise<HttpProblem | undefined> {
  const outcome = await asked.router.run(asked.call);
  asked.rated.ended(outcome.kind === 'failed' ? 0 : tokensOf(outcome.usage));
  if (outcome.kind === 'failed') return failureProblem(outcome, Date.now());
  const bytes = outcome.bytes ?? Buffer.from(JSON.stringify(outcome.completion));
  return sendJsonBytes(request, 200, bytes, headersOf(outcome, asked));
}

async function stream({ emit }: RoutedRequest, asked: Asked, keepAliveMs: number): Promise<HttpProblem | undefined> {
  const sink = new ChatStream({
    emit,
    keepAliveMs,
    headers: asked.rated.headers,
    headersOf: ({ model, ...head }) =>
      headersOf({ ...head, served: model, isRehearsal: head.gateway === REHEARSAL_NAME }, asked),
  });
  const outcome = await asked.router.run(asked.call, sink).finally(() => sink.end());
  // A stream that broke off has used nobody knows how much.
  asked.rated.ended(outcome.kind !== 'failed' ? tokensOf(outcome.usage) : sink.hasContent ? undefined : 0);
  if (outcome.kind !== 'failed') return undefined;
  const problem = failureProblem(outcome, Date.now());
  if (!sink.hasHead) return problem;
  const error = chatError(problem);
  emit(sink.failed(error) ?? errorEvent(error));
  return undefined;
}

type Told = Pick<Answered, 'gateway' | 'attempt' | 'served' | 'isRehearsal' | 'addedMaxTokens'>;

function headersOf(answer: Told, { classMaxTokens, dropped, rated }: Asked): Record<string, string> {
  const { gateway, attempt, served, isRehearsal, addedMaxTokens = classMaxTokens } = answer;
  const droppedNames = droppedHeader(dropped);
  return {
    ...rated.headers,
    'x-trunkline-gateway': gateway,
    'x-trunkline-attempt': attempt,
    ...(served === undefined ? {} : { 'x-trunkline-served-model': served.replace(/[^\x20-\x7e]/g, '?').slice(0, 200) }),
    ...(addedMaxTokens === undefined ? {} : { 'x-trunkline-max-tokens': String(addedMaxTokens) }),
    ...(droppedNames === undefined ? {} : { 'x-trunkline-dropped': droppedNames }),
    ...(isRehearsal ? { 'x-trunkline-rehearsal': 'true' } : {}),
  };
}

const noRouter: HttpProblem = { status: 501, code: 'no_gateway', message: 'no calls are made from here' };
