// The contract between the gateway and what it knows of a provider. Adapters are pure: no sockets, no timers, no fetch.

import type { IncomingHttpHeaders } from 'node:http';
import type { z } from 'zod';
import type { DecisiveBytes } from '../../codecs/websocket/alike-messages.ts';
import type { Direction, Frame, OutFrame } from '../../codecs/websocket/frame.ts';
import type { CredentialPlaces, HeaderSwitch } from './handshake/places.ts';
import type { LastUsage, Sound } from './contract/metering.ts';
import type { Mint } from './contract/mint.ts';
import type { DialectPins } from './contract/pins.ts';
import type { HttpReply, Refusal } from './refusal.ts';

export type { Mint, Minted, MintFault, MintRequest } from './contract/mint.ts';

/** The HTTP upgrade request of a client. `path` has its leading slashes collapsed and no query. */
export interface Handshake {
  readonly path: string;
  /** The query as it came, without its `?`; undefined where there is none. It goes upstream in these bytes. */
  readonly rawQuery: string | undefined;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** The offered subprotocols, in order. */
  readonly protocols: readonly string[];
}

/** All that the gateway needs to know about one provider. */
export interface Provider {
  readonly name: string;
  /** Environment variables that hold the provider's credential, first match wins. */
  readonly environment: readonly string[];
  /** `wss:` origin that is dialled when the configuration names none. */
  readonly baseUrl: string;
  readonly endpoints: readonly ServedEndpoint[];
  /** HTTP endpoints under the same base URL that SDKs know and this gateway does not serve: answered with 501. */
  readonly notServed: readonly NotServed[];
  /** Paths on which SDKs ask for a credential of a browser; left out where there are none. */
  readonly mints?: readonly Mint[];
  /** A path under the same base URL whose GET costs nothing, and the statuses that say that the credential is wrong: `config check --online` asks it. */
  readonly free: { readonly path: string; readonly refusals: readonly number[] };
  /** Settings of an account beyond its base URL and its credential, by name. */
  readonly settings?: SettingsSchema;
  readonly billing: Billing;
  /** Allows connections to be opened ahead of the sessions that will use them; false where idle ones are counted or forbidden. */
  readonly preconnect: boolean;
  /** Places where a client's credential can be in the handshake. */
  readonly credentials: CredentialPlaces;
  /** The subprotocol that a client is told to offer when it offers nothing but credentials, which are never answered. */
  readonly subprotocol: string;
  /** Names, in lower case, of the client's headers that go upstream; no others do. */
  readonly forwardedHeaders: readonly string[];
  /**
   * Those of them by which a client switches features of the provider on. A value that is not listed is refused, since a client whose
   * switch is dropped would take it for granted.
   */
  readonly switches: readonly HeaderSwitch[];
  /** Writes an error before the 101, in the shape that the provider's SDKs understand. */
  httpError(refusal: Refusal): HttpReply;
}

/** The check of each setting; all are texts that may be left out. `.describe()` gives its meaning. */
type SettingsSchema = Readonly<Record<string, z.ZodOptional<z.ZodString>>>;

/**
 * The base of a session's cost. `reported-usage`: what the provider reports in its events. `connected-time`: the seconds from the 101
 * on, which the gateway counts. A provider that bills by audio time needs a count of audio that the gateway does not have yet.
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

/** The connection to dial. `kind` leaves room for transports other than WebSocket. */
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
  /**
   * Returns what the handshake asks for, all of which a key must be allowed; a session is known by the first. None: frames name it.
   * `unknown`: nothing does.
   */
  resources(handshake: Handshake): readonly Resource[] | 'unknown';
  /** Returns the reason not to serve this handshake at all (a dead dialect, a missing parameter); undefined when there is none. */
  reject?(handshake: Handshake): Refusal | undefined;
  /** Returns the ids in the handshake that the provider handed out before: see `Dialect.ids`. */
  idsIn?(handshake: Handshake): readonly NamedId[];
  /** Tells whether the handshake joins a call that was made elsewhere: what is said in it may be anybody's. */
  joinsCall?(handshake: Handshake): boolean;
  /** Returns the reason that a session of this handshake takes no context, where its dialect has a form for one. */
  rejectContext?(handshake: Handshake): string | undefined;
  /** Returns how to dial the provider for this client. */
  upstream(handshake: Handshake, account: Account): Upstream;
}

