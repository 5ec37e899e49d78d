// POST /v1/responses/compact: a conversation as one item that a client goes on with. A target that has it makes it; for all others the item holds
// the conversation itself. https://platform.openai.com/docs/api-reference/responses/compact

import { compactionOf, responsesCall } from '../../../../adapters/llm/index.ts';
import type { JsonObject } from '../../../../codecs/json/object.ts';
import { type HttpProblem, invalidRequest, isProblem } from '../../../http/problem.ts';
import { tokensOf } from '../../../ipc/limits.ts';
import { answerHeaders } from '../../runs/call/answer-headers.ts';
import { ratedProblem } from '../../runs/call/call-rates.ts';
import { type ClientCall, clientCall, type ReadCall } from '../../runs/call/client-call.ts';
import { failureProblem } from '../../runs/call/failure-problem.ts';
import type { RunHost } from '../../runs/host.ts';
import { type RoutedRequest, type RouteHandler, sendJson, sendJsonBytes } from '../handler.ts';
import { parseBody } from '../request/json-body.ts';

/** Fields of the request that a target is told, beside its items. */
const FIELDS = ['model', 'instructions', 'prompt_cache_key'];

export const postCompaction: RouteHandler = async (request, options) => {
  let conversation: readonly JsonObject[] = [];
  const read = async (body: JsonObject): Promise<ReadCall | HttpProblem> => {
    const prepared = await readCompaction(request, body, options.runs);
    if (isProblem(prepared)) return prepared;
    conversation = prepared.conversation;
    return prepared.read;
  };
  const parse = () => parseBody(request.body);
  const asked = await clientCall({ ...request, asked: request.asked, parse, read }, options);
  return isProblem(asked) ? asked : answer(request, asked, conversation);
};

interface Compaction {
  readonly conversation: readonly JsonObject[];
  readonly read: ReadCall;
}

async function readCompaction(
  request: RoutedRequest,
  body: JsonObject,
  runs: Pick<RunHost, 'prepare'>,
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
  return { conversation, read: { llm, addedMaxTokens: undefined, dropped: [], dataClass } };
}

async function answer(
  request: RoutedRequest,
  asked: ClientCall,
  conversation: readonly JsonObject[],
): Promise<HttpProblem | undefined> {
  const outcome = await asked.router.run(asked.call);
  asked.rated.ended(outcome.kind === 'failed' ? 0 : tokensOf(outcome.usage));
  if (outcome.kind !== 'failed') {
    const { bytes = Buffer.from(JSON.stringify(outcome.completion)) } = outcome;
    return sendJsonBytes(request, 200, bytes, answerHeaders(outcome, asked));
  }
  if (outcome.lacksForm) return sendJson(request, 200, compactionOf(conversation, Date.now()), asked.rated.headers);
  return ratedProblem(failureProblem(outcome, Date.now()), asked.rated);
}
