// Classifies failed answers by the status and the words in the body.

import { isObject, type JsonObject, parseJson } from '../../../codecs/json/object.ts';
import { LlmFailure, type LlmFailureCode, type LlmReply, type UpstreamError } from '../contract.ts';
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
  const read = readUpstreamError(errorIn(body.toString()));
  const { failure, word, retryAfterMs: delayMs } = read;
  const code = failure === 'credential' ? failure : codeOfStatus(status);
  const tooLarge = status === 413 && read.upstream.code === undefined ? { code: 'context_length_exceeded' } : {};
  const whose = code === 'credential' ? "refused this gateway's own credential or account, " : '';
  return new LlmFailure(code, `${whose}status ${status}${word ? ` (${word})` : ''}`, {
    status,
    retryAfterMs: retryAfterMs(headers, Date.now()) ?? boundedMs(delayMs),
    upstream: passedOn(code, { ...read.upstream, ...tooLarge }),
  });
}

/** The error of a body, which some gateways write as an event even then. */
function errorIn(text: string): unknown {
  const [, data] = /^data:(.+)$/m.exec(text) ?? [];
  return parseJson(text) ?? (data === undefined ? undefined : parseJson(data));
}

/** The words that a client may see: those of its own request, and of limits. Ours are no fault of the client. */
const passedOn = (code: LlmFailureCode, upstream: UpstreamError): UpstreamError | undefined =>
  code === 'invalid' || code === 'unsupported' || code === 'limited' ? upstream : undefined;

/** The error in a body or an event of status 200; undefined when there is none. */
export function failureInBody(body: unknown): LlmFailure | undefined {
  const root = Array.isArray(body) ? body[0] : body;
  return isObject(root) && isError(root) ? failureOfError(root) : undefined;
}

/** `error: { code, type }`, also without an object around it (older vLLM), or in a list (Cloudflare). */
const isError = ({ error, errors, object }: JsonObject): boolean =>
  Boolean(error) || object === 'error' || (Array.isArray(errors) && errors.length > 0);

/** The failure that an error describes which came with status 200. */
export function failureOfError(body: unknown): LlmFailure {
  const { failure, word, upstream, status, retryAfterMs: delayMs } = readUpstreamError(body);
  const ofStatus = status === undefined ? undefined : codeOfStatus(status);
  const code = failure === 'credential' ? failure : (ofStatus ?? failure ?? 'unavailable');
  return new LlmFailure(code, `an error instead of an answer${word ? ` (${word})` : ''}`, {
    status,
    retryAfterMs: boundedMs(delayMs),
    upstream: passedOn(code, upstream),
  });
}

const boundedMs = (ms: number | undefined): number | undefined =>
  ms === undefined ? undefined : Math.min(ms, MAX_RETRY_AFTER_MS);

/** Reads `retry-after-ms`, or `retry-after` in seconds or as a date (RFC 9110, section 10.2.3); undefined without either. */
export function retryAfterMs(headers: Readonly<Record<string, string>>, now: number): number | undefined {
  const ms = Number(headers['retry-after-ms'] ?? Number.NaN);
  const text = headers['retry-after'];
  const seconds = Number(text ?? Number.NaN);
  const date = Number.isNaN(seconds) ? Date.parse(text ?? '') - now : seconds * 1000;
  const wait = Number.isFinite(ms) ? ms : date;
  return Number.isFinite(wait) ? Math.min(Math.max(0, Math.ceil(wait)), MAX_RETRY_AFTER_MS) : undefined;
}
