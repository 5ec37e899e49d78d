// Answers to a request that is not upgraded: the reason of a refusal, and the HTTP reply that tells it.
// Rule: the words are the same for all providers; only the shape of the body is a provider's own.

/** A refusal before the 101. `message` says what was wrong and what was expected. */
export interface Refusal {
  readonly status: number;
  readonly code: RefusalCode;
  readonly message: string;
  /** The field of the request that was wrong. */
  readonly param?: string | undefined;
  readonly retryAfterS?: number;
  /** The time at which an exhausted budget has room again, ms since the epoch. */
  readonly resetsAt?: number;
  /** The place where the code is explained. It goes where the provider's shape has room for more than its SDKs read. */
  readonly help?: string;
  /** More headers, such as those that tell of rates. */
  readonly headers?: Readonly<Record<string, string>>;
  /** A short code for the log: the fault beneath. */
  readonly cause?: string;
}

/** A whole HTTP answer; its sender adds the length. */
export interface HttpReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

/** The reason of a refusal; clients, logs and metrics see these words. `beta_api_shape_disabled` is OpenAI's own, known to its clients. */
type RefusalCode =
  | 'invalid_request'
  | 'invalid_key'
  | 'secret_used'
  | 'secret_expired'
  | 'secret_not_allowed'
  | 'model_not_allowed'
  | 'policy_refused'
  | 'unknown_class'
  | 'class_not_allowed'
  | 'origin_not_allowed'
  | 'host_not_allowed'
  | 'unknown_path'
  | 'method_not_allowed'
  | 'unknown_session'
  | 'resume_too_late'
  | 'duplicate_session'
  | 'beta_api_shape_disabled'
  | 'outbox_share_full'
  | 'id_not_issued'
  | 'budget_exceeded'
  | 'budget_reserved'
  | 'price_unknown'
  | 'too_many_sessions'
  | 'rate_limit_exceeded'
  | 'too_many_connections'
  | 'too_many_streams'
  | 'out_of_descriptors'
  | 'overloaded'
  | 'not_implemented'
  | 'unsupported_media_type'
  | 'upstream_refused'
  | 'upstream_unreachable'
  | 'upstream_timeout'
  | 'provider_not_configured'
  | 'body_too_large'
  | 'body_timeout'
  | 'request_timeout'
  | 'headers_too_large'
  | 'side_unavailable'
  | 'draining';

/** Writes a refusal as JSON, with the time after which it may be tried again. */
export function refusalReply(
  { status, retryAfterS }: Pick<Refusal, 'status' | 'retryAfterS'>,
  body: object,
  type = 'application/json',
): HttpReply {
  const headers: Record<string, string> = { 'content-type': type };
  if (retryAfterS !== undefined) headers['retry-after'] = String(retryAfterS);
  return { status, headers, body: JSON.stringify(body) };
}

/** The member of an error's body that says when a limit is lifted, where that is known. */
export const untilOf = ({ resetsAt }: Pick<Refusal, 'resetsAt'>): { readonly resets_at?: string } =>
  resetsAt === undefined ? {} : { resets_at: new Date(resetsAt).toISOString() };
