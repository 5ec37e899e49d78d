// Reads what an endpoint says of an error in fields that clients branch on, in the words of OpenAI. Rule: sentences are looked at only for what
// an endpoint says nowhere else, and never repeated, since they may quote the request or a credential.

import { isObject, type JsonObject, textAt, valueAt } from '../../../codecs/json/object.ts';
import type { LlmFailureCode, UpstreamError } from '../contract.ts';

interface ReadError {
  readonly upstream: UpstreamError;
  /** The kind of failure, where the words say more than the status. */
  readonly failure: LlmFailureCode | undefined;
  /** The first word, as it stands there. */
  readonly word: string | undefined;
  /** The HTTP status that the error names. */
  readonly status: number | undefined;
  readonly retryAfterMs: number | undefined;
}

/** The `error` of a body. Google's may be in a list, Cloudflare's is one of `errors`; older vLLM has none around it. */
export function readUpstreamError(body: unknown): ReadError {
  const root = Array.isArray(body) ? body[0] : body;
  const whole = isObject(root) ? root : {};
  const [first] = Array.isArray(whole.errors) ? whole.errors.filter(isObject) : [];
  const error = isObject(whole.error) ? whole.error : (first ?? whole);
  const [code, type] = [plainWord(error.code), plainWord(error.type)];
  const known = KNOWN.find(({ matches }) => matches(error));
  return {
    upstream: { code: known?.code ?? code, type, param: plainParam(error.param) },
    failure: known?.failure ?? failureBy(code) ?? failureBy(type),
    word: known?.code ?? code ?? statusWord(error.status) ?? type ?? plainParam(error.param),
    status: [error.code, error.status].map(Number).find(isStatus),
    retryAfterMs: retryDelayMs(error),
  };
}

const isStatus = (value: number): boolean => Number.isInteger(value) && value >= 400 && value < 600;

/** A word as OpenAI writes codes and types. What has digits or dashes may be a credential. */
function plainWord(value: unknown): string | undefined {
  return typeof value === 'string' && /^[a-z]+(_[a-z]+)*$/.test(value) && value.length <= 64 ? value : undefined;
}

/** Google's status, or a word of another spelling. */
const statusWord = (value: unknown): string | undefined =>
  typeof value === 'string' && /^[A-Z]+(_[A-Z]+)*$/.test(value) && value.length <= 64 ? value : undefined;

/** The name of a field, such as `messages.[0].content` or `tools[0].type`. */
function plainParam(value: unknown): string | undefined {
  return typeof value === 'string' &&
    /^[a-z]+(_[a-z]+)*([.[\]]+([a-z]+(_[a-z]+)*|\d{1,5}))*\]?$/.test(value) &&
    value.length <= 64
    ? value
    : undefined;
}

/** Words of OpenAI and Anthropic by the kind of failure, for errors without a status, such as those in streams. */
const WORDS = {
  limited: ['rate_limit_error', 'rate_limit_exceeded', 'insufficient_quota'],
  invalid: [
    ...['context_length_exceeded', 'content_policy_violation', 'content_filter', 'unsupported_value'],
    ...['unsupported_parameter', 'invalid_request_error', 'request_too_large'],
  ],
  credential: ['authentication_error', 'permission_error', 'billing_error', 'invalid_api_key'],
  timeout: ['timeout_error'],
  unsupported: ['not_found_error', 'model_not_found'],
  unavailable: ['overloaded_error', 'api_error'],
} satisfies Partial<Record<LlmFailureCode, string[]>>;

function failureBy(word: string | undefined): LlmFailureCode | undefined {
  return (Object.keys(WORDS) as (keyof typeof WORDS)[]).find((code) => WORDS[code].includes(word ?? ''));
}

const says = (error: JsonObject, pattern: RegExp): boolean =>
  pattern.test((textAt(error, 'message') ?? '').slice(0, 2000));

const TOO_LONG =
  /prompt is too long|exceeds? (the )?(available )?context|exceed context limit|maximum context length|context window|input token count.{0,40}exceeds|ContextWindowExceeded/i;

/** Errors that endpoints say in a sentence, or in words of their own. */
const KNOWN: readonly {
  readonly matches: (error: JsonObject) => boolean;
  readonly code?: string;
  readonly failure?: LlmFailureCode;
}[] = [
  // Google refuses a credential with 400, Anthropic an account without credit.
  { matches: (error) => reasonsIn(error).includes('API_KEY_INVALID'), failure: 'credential' },
  { matches: ({ status }) => status === 'FAILED_PRECONDITION', failure: 'credential' },
  { matches: (error) => says(error, /credit balance is too low/i), failure: 'credential' },
  {
    matches: (error) => error.code === undefined && error.type === 'exceed_context_size_error',
    code: 'context_length_exceeded',
  },
  {
    matches: (error) =>
      plainWord(error.code) === undefined && (error.type === 'request_too_large' || says(error, TOO_LONG)),
    code: 'context_length_exceeded',
  },
  {
    matches: (error) => plainWord(error.code) === undefined && says(error, /ContentPolicyViolation/),
    code: 'content_policy_violation',
  },
  {
    matches: ({ status, type }) => status === 'RESOURCE_EXHAUSTED' || type === 'rate_limit_error',
    code: 'rate_limit_exceeded',
  },
];

const detailsOf = (error: JsonObject): readonly JsonObject[] =>
  Array.isArray(error.details) ? error.details.filter(isObject) : [];

const reasonsIn = (error: JsonObject): readonly unknown[] => detailsOf(error).map(({ reason }) => reason);

/** Google's `google.rpc.RetryInfo`, such as `"34.5s"`. */
function retryDelayMs(error: JsonObject): number | undefined {
  const delay = detailsOf(error)
    .map((detail) => valueAt(detail, ['retryDelay']))
    .find((value) => value !== undefined);
  const seconds = /^(\d+(?:\.\d+)?)s$/.exec(String(delay))?.[1];
  return seconds === undefined ? undefined : Math.ceil(Number(seconds) * 1000);
}
