// Classifies failed answers by the status and the codes in the body. Rule: sentences are never read or repeated, since they may quote
// the request.

import { isObject, parseJson, textAt, valueAt } from '../../codecs/json-object.ts';
import { LlmFailure, type LlmFailureCode, type LlmReply } from './contract.ts';

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
  const word = errorWordIn(parseJson(body.toString()));
  return new LlmFailure(codeOfStatus(status), `status ${status}${word ? ` (${word})` : ''}`, {
    status,
    retryAfterMs: retryAfterMs(headers, Date.now()),
  });
}

/** The error in a body or an event of status 200 (`error: { code, type }`); undefined when there is none. */
export function failureInBody(body: unknown): LlmFailure | undefined {
  const error = isObject(body) ? body.error : undefined;
  if (error === undefined || error === null) return undefined;
  const status = Number(valueAt(error, ['code']));
  const isStatus = Number.isInteger(status) && status >= 400 && status < 600;
  const word = errorWordIn(body);
  const code = isStatus ? codeOfStatus(status) : 'unavailable';
  return new LlmFailure(code, `an error instead of an answer${word ? ` (${word})` : ''}`, {
    status: isStatus ? status : undefined,
  });
}

/** The error code in a body. Gemini has it in `status`, Anthropic in `type`. */
function errorWordIn(body: unknown): string | undefined {
  const root = Array.isArray(body) ? body[0] : body;
  if (!isObject(root)) return undefined;
  const found = ['code', 'status', 'type', 'param'].map((name) => textAt(root, 'error', name));
  return found.find((word) => word !== undefined && /^[A-Za-z0-9_.[\]-]{1,64}$/.test(word));
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