/** The thing that a session runs on. `keys[].models` is matched against `provider/name`, whatever the kind. */
export interface Resource {
  readonly kind: 'model' | 'agent' | 'deployment';
  readonly name: string;
}

/** An HTTP endpoint that is answered with 501, for any method where none is given; `{name}` and `{name...}` in its path: see `pathPattern`. */
export interface NotServed {
  readonly method?: string;
  readonly path: string;
  /** True where SDKs send something else than JSON. */
  readonly takesAnyBody?: boolean;
  /** The thing to use in its place, as a sentence goes on; sessions where it is left out. */
  readonly instead?: string;
}

/** An event vocabulary. */
export interface Dialect {
  readonly name: string;
  readonly capabilities: Capabilities;
  /** The most tokens that one report of usage can hold: what the largest model reads and writes for it. */
  readonly mostTokens: { readonly input: number; readonly output: number };
  /**
   * Returns the names of the models in a client frame; undefined when the frame names none; a Rejection when the frame must not go
   * upstream. An empty name stands for a model that the frame leaves to the provider: only the pattern `provider/*` allows it. Models
   * of another maker count as the provider's own when the provider runs them. The gateway calls this before a frame goes upstream,
   * and only for keys with a model list.
   */
  modelsIn(frame: Frame): readonly string[] | Rejection | undefined;
  /** Reads a frame after it was sent. Must be cheap for audio. */
  observe(frame: Frame, direction: Direction): Observation | undefined;
  /**
   * Returns the event that tells a client that its frame was rejected; undefined where the dialect has only close codes.
   * The client's own id of the event is quoted from `rejection`, else read from the frame.
   */
  errorEvent(rejection: Rejection, frame?: Frame): OutFrame | undefined;
  /** The way in which a session that the gateway ends is billed to its end; undefined: what is used is never reported. */
  readonly lastUsage?: LastUsage;
  /** The tokens that audio comes to; undefined where no session is billed by them. */
  readonly sound?: Readonly<Record<Direction, Sound>>;
  /** The ids by which a client can reach what was said in other sessions; undefined: the dialect has none. */
  readonly ids?: DialectIds;
  /** The form in which a session is told what an earlier one was about; undefined: the dialect has no place for that. */
  readonly context?: ContextForm;
  /** The settings of a session that a client secret can pin; undefined: nothing can be pinned. */
  readonly pins?: DialectPins;
}

/** Ids by which whoever has one reaches what was said under it, so that keys of one account must not have each other's: see `Observation.handedOut`. */
interface DialectIds {
  /** Time for which a provider keeps what an id stands for. */
  readonly keptMs: number;
  /** Returns the ids in a client frame, before it goes upstream; undefined: it has none. Left out where no frame can have one. */
  inFrame?(frame: Frame): FrameIds | Rejection | undefined;
  /** A frame with an id of somebody else is answered with the error event, and the session goes on; else the session ends. */
  readonly goesOn?: boolean;
}

export interface FrameIds {
  readonly ids: readonly NamedId[];
  /** True when no frame after this one can have any. */
  readonly isLast?: boolean;
}

/** An id, and the name of the field that it is in. */
export interface NamedId {
  readonly field: string;
  readonly id: string;
}

/** The differences of dialects. The conformance suite holds each one to what it declares; `TurnBoundary` reads `interruption`. */
export interface Capabilities {
  /** The form of a reply's audio: base64 in an event, or a binary message. */
  readonly audio: 'base64' | 'binary';
  /** The sign that a turn has ended; `never`: the session has no turns. */
  readonly turnEnd: 'event' | 'never';
  /** The sign that the user cut a reply off: an event of its own, or every `speech-started` within a reply. */
  readonly interruption: 'event' | 'speech-started';
  /** The reports of usage: what each turn took, or the sum so far. */
  readonly usage: 'per-turn' | 'cumulative' | 'never';
  /** The end that sends the first message. */
  readonly speaksFirst: 'client' | 'provider';
}

/** The way in which a text becomes part of what the model knows, without a reply to it. */
export type ContextForm =
  | {
      /** An event of the gateway's own: the first of all, or right behind the provider's answer to the client's first message. */
      readonly kind: 'event';
      readonly after: 'open' | 'first-answer';
      event(text: string): OutFrame;
    }
  | {
      /** The client's own first message gets the text; a message that cannot take it is rejected. */
      readonly kind: 'in-first-message';
      merge(first: Frame, text: string): OutFrame | Rejection;
    };

