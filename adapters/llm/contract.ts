// The contract of LLM profiles: pure functions that write the requests of one kind of LLM endpoint and read its answers.
// Rule: inside of the side path a call has the form of OpenAI's chat completions. One in another form of clients has that, too, for the
// endpoints that speak it themselves.

import type { JsonObject } from '../../codecs/json/object.ts';
import type { Usage } from '../realtime/contract/observation.ts';
import type { LlmCatalogue } from './catalogue/contract.ts';

export type { CatalogueModel, LlmCatalogue } from './catalogue/contract.ts';

/** A form in which clients ask and are answered, beside chat completions: OpenAI's Responses, Anthropic's Messages. */
export type WrittenForm = 'responses' | 'messages';

/** A form that only an endpoint which has it can answer: nothing else stands in for it. */
export type PassedForm = 'embeddings' | 'moderations' | 'count_tokens' | 'compactions';

export type ClientForm = WrittenForm | PassedForm;

/** Requests to an endpoint and answers of it. Answers come out in the form of the client. */
export type LlmApi = Pick<LlmProfile, 'toRequest' | 'readReply' | 'readStream'>;

/** A form that an endpoint speaks itself. */
export interface NativeApi extends LlmApi {
  /** Tells whether that is not known of it, so that only `settings.<form>: native` of its LLM gateway says so. */
  isOptional?(settings: Readonly<Record<string, string>>): boolean;
}

/** A kind of LLM endpoint. */
export interface LlmProfile {
  readonly name: string;
  /** `routed`: a gateway that chooses the provider. `direct`: a contract with the provider itself. */
  readonly path: 'direct' | 'routed';
  /** The provider's name in the price list that the gateway ships; without one a model is looked up by its own name. */
  readonly priceListName?: string;
  /** The base URL when the configuration gives none; undefined: it must be given. */
  readonly baseUrl?: string | undefined;
  /** Base URLs by region. A target with another residency is refused. */
  readonly regions?: Readonly<Record<string, string>>;
  /** Policies that a request can demand of the endpoint (`zdr`: nothing is kept). Others must be declared in the configuration. */
  readonly canPromise?: { readonly retention?: readonly Retention[]; readonly providers?: true };
  /** The provider of a model, where it is known before the call; undefined: the gateway chooses. */
  provider?(model: string, settings: Readonly<Record<string, string>>): string | undefined;
  /** A fault before the first byte of an answer, a 5xx or a lost connection, is not billed, as the product documents. */
  readonly faultsAreFree?: true;
  /** The API takes no call without `maxTokens`. */
  readonly demandsMaxTokens?: true;
  /** A path below the base URL whose GET costs nothing and is refused for a wrong credential; `/models` when not given. */
  readonly freePath?: string;
  /** Asks for the models that the endpoint serves, and reads the answer. */
  readonly catalogue: LlmCatalogue;
  /** Known and required keys of `settings`. */
  readonly settings?: { readonly known: readonly string[]; readonly required?: readonly string[] };
  /** The forms of clients that the endpoint speaks, too. `settings.<form>: translated` of the LLM gateway leaves one unused. */
  readonly native?: Partial<Readonly<Record<ClientForm, NativeApi>>>;
  /** Writes the HTTP request of a call. @throws LlmFailure `unsupported` for a call that the endpoint cannot do. */
  toRequest(call: LlmCall, target: LlmTarget): LlmRequest;
  /**
   * Reads a whole answer. `model` was asked for, and stands in the completion where the answer names none. @throws LlmFailure for one that
   * cannot be read, or that ended in a fault (`aborted`). `call`: that it answers.
   */
  readReply(reply: LlmReply, model: string, call?: LlmCall): LlmOutcome;
  /** Reads a streamed answer (status 200, text/event-stream) and writes it as the events of the client's form. */
  readStream(headers: Readonly<Record<string, string>>, call: LlmCall, model: string): LlmStream;
}

type Retention = 'zdr' | 'none-stated';

export interface LlmCall {
  readonly messages: readonly JsonObject[];
  /** The limit of the answer; undefined: that of the model. */
  readonly maxTokens?: number | undefined;
  readonly temperature?: number | undefined;
  /** JSON Schema that the answer must have. */
  readonly schema?: { readonly name: string; readonly schema: JsonObject } | undefined;
  readonly isStreamed: boolean;
  /** Other fields of the client's request, verbatim (tools, stop, seed, ...), which profiles pass on where they can. */
  readonly extra: JsonObject;
  /** The call as the client made it, where it was in another form. The other fields are its translation. */
  readonly native?: NativeCall | undefined;
}

/** A call in the form of its client, and what its answer is written by. */
export interface NativeCall {
  readonly form: ClientForm;
  /** The whole request, with the items of earlier answers that it refers to in their places. */
  readonly body: JsonObject;
  /** The id that the answer has; undefined: any. An endpoint of the same form gives it an id of its own. */
  readonly id?: string | undefined;
  /** The first part that has no form in chat completions, so that only an endpoint of the client's form can do the call. */
  readonly untranslated?: Untranslated | undefined;
  /** Names of tools that whoever serves would run by itself, such as a search of the web. Their price is not known before. */
  readonly hostedTools?: readonly string[] | undefined;
  /** Things that these tools name at the account of whoever serves, and elsewhere. */
  readonly resources?: readonly NamedResource[] | undefined;
  /** Values of Anthropic's header `anthropic-beta` that go on to an endpoint of that form. */
  readonly betas?: readonly string[] | undefined;
  /** `<gateway>/<model>` of the target that is asked: reasoning that it seals is given back to no other. */
  readonly target?: string | undefined;
}

