// The contract between the gateway and what it knows of a provider. Adapters are pure: no sockets, no timers, no fetch.

import type { IncomingHttpHeaders } from 'node:http';
import type { z } from 'zod';
import type { Direction, Frame, OutFrame } from '../../codecs/frame.ts';

/** What a client asked for in its HTTP upgrade. `path` has its leading slashes collapsed and no query. */
export interface Handshake {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** The offered subprotocols, in order. */
  readonly protocols: readonly string[];
}

/** Everything the gateway needs to know about one provider. */
export interface Provider {
  readonly name: string;
  /** Environment variables that hold the provider's credential, first match wins. */
  readonly environment: readonly string[];
  /** `wss:` origin that is dialled when the configuration names none. */
  readonly baseUrl: string;
  readonly endpoints: readonly ServedEndpoint[];
  /** HTTP endpoints under the same base URL that SDKs know and this gateway does not serve: answered with 501. */
  readonly notServed: readonly NotServed[];
  /** Settings of an account beyond its base URL and its credential, by name. */
  readonly settings?: SettingsSchema;
  readonly billing: Billing;
  /** Whether a connection may be opened ahead of the session that will use it; false where idle ones are counted or forbidden. */
  readonly preconnect: boolean;
  /** Where a client's credential can be in the handshake. */
  readonly credentials: CredentialPlaces;
  /** Subprotocols that a client is answered with when it offers them; never one that carries a credential. */
  readonly subprotocols: readonly string[];
  /** An error before the 101, in the shape that the provider's SDKs understand. */
  httpError(refusal: Refusal): HttpReply;
}

/**
 * Places of a credential in a handshake. All names are in lower case, each list is in order of precedence, and every parameter is
 * left out of what goes upstream: signatures and tokens of signed URLs belong there too.
 */
export interface CredentialPlaces {
  /** Headers with the credential as their value; `authorization` has it behind `Bearer` or `Token`. */
  readonly headers: readonly string[];
  /** Subprotocols that announce the credential as the next one: `token, KEY`. */
  readonly subprotocolPairs: readonly string[];
  /** Beginnings of subprotocols that end with the credential: `bearer.KEY`. */
  readonly subprotocolPrefixes: readonly string[];
  readonly parameters: readonly string[];
}

/** Each setting with its own check; all are texts that may be left out. `.describe()` says what it means. */
export type SettingsSchema = Readonly<Record<string, z.ZodOptional<z.ZodString>>>;

/**
 * What a session costs. `reported-usage`: by what the provider reports in its events. `connected-time`: by the seconds from the 101
 * on, which the gateway counts. A provider that bills by audio time needs a count of audio that nothing has yet.
 */
export interface Billing {
  readonly by: 'reported-usage' | 'connected-time';
  /** The provider's name in the price list that the gateway ships; without one only configured prices count. */
  readonly priceListName?: string;
}

/** The account at the provider that a session is dialled with. */
export interface Account {
  readonly baseUrl: string;
  readonly credential: string;
  /** The provider's own settings, as far as they are configured. */
  readonly settings: Readonly<Record<string, string | undefined>>;
}

/** What a provider is dialled with. `kind` leaves room for transports other than WebSocket. */
export interface Upstream {
  readonly kind: 'websocket';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly subprotocols: readonly string[];
}

/** One path of a provider. */
export interface ServedEndpoint {
  /** A pattern: `{name}` stands for one segment. */
  readonly path: string;
  readonly dialect: Dialect;
  /** The host of this path, where it is not the provider's `baseUrl`. A configured base URL is dialled for all paths. */
  readonly baseUrl?: string;
  /** The resource that the handshake asks for; `in-frames` where frames name it, `unknown` where nothing does. */
  resource(handshake: Handshake): Resource | 'in-frames' | 'unknown';
  /** A reason not to serve this handshake at all (a dead dialect, a missing parameter). */
  reject?(handshake: Handshake): Refusal | undefined;
  /** Why a session that this handshake opens takes no context, where its dialect has a form for one. */
  rejectContext?(handshake: Handshake): string | undefined;
  /** Where and how to dial the provider for this client. */
  upstream(handshake: Handshake, account: Account): Upstream;
}

/** What a session runs on. `keys[].models` is matched against `provider/name`, whatever the kind. */
export interface Resource {
  readonly kind: 'model' | 'agent' | 'deployment';
  readonly name: string;
}

/** An HTTP endpoint that is answered with 501; `{name}` in its path stands for one segment. */
export interface NotServed {
  readonly method: string;
  readonly path: string;
  /** Content types of the request, where they are not JSON. */
  readonly bodies?: readonly string[];
}

/** An event vocabulary. */
export interface Dialect {
  readonly name: string;
  readonly capabilities: Capabilities;
  /**
   * Which models a client frame names, or why it must not pass; undefined when it names none. The name is empty where a
   * frame starts something with a model that it leaves open: only `provider/*` allows that.
   * Called only for keys with a model list, before the frame goes upstream.
   */
  modelsIn(frame: Frame): readonly string[] | Rejection | undefined;
  /** Called after a frame was sent. Must be cheap for audio. */
  observe(frame: Frame, direction: Direction): Observation | undefined;
  /**
   * The event that tells a client that its frame was rejected; undefined where the dialect has only close codes.
   * The client's own id of the event is quoted from `rejection`, else read from the frame.
   */
  errorEvent(rejection: Rejection, frame?: Frame): OutFrame | undefined;
  /** How a session is told what an earlier one was about; undefined: the dialect has no place for that. */
  readonly context?: ContextForm;
}