/**
 * The reason that a client frame was not passed on, or that the gateway ends a session (`ended_by_operator`, `session_limit`, `budget_reached`). `eventId`: the client's own id of the event, where the dialect has one.
 * `unreadable_event`: too deep or too large to be checked, or not JSON though it names a model. `context_not_taken`: the first
 * message has no place for the context that the session was opened with. `id_not_issued`: it refers to what another key was given, or nobody;
 * `side_unavailable`: that cannot be found out now. `pinned`: it would change what the client secret pins; `pins_not_taken`: the provider
 * did not take that.
 */
export interface Rejection {
  readonly code:
    | 'model_not_allowed'
    | 'duplicate_key'
    | 'unreadable_event'
    | 'context_not_taken'
    | 'id_not_issued'
    | 'key_revoked'
    | 'side_unavailable'
    | 'pinned'
    | 'pins_not_taken'
    | 'ended_by_operator'
    | 'session_limit'
    | 'budget_reached';
  readonly message: string;
  /** The field of the event that is at fault. */
  readonly field?: string;
  readonly eventId?: string | undefined;
}

/** The facts that the tap learns from one frame. */
export interface Observation {
  readonly type: string;
  /** Returns the bytes that decide: messages which have the same ones are observed alike. Left out where more decides. */
  readonly decides?: (data: Buffer) => DecisiveBytes | undefined;
  readonly mark?: Mark;
  readonly usage?: Usage;
  /** The maker of this usage, where it is not the model that serves: one that the event names, or the one that transcribes the user. */
  readonly usageOf?: { readonly model: string } | 'transcription' | undefined;
  /** The model that transcribes what the user says, where the session names it. */
  readonly transcriptionModel?: string | undefined;
  /** The model that the provider says it serves; where it never does, that of a client's frame. */
  readonly model?: string;
  /** Bytes of a second of audio, where the session names its format. */
  readonly soundBytesPerSecond?: Partial<Readonly<Record<Direction, number>>> | undefined;
  /** The words that this frame tells of, unbounded. Reading them may take a parse of the frame. */
  readonly utterances?: readonly Utterance[];
  /** The item of something that the user said aloud, whose text is still to come and belongs to this turn. */
  readonly pendingTranscriptOf?: string;
  /** Ids that the provider hands out in this frame: see `Dialect.ids`. */
  readonly handedOut?: readonly string[] | undefined;
  /** Set where the session never says where a turn ends. */
  readonly isContinuous?: true;
}

/** Something that one side said. */
export interface Utterance {
  readonly role: 'user' | 'assistant';
  readonly text: string;
  /** Set where it continues what the same side said before; else it is a whole utterance. */
  readonly isPartial?: true;
  /** The item whose text it is, where that was announced by `pendingTranscriptOf`. */
  readonly item?: string;
}

/** A moment in a turn. `request`: the client asked for a reply; `audio` and `text`: a piece of the reply. */
export type Mark = 'request' | 'speech-started' | 'speech-stopped' | 'audio' | 'text' | 'interrupted' | 'turn-done';

/** Tokens (or seconds) that the provider reports. Reports add up, except a `cumulative` one, which replaces the last. `isFaulty`: see `soundUsage`. */
export interface Usage {
  readonly cumulative?: boolean;
  readonly isFaulty?: true;
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  readonly totalTokens?: number;
  readonly inputTextTokens?: number;
  readonly inputAudioTokens?: number;
  readonly inputImageTokens?: number;
  /** The part of the input that came from the provider's cache, and of it what was no text. */
  readonly cachedTokens?: number;
  readonly cachedAudioTokens?: number;
  readonly cachedImageTokens?: number;
  /** The part of the input that was written into the provider's cache, and of it what stays there for an hour. */
  readonly cacheWriteTokens?: number;
  readonly cacheWriteHourTokens?: number;
  readonly outputTextTokens?: number;
  readonly outputAudioTokens?: number;
  readonly outputImageTokens?: number;
  /** Searches of the web that are billed beside the tokens. */
  readonly webSearches?: number;
  readonly seconds?: number;
}
