// POST /v1/responses/compact: a conversation in fewer tokens, which a client goes on with. A target that has compactions makes it; for all others a
// model sums the conversation up, as one more call. https://platform.openai.com/docs/api-reference/responses/compact

import type { LlmCall } from '../../../../adapters/llm/contract.ts';
import { compactionOf, responsesCall, summaryInput } from '../../../../adapters/llm/index.ts';
import type { JsonObject } from '../../../../codecs/json/object.ts';
import { type HttpProblem, invalidRequest, isProblem } from '../../../http/problem.ts';
import { tokensOf } from '../../../ipc/limits.ts';
import type { Answered } from '../../llm/call.ts';
import { answerHeaders } from '../../runs/call/answer-headers.ts';
import { ratedProblem } from '../../runs/call/call-rates.ts';
import { type CallDefaults, type ClientCall, clientCall, type ReadCall } from '../../runs/call/client-call.ts';
import { failureProblem } from '../../runs/call/failure-problem.ts';
import type { RunHost } from '../../runs/host.ts';
import { type RoutedRequest, type RouteHandler, sendJson, sendJsonBytes } from '../handler.ts';
import { parseBody } from '../request/json-body.ts';

/** Fields of the request that a target is told, beside its items. */
const FIELDS = ['model', 'instructions', 'prompt_cache_key'];

export const postCompaction: RouteHandler = async (request, options) => {
  let compaction: Compaction | undefined;
  const read = async (body: JsonObject, defaults: CallDefaults): Promise<ReadCall | HttpProblem> => {
    const prepared = await readCompaction(request, { body, defaults, runs: options.runs });
    if (isProblem(prepared)) return prepared;
    compaction = prepared;
    return prepared.read;
  };
  const parse = () => parseBody(request.body);
  const asked = await clientCall({ ...request, asked: request.asked, parse, read }, options);
  if (isProblem(asked)) return asked;
  if (compaction === undefined) throw new Error('the body was not read');
  return ratedProblem(await answer(request, asked, compaction), asked.rated);
};

interface Compaction {
  readonly conversation: readonly JsonObject[];
  /** Asks a target that has compactions. */
  readonly read: ReadCall;
  /** Asks any other target for a summary. */
  readonly summing: LlmCall;
}

interface Reading {
  readonly body: JsonObject;
  readonly defaults: CallDefaults;
  readonly runs: Pick<RunHost, 'prepare'>;
}

async function readCompaction(
  request: RoutedRequest,
  { body, defaults, runs }: Reading,
): Promise<Compaction | HttpProblem> {
  if (typeof body.model !== 'string' || body.model === '')
    return invalidRequest('model: expected the name of a model', 'model');
  const { stream: _, store: __, background: ___, ...checked } = body;
  const prepared = await runs.prepare({ ...request, asked: request.asked, parse: () => ({ body: checked }) });
  if (isProblem(prepared)) return prepared;
  const { conversation, isRegulated } = prepared;
  const told = Object.fromEntries(Object.entries(body).filter(([name]) => FIELDS.includes(name)));
  const { messages } = responsesCall({ body: told, items: conversation, maxTokens: undefined });
  const native = { form: 'compactions', body: { ...told, input: conversation } } as const;
  const llm = { messages, maxTokens: undefined, isStreamed: false, extra: {}, native };
  const dataClass = isRegulated ? ('regulated' as const) : undefined;
  const summing = responsesCall({ body: told, items: summaryInput(conversation), maxTokens: defaults.maxTokens });
  return { conversation, summing, read: { llm, addedMaxTokens: undefined, dropped: [], dataClass } };
}

async function answer(
  request: RoutedRequest,
  asked: ClientCall,
  { conversation, summing }: Compaction,
): Promise<HttpProblem | undefined> {
  const { router, call, rated } = asked;
  const own = await router.run(call);
  const isWithoutForm = own.kind === 'failed' && own.lacksForm === true;
  const outcome = isWithoutForm ? await router.run({ ...call, llm: summing }) : own;
  rated.ended(outcome.kind === 'failed' ? 0 : tokensOf(outcome.usage));
  if (outcome.kind === 'failed') return failureProblem(outcome, Date.now());
  const headers = answerHeaders(outcome, asked);
  if (!isWithoutForm && outcome.bytes !== undefined) return sendJsonBytes(request, 200, outcome.bytes, headers);
  const compaction = isWithoutForm ? summed(conversation, outcome) : outcome.completion;
  return isProblem(compaction) ? compaction : sendJson(request, 200, compaction, headers);
}

/** A summary that is not whole would lose what is not in it. */
function summed(conversation: readonly JsonObject[], { text, finish, completion }: Answered): JsonObject | HttpProblem {
  if (finish !== 'stop' || text.trim() === '') return noSummary(finish);
  return compactionOf(conversation, { summary: text, usage: completion.usage, createdAtMs: Date.now() });
}

const noSummary = (finish = 'nothing'): HttpProblem => ({
  status: 502,
  code: 'upstream_failed',
  message: `the model gave no whole summary of the conversation: its answer ended with ${finish}`,
  shouldRetry: false,
});