/** How dialects differ. The conformance suite holds each one to what it declares; `TurnBoundary` reads `interruption`. */
export interface Capabilities {
  /** How the audio of a reply comes: as base64 in an event, or as a binary message. */
  readonly audio: 'base64' | 'binary';
  /** Whether an event tells that a turn has ended; `never`: the session has no turns. */
  readonly turnEnd: 'event' | 'never';
  /** How the user's speech cuts a reply off: by an event that says so, or by every `speech-started` in a reply. */
  readonly interruption: 'event' | 'speech-started';
  /** How the provider reports usage: what each turn took, or the sum so far. */
  readonly usage: 'per-turn' | 'cumulative' | 'never';
  /** Who sends the first message. */
  readonly speaksFirst: 'client' | 'provider';
}

/** How a text becomes part of what the model knows, without a reply to it. */
export type ContextForm =
  | {
      /** An event of the gateway's own. `open`: it may be the first of all; `first-answer`: it comes behind the provider's answer to the client's first message. */
      readonly kind: 'event';
      readonly after: 'open' | 'first-answer';
      event(text: string): OutFrame;
    }
  | {
      /** The client's own first message with the text in it; a rejection where that message cannot take it. */
      readonly kind: 'in-first-message';
      merge(first: Frame, text: string): OutFrame | Rejection;
    };

/**
 * Why a client frame was not passed on. `eventId`: the client's own id of the event, where the dialect has one.
 * `unreadable_event`: too deep or too large to be checked, or not JSON though it names a model. `context_not_taken`: the first
 * message has no place for the context that the session was opened with.
 */
export interface Rejection {
  readonly code: 'model_not_allowed' | 'duplicate_key' | 'unreadable_event' | 'context_not_taken';
  readonly message: string;
  readonly eventId?: string | undefined;
}

/** What the tap learns from one frame. */
export interface Observation {
  readonly type: string;
  readonly mark?: Mark;
  readonly usage?: Usage;
  /** The model that the provider says it serves; where it never does, the one that the client asked for in a frame. */
  readonly model?: string;
  /** What was said, as far as this frame tells; whoever keeps it bounds it. The frame may be parsed for it alone, and only when it is asked for. */
  readonly utterances?: readonly Utterance[];
  /** The item of something that the user said aloud: its text is still to come, and belongs to this turn. */
  readonly pendingTranscriptOf?: string;
  /** This session never says where a turn ends. */
  readonly isContinuous?: true;
}

/** Something that one side said. */
export interface Utterance {
  readonly role: 'user' | 'assistant';
  readonly text: string;
  /** It continues what the same side said before; else it is a whole utterance. */
  readonly isPartial?: true;
  /** The item whose text it is, where it was `heard` before. */
  readonly item?: string;
}

/** A moment in a turn. `request`: the client asked for a reply; `audio` and `text`: a piece of the reply. */
export type Mark = 'request' | 'speech-started' | 'speech-stopped' | 'audio' | 'text' | 'interrupted' | 'turn-done';

/** Tokens (or seconds) that the provider reports. Reports add up, except a `cumulative` one, which replaces the last. */
export interface Usage {
  readonly cumulative?: boolean;
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  readonly totalTokens?: number;
  readonly inputTextTokens?: number;
  readonly inputAudioTokens?: number;
  readonly inputImageTokens?: number;
  readonly cachedTokens?: number;
  readonly outputTextTokens?: number;
  readonly outputAudioTokens?: number;
  readonly seconds?: number;
}

/** A refusal before the 101. `message` says what was wrong and what was expected. */
export interface Refusal {
  readonly status: number;
  readonly code: RefusalCode;
  readonly message: string;
  readonly retryAfterS?: number;
  /** Where the code is explained. It goes where the provider's shape has room for more than its SDKs read. */
  readonly help?: string;
  /** What went wrong beneath, as a short code for the log. */
  readonly cause?: string;
}

/** Why a request was refused; clients, logs and metrics see these words. */
export type RefusalCode =
  | 'invalid_request'
  | 'invalid_key'
  | 'model_not_allowed'
  | 'policy_refused'
  | 'unknown_class'
  | 'class_not_allowed'
  | 'origin_not_allowed'
  | 'host_not_allowed'
  | 'unknown_path'
  | 'unknown_session'
  | 'duplicate_session'
  | 'beta_api_shape_disabled'
  | 'too_many_sessions'
  | 'too_many_connections'
  | 'not_implemented'
  | 'unsupported_media_type'
  | 'upstream_refused'
  | 'upstream_unreachable'
  | 'upstream_timeout'
  | 'provider_not_configured'
  | 'body_too_large'
  | 'body_timeout'
  | 'side_unavailable'
  | 'draining';

/** A whole HTTP answer; the length is added by who sends it. */
export interface HttpReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}
