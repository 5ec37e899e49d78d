// What a failed answer means: by its status, and by the codes of its body. Never by its words, which may quote what was sent.

import { isObject, parseJson, textAt, valueAt } from '../../codecs/json-object.ts';
import { LlmFailure, type LlmFailureCode, type LlmReply } from './contract.ts';

/** Nobody is asked to wait for longer, whatever it says. */
export const MAX_RETRY_AFTER_MS = 3_600_000;

/** 404 is a model that is not there, which may be elsewhere; 402 an account without credit; 529 is Anthropic's overload. */
export function codeOfStatus(status: number): LlmFailureCode {
  if (status === 404 || status === 405 || status === 501) return 'unsupported';
  if (status === 401 || status === 402 || status === 403) return 'credential';
  if (status === 408 || status === 504 || status === 524) return 'timeout';
  if (status === 429) return 'limited';
  if (status === 400 || status === 413 || status === 415 || status === 422) return 'invalid';
  return 'unavailable';
}

/** The failure of an HTTP answer that is not 200. */
export function failureOfReply({ status, headers, body }: LlmReply): LlmFailure {
  const word = wordOf(parseJson(body.toString()));
  return new LlmFailure(codeOfStatus(status), `status ${status}${word ? ` (${word})` : ''}`, {
    status,
    retryAfterMs: retryAfterMs(headers, Date.now()),
  });
}

/** The failure that a body or an event of status 200 speaks of (`error: { code, type }`); undefined when it speaks of none. */
export function failureInBody(body: unknown): LlmFailure | undefined {
  const error = isObject(body) ? body.error : undefined;
  if (error === undefined || error === null) return undefined;
  const status = Number(valueAt(error, ['code']));
  const isStatus = Number.isInteger(status) && status >= 400 && status < 600;
  const word = wordOf(body);
  const code = isStatus ? codeOfStatus(status) : 'unavailable';
  return new LlmFailure(code, `an error instead of an answer${word ? ` (${word})` : ''}`, {
    status: isStatus ? status : undefined,
  });
}

/** A code, never a sentence. Gemini's and Anthropic's bodies have theirs in `status` and `type`. */
function wordOf(body: unknown): string | undefined {
  const root = Array.isArray(body) ? body[0] : body;
  if (!isObject(root)) return undefined;
  const found = ['code', 'status', 'type', 'param'].map((name) => textAt(root, 'error', name));
  return found.find((word) => word !== undefined && /^[A-Za-z0-9_.[\]-]{1,64}$/.test(word));
}

/** `retry-after-ms`, or `retry-after` in seconds or as a date (RFC 9110, section 10.2.3); undefined without one. */
export function retryAfterMs(headers: Readonly<Record<string, string>>, now: number): number | undefined {
  const ms = Number(headers['retry-after-ms'] ?? Number.NaN);
  const text = headers['retry-after'];
  const seconds = Number(text ?? Number.NaN);
  const date = Number.isNaN(seconds) ? Date.parse(text ?? '') - now : seconds * 1000;
  const wait = Number.isFinite(ms) ? ms : date;
  return Number.isFinite(wait) ? Math.min(Math.max(0, Math.ceil(wait)), MAX_RETRY_AFTER_MS) : undefined;
}
