// The contract between the side path and what it knows of an LLM gateway or a direct LLM endpoint: pure functions, no I/O.
// Calls have one form inside: that of OpenAI chat completions. A profile says how its endpoint wants them, and reads the answers.

import type { JsonObject } from '../../codecs/json-object.ts';
import type { Usage } from '../realtime/contract.ts';

/** What is known of one kind of LLM endpoint. */
export interface LlmProfile {
  readonly name: string;
  /** `routed`: it chooses who serves; `direct`: a contract with the one who serves. */
  readonly path: 'direct' | 'routed';
  /** Where it listens when the configuration gives no `baseUrl`; undefined: it must be given. */
  readonly baseUrl?: string | undefined;
  /** Base URLs that keep to a region, by region; a target with another residency is refused. */
  readonly regions?: Readonly<Record<string, string>>;
  /** Whether it can promise this for a call (`zdr`: nothing is kept), by what it is told in the request. Else the configuration must say so. */
  readonly canPromise?: { readonly retention?: readonly Retention[]; readonly providers?: true };
  /** Who serves a model, where that is certain without asking; undefined: it is the gateway's choice. */
  provider?(model: string, settings: Readonly<Record<string, string>>): string | undefined;
  /** Keys of `settings` that it understands, and those that it cannot do without. */
  readonly settings?: { readonly known: readonly string[]; readonly required?: readonly string[] };
  /** The HTTP request for a call. Throws an LlmFailure (`unsupported`) for what the endpoint cannot do. */
  toRequest(call: LlmCall, target: LlmTarget): LlmRequest;
  /** Reads a whole answer. Throws an LlmFailure for one that is none. */
  readReply(reply: LlmReply): LlmOutcome;
  /** Reads a streamed answer (status 200, text/event-stream), and turns it into the server-sent events of chat completions. */
  readStream(headers: Readonly<Record<string, string>>, call: LlmCall): LlmStream;
  /** Why an answer of another status than 200 is none: whether it may go better elsewhere or later, and when. */
  readFailure(reply: LlmReply): LlmFailure;
}

export type Retention = 'zdr' | 'none-stated';

/** A chat completion, as clients of OpenAI write it; everything that is not named here is passed on by profiles that can. */
export interface LlmCall {
  readonly messages: readonly JsonObject[];
  readonly maxTokens: number;
  readonly temperature?: number | undefined;
  /** The answer must be JSON of this schema. */
  readonly schema?: { readonly name: string; readonly schema: JsonObject } | undefined;
  readonly isStreamed: boolean;
  /** Other fields of the client's request, verbatim (tools, stop, seed, ...); never model, stream, max_tokens or messages. */
  readonly extra: JsonObject;
}

/** Where a call goes, and under which policy. */
export interface LlmTarget {
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly model: string;
  /** Models of the gateway's own fallback list are never used: a fallback is a new attempt of ours. */
  readonly retention?: Retention | undefined;
  readonly residency?: string | undefined;
  /** Providers behind a gateway that may serve; undefined: any. */
  readonly providers?: readonly string[] | undefined;
  /** USD per million tokens, for gateways that enforce a ceiling. */
  readonly maxPrice?: { readonly input?: number; readonly output?: number } | undefined;
  /** Settings of the profile from the configuration (Cloudflare's account and gateway, Portkey's provider and config, ...). */
  readonly settings: Readonly<Record<string, string>>;
}

export interface LlmRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface LlmReply {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** What a call came to. */
export interface LlmOutcome {
  /** The answer in the form of a chat completion, as a client may see it. */
  readonly completion: JsonObject;
  /** The same as the bytes that came, where the endpoint speaks that form itself. */
  readonly bytes?: Buffer | undefined;
  /** The text of the first choice; '' when it has none. */
  readonly text: string;
  readonly served: string | undefined;
  readonly provider: string | undefined;
  /** undefined: not reported. */
  readonly usage: Usage | undefined;
  readonly costUsd: number | undefined;
  /** `stop`, `length`, `content_filter`, `tool_calls`, ... */
  readonly finish: string | undefined;
}

export interface LlmStream {
  /** The model that answers, as soon as it has said so. */
  served(): string | undefined;
  /** Bytes as they come; returns what goes to the client now (whole events of chat completions). Throws an LlmFailure for what is no stream. */
  push(chunk: Buffer): Buffer;
  /** The stream has ended: the rest for the client (`data: [DONE]` included), and what it came to. `isComplete`: it said so itself. */
  end(): { readonly rest: Buffer; readonly outcome: Omit<LlmOutcome, 'completion'>; readonly isComplete: boolean };
}

/**
 * `unsupported`: this endpoint cannot do what is asked; `invalid`: it refuses the request itself (400, 422): no other target is asked;
 * `credential`: 401, 403; `limited`: 429; `unavailable`: 5xx, unreachable, broken off; `timeout`; `garbled`: no answer that can be read.
 */
export type LlmFailureCode =
  | 'unsupported'
  | 'invalid'
  | 'credential'
  | 'limited'
  | 'unavailable'
  | 'timeout'
  | 'garbled';

export class LlmFailure extends Error {
  readonly code: LlmFailureCode;
  /** Not before so many milliseconds. */
  readonly retryAfterMs: number | undefined;
  readonly status: number | undefined;
  constructor(
    code: LlmFailureCode,
    message: string,
    more: { retryAfterMs?: number | undefined; status?: number | undefined; cause?: unknown } = {},
  ) {
    super(message, { cause: more.cause });
    this.code = code;
    this.retryAfterMs = more.retryAfterMs;
    this.status = more.status;
  }
}

/** What a profile has no form for. */
export const unsupported = (what: string): LlmFailure =>
  new LlmFailure('unsupported', `this endpoint has no form for ${what} in Trunkline`);
