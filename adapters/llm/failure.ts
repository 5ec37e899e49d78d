// Classifies failed answers by the status and the words in the body.

import { isObject, parseJson, valueAt } from '../../codecs/json-object.ts';
import { LlmFailure, type LlmFailureCode, type LlmReply, type UpstreamError } from './contract.ts';
import { readUpstreamError } from './upstream-error.ts';

/** The longest wait that is taken over from an answer. */
export const MAX_RETRY_AFTER_MS = 3_600_000;

/** 404 is a model that another target may have, 402 an account without credit, 529 Anthropic's overload. */
function codeOfStatus(status: number): LlmFailureCode {
  if (status === 404 || status === 405 || status === 501) return 'unsupported';
  if (status === 401 || status === 402 || status === 403) return 'credential';
  if (status === 408 || status === 504 || status === 524) return 'timeout';
  if (status === 429) return 'limited';
  if (status === 400 || status === 413 || status === 415 || status === 422) return 'invalid';
  return 'unavailable';
}

/** The failure of an HTTP answer that is not 200. */
export function failureOfReply({ status, headers, body }: LlmReply): LlmFailure {
  const read = readUpstreamError(parseJson(body.toString()));
  const { failure, word, retryAfterMs: delayMs } = read;
  const code = failure === 'credential' ? failure : codeOfStatus(status);
  const tooLarge = status === 413 && read.upstream.code === undefined ? { code: 'context_length_exceeded' } : {};
  const whose = code === 'credential' ? "refused this gateway's own credential or account, " : '';
  return new LlmFailure(code, `${whose}status ${status}${word ? ` (${word})` : ''}`, {
    status,
    retryAfterMs:
      retryAfterMs(headers, Date.now()) ?? (delayMs === undefined ? undefined : Math.min(delayMs, MAX_RETRY_AFTER_MS)),
    upstream: passedOn(code, { ...read.upstream, ...tooLarge }),
  });
}

/** The words that a client may see: those of its own request, and of limits. Ours are no fault of the client. */
const passedOn = (code: LlmFailureCode, upstream: UpstreamError): UpstreamError | undefined =>
  code === 'invalid' || code === 'unsupported' || code === 'limited' ? upstream : undefined;

/** The error in a body or an event of status 200 (`error: { code, type }`); undefined when there is none. */
export function failureInBody(body: unknown): LlmFailure | undefined {
  const error = isObject(body) ? body.error : undefined;
  if (error === undefined || error === null) return undefined;
  const status = Number(valueAt(error, ['code']));
  const isStatus = Number.isInteger(status) && status >= 400 && status < 600;
  const { failure, word, upstream, retryAfterMs: delayMs } = readUpstreamError(body);
  const ofStatus = isStatus ? codeOfStatus(status) : undefined;
  const code = failure === 'credential' ? failure : (ofStatus ?? failure ?? 'unavailable');
  return new LlmFailure(code, `an error instead of an answer${word ? ` (${word})` : ''}`, {
    status: isStatus ? status : undefined,
    retryAfterMs: delayMs,
    upstream: passedOn(code, upstream),
  });
}

/** Reads `retry-after-ms`, or `retry-after` in seconds or as a date (RFC 9110, section 10.2.3); undefined without either. */
export function retryAfterMs(headers: Readonly<Record<string, string>>, now: number): number | undefined {
  const ms = Number(headers['retry-after-ms'] ?? Number.NaN);
  const text = headers['retry-after'];
  const seconds = Number(text ?? Number.NaN);
  const date = Number.isNaN(seconds) ? Date.parse(text ?? '') - now : seconds * 1000;
  const wait = Number.isFinite(ms) ? ms : date;
  return Number.isFinite(wait) ? Math.min(Math.max(0, Math.ceil(wait)), MAX_RETRY_AFTER_MS) : undefined;
}
