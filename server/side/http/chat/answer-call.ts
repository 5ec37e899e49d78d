// Makes a call of a client and gives its answer as it comes, in the form of the client, whole or as a stream. It ends with its client.

import { errorEvent } from '../../../../adapters/llm/index.ts';
import { isObject, type JsonObject, parseJson } from '../../../../codecs/json/object.ts';
import { chatError, type HttpProblem } from '../../../http/problem.ts';
import { tokensOf } from '../../../ipc/limits.ts';
import { answerHeaders, streamHeaders } from '../../runs/call/answer-headers.ts';
import { ratedProblem } from '../../runs/call/call-rates.ts';
import type { ClientCall } from '../../runs/call/client-call.ts';
import { failureProblem } from '../../runs/call/failure-problem.ts';
import { type RoutedRequest, sendJsonBytes } from '../handler.ts';
import { ChatStream } from './stream.ts';

interface AnswerOptions {
  /** Longest time without a byte toward the client of a stream. */
  readonly keepAliveMs: number;
  /** Takes a whole answer, and returns it as the client gets it; undefined: as it came. */
  readonly onWhole?: ((answer: JsonObject) => JsonObject) | undefined;
}

export async function answerClient(
  request: RoutedRequest,
  asked: ClientCall,
  options: AnswerOptions,
): Promise<HttpProblem | undefined> {
  const { isStreamed } = asked.call.llm;
  return ratedProblem(await (isStreamed ? stream : whole)(request, asked, options), asked.rated);
}

async function whole(
  request: RoutedRequest,
  asked: ClientCall,
  { onWhole }: AnswerOptions,
): Promise<HttpProblem | undefined> {
  const outcome = await asked.router.run(asked.call);
  asked.rated.ended(outcome.kind === 'failed' ? 0 : tokensOf(outcome.usage));
  if (outcome.kind === 'failed') return failureProblem(outcome, Date.now());
  const { bytes, completion } = outcome;
  const answer = onWhole?.(bytes === undefined ? completion : objectIn(bytes)) ?? completion;
  const sent = bytes === undefined || onWhole !== undefined ? Buffer.from(JSON.stringify(answer)) : bytes;
  return sendJsonBytes(request, 200, sent, answerHeaders(outcome, asked));
}

function objectIn(bytes: Buffer): JsonObject {
  const value = parseJson(bytes.toString());
  return isObject(value) ? value : {};
}

async function stream(
  { emit }: RoutedRequest,
  asked: ClientCall,
  { keepAliveMs }: AnswerOptions,
): Promise<HttpProblem | undefined> {
  const sink = new ChatStream({
    emit,
    keepAliveMs,
    headers: asked.rated.headers,
    headersOf: (head) => streamHeaders(head, asked),
  });
  const outcome = await asked.router.run(asked.call, sink).finally(() => sink.end());
  // A stream that broke off has used nobody knows how much.
  asked.rated.ended(outcome.kind !== 'failed' ? tokensOf(outcome.usage) : sink.hasContent ? undefined : 0);
  if (outcome.kind !== 'failed') return undefined;
  const problem = failureProblem(outcome, Date.now());
  if (!sink.hasHead) return problem;
  const error = chatError(problem);
  // SDKs turn an event with an error into an exception; without one the answer would look complete.
  emit(sink.failed(error) ?? errorEvent(error, asked.call.llm.native));
  return undefined;
}

/** Does the work, and ends the call when the client leaves meanwhile. */
export async function withClient<Result>(
  client: AbortSignal,
  call: AbortController,
  work: () => Promise<Result>,
): Promise<Result> {
  const leave = (): void => call.abort();
  if (client.aborted) leave();
  client.addEventListener('abort', leave, { once: true });
  try {
    return await work();
  } finally {
    client.removeEventListener('abort', leave);
  }
}