/** `what`: words for people. `param`: its place in the request, such as `tools[0]`. */
export interface Untranslated {
  readonly what: string;
  readonly param: string;
}

/** A vector store, a file, a container, a skill, a connector or a server. `param`: its place in the request. */
export interface NamedResource {
  readonly param: string;
  readonly name: string;
}

/** The destination of a call, and the policy that holds there. */
export interface LlmTarget {
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly model: string;
  readonly retention?: Retention | undefined;
  readonly residency?: string | undefined;
  /** Providers behind a gateway that may be used; undefined: any. */
  readonly providers?: readonly string[] | undefined;
  /** USD per million tokens, for gateways that enforce a maximum. */
  readonly maxPrice?: { readonly input?: number; readonly output?: number } | undefined;
  /** Settings of the profile in the configuration, such as the account of Cloudflare or the provider of Portkey. */
  readonly settings: Readonly<Record<string, string>>;
}

export interface LlmRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface LlmReply {
  readonly status: number;
  /** Values by lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Tokens of a call. An absent count is not reported. */
export interface LlmUsage extends Omit<Usage, 'cumulative' | 'inputTextTokens' | 'outputTextTokens' | 'seconds'> {
  /** The part of the output that was thought and not said. It has no price of its own. */
  readonly outputReasoningTokens?: number;
}

export interface LlmOutcome {
  /** The answer in the form of the client. */
  readonly completion: JsonObject;
  /** The received bytes, where the endpoint itself answers in that form. */
  readonly bytes?: Buffer | undefined;
  /** The text of the first choice; '' when it has none. */
  readonly text: string;
  /** The model that answered; undefined when it is not reported. */
  readonly served: string | undefined;
  readonly provider: string | undefined;
  /** Token counts; undefined when they are not reported. */
  readonly usage: LlmUsage | undefined;
  readonly costUsd: number | undefined;
  /** `stop`, `length`, `content_filter`, `tool_calls` or `function_call`; undefined for an answer that does not say why it ended. */
  readonly finish: string | undefined;
}

/** The outcome of a streamed answer. */
export type StreamOutcome = Omit<LlmOutcome, 'completion' | 'bytes'>;

export interface LlmStream {
  /** The model that answers; undefined until it is reported. */
  served(): string | undefined;
  /** Tells whether more than comments was returned so far. */
  hasContent(): boolean;
  /** Bytes of what the model said so far: text, reasoning, arguments of tools. */
  receivedBytes(): number;
  /** Tells whether the endpoint has said all: the answer is complete, and its last event has come, whether the connection ends or not. */
  isOver(): boolean;
  /** Reads a chunk. Returns bytes for the client: whole events of chat completions. @throws LlmFailure for an error, an answer that ended in a fault, or an unreadable stream. */
  push(chunk: Buffer): Buffer;
  /** Ends the stream. `rest`: the last bytes for the client, `data: [DONE]` included. `isComplete`: the endpoint said why the answer ended. */
  end(): { readonly rest: Buffer; readonly outcome: StreamOutcome; readonly isComplete: boolean };
  /** The last bytes for a client that has a part of an answer which broke off. `error`: as OpenAI writes errors. */
  failed(error: JsonObject): Buffer;
}

/**
 * `unsupported`: the endpoint cannot do this call. `invalid`: the request itself is wrong (400, 422), so no other target is tried.
 * `credential`: 401, 402, 403. `limited`: 429. `unavailable`: 5xx, unreachable, broken off. `timeout`. `garbled`: an unreadable answer.
 * `aborted`: the model gave up, so the answer is none and is billed all the same.
 */
export type LlmFailureCode =
  | 'unsupported'
  | 'invalid'
  | 'credential'
  | 'limited'
  | 'unavailable'
  | 'timeout'
  | 'garbled'
  | 'aborted';

/** Words of an endpoint's error on which clients branch, as OpenAI has them; undefined where it has none. */
export interface UpstreamError {
  readonly code?: string | undefined;
  readonly type?: string | undefined;
  readonly param?: string | undefined;
}

interface LlmFailureMore
  extends Partial<Pick<LlmFailure, 'retryAfterMs' | 'status' | 'outcome' | 'upstream' | 'isOurs'>> {
  readonly cause?: unknown;
}

export class LlmFailure extends Error {
  readonly code: LlmFailureCode;
  /** Time to wait before a retry, when the endpoint names one. */
  readonly retryAfterMs: number | undefined;
  readonly status: number | undefined;
  /** The outcome of a whole answer that ended in a fault. */
  readonly outcome: StreamOutcome | undefined;
  /** The words of the endpoint, where the client may see them. */
  readonly upstream: UpstreamError | undefined;
  /** A limit or a fault of this side, which says nothing of the endpoint. */
  readonly isOurs: boolean;
  constructor(code: LlmFailureCode, message: string, more: LlmFailureMore = {}) {
    super(message, { cause: more.cause });
    this.code = code;
    this.retryAfterMs = more.retryAfterMs;
    this.status = more.status;
    this.outcome = more.outcome;
    this.upstream = more.upstream;
    this.isOurs = more.isOurs ?? false;
  }
}

/** The failure for a part of a call that a profile has no form for. `param`: the field that has it. */
export const unsupported = (what: string, param?: string): LlmFailure =>
  new LlmFailure('unsupported', `this endpoint has no form for ${what} in Trunkline`, {
    upstream: param === undefined ? undefined : { param },
  });
