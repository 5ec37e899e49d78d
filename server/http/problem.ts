// Errors of the side path's HTTP answers, in the shape that the clients of their path read. It is the one writer of these shapes.

import type { UpstreamError } from '../../adapters/llm/contract.ts';
import { anthropicErrorType, errorTypeByStatus, findMint } from '../../adapters/realtime/index.ts';
import type { HttpReply, Refusal } from '../../adapters/realtime/refusal.ts';
import type { JsonObject } from '../../codecs/json/object.ts';
import { isForAnthropic, sideRoutesAt } from '../ipc/side-routes.ts';
import { jsonReply } from './reply.ts';

/** A short code for programs and a sentence for people. A Refusal is one, too. */
export interface HttpProblem {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  /** The field of the request that was wrong. */
  readonly param?: string | undefined;
  /** Sent as the header `retry-after`. */
  readonly retryAfterS?: number | undefined;
  /** Tells SDKs whether to repeat the request; they decide by the status where it is undefined. */
  readonly shouldRetry?: boolean | undefined;
  /** The time at which an exhausted budget has room again, ms since the epoch. */
  readonly resetsAt?: number | undefined;
  /** The words of an LLM gateway's error on which clients branch. They stand in the places of ours. */
  readonly upstream?: UpstreamError | undefined;
  /** More headers, such as those that tell of rates. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The methods that the path has. Sent as the header `allow` (RFC 9110, section 15.5.6). */
  readonly allow?: readonly string[] | undefined;
}

/** The place of a code in the documentation, as errors carry it: a relative one, since the pages come with the package. */
export const helpFor = (code: string): string => `docs/errors.md#${code}`;

/** Facts of the request, as far as they are known. */
interface ProblemOf {
  readonly requestId?: string | undefined;
  readonly headers?: Readonly<Record<string, unknown>>;
}

/**
 * `path` decides the shape: OpenAI's on paths of chat completions, Anthropic's on those of messages (and of models, for its clients), that of its
 * provider where an SDK asks for a credential, `{ error: { type, code, message, field, help } }` on all others.
 */
export function problemReply(
  path: string,
  problem: HttpProblem,
  { requestId, headers = {} }: ProblemOf = {},
): HttpReply {
  const provider = findMint(path)?.provider;
  // Providers write any code.
  if (provider !== undefined) return provider.httpError({ ...problem, help: helpFor(problem.code) } as Refusal);
  if (isForAnthropic(path, headers))
    return jsonReply(problem.status, anthropicError(problem, requestId), headersOf(problem));
  const isChat = sideRoutesAt('key', path).some(({ route }) => route.isChat);
  const error = isChat ? chatError(problem) : plainError(problem);
  return jsonReply(problem.status, { error }, headersOf(problem));
}

function plainError({ status, code, message, param }: HttpProblem): object {
  return { type: errorTypeByStatus(status), code, message, field: param, help: helpFor(code) };
}

/** An error as OpenAI writes it, which SDKs turn into their error classes. It also goes into a stream that has begun. */
export function chatError({
  status,
  code: own,
  message,
  param: field,
  resetsAt,
  upstream = {},
}: HttpProblem): JsonObject {
  const until = resetsAt === undefined ? {} : { resets_at: new Date(resetsAt).toISOString() };
  const { type = errorTypeByStatus(status), param = field ?? null, code = own } = upstream;
  const ours = code === own ? {} : { gateway_code: own };
  return { message, type, param, code, ...ours, ...until, help: helpFor(own) };
}

/** https://docs.anthropic.com/en/api/errors#error-shapes. Beside its fields are those that OpenAI has, too. */
function anthropicError(problem: HttpProblem, requestId: string | undefined): JsonObject {
  const error = { ...chatError(problem), type: anthropicErrorType(problem.status) };
  return { type: 'error', error, ...(requestId === undefined ? {} : { request_id: requestId }) };
}

function headersOf({ retryAfterS, shouldRetry, allow, headers }: HttpProblem): Record<string, string> {
  return {
    ...headers,
    ...(allow === undefined ? {} : { allow: allow.join(', ') }),
    ...(retryAfterS === undefined ? {} : { 'retry-after': String(retryAfterS) }),
    ...(shouldRetry === undefined ? {} : { 'x-should-retry': String(shouldRetry) }),
  };
}

/** Cuts what a client sent, so that it can be quoted. */
export function shortened(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}...` : text;
}

/** Tells a problem from a value that was read. */
export function isProblem(value: unknown): value is HttpProblem {
  return typeof value === 'object' && value !== null && 'status' in value && 'code' in value;
}

export const invalidRequest = (message: string, param?: string): HttpProblem => ({
  status: 400,
  code: 'invalid_request',
  message,
  param,
});
