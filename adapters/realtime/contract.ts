// The contract between the gateway and what it knows of a provider. Adapters are pure: no sockets, no timers, no fetch.

import type { IncomingHttpHeaders } from 'node:http';
import type { Frame } from '../../codecs/websocket/frame.ts';
import type { CallEndpoint } from './contract/calls.ts';
import type { Dialect, NamedId, Rejection } from './contract/dialect.ts';
import type { FirstFrame, FirstFrameForm } from './contract/first-frame.ts';
import type { Billing, SoundRates } from './contract/metering.ts';
import type { Mint } from './contract/mint.ts';
import type { Resource } from './contract/resource.ts';
import type { CredentialPlaces, HeaderSwitch } from './handshake/places.ts';
import type { HttpReply, Refusal } from './refusal.ts';

export type { Resource } from './contract/resource.ts';

/** The HTTP upgrade request of a client. `path` has its leading slashes collapsed and no query. */
export interface Handshake {
  readonly path: string;
  /** The query as it came, without its `?`; undefined where there is none. It goes upstream in these bytes. */
  readonly rawQuery: string | undefined;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** The offered subprotocols, in order. */
  readonly protocols: readonly string[];
  /** The facts of the client's first message, where that was read before a provider is dialled: see `ServedEndpoint.firstFrame`. */
  readonly firstFrame?: FirstFrame | undefined;
}

/** All that the gateway needs to know about one provider. */
export interface Provider {
  /** The name of the kind, or that of the account which is configured for one. */
  readonly name: string;
  /** Environment variables that hold the provider's credential, first match wins. */
  readonly environment: readonly string[];
  /**
   * `wss:` URL that is dialled when the configuration names none: paths are appended to it, and `{name}` in it stands for a setting. undefined:
   * everybody has a host of their own.
   */
  readonly baseUrl: string | undefined;
  /** The place of the credential upstream, unless the configuration names another. */
  readonly auth: AuthForm | ((credential: string) => AuthForm);
  /**
   * The scope of the OAuth tokens that are asked for with a key in a file, and the place that gives them, where the file names none. Left out where it has no
   * accounts with such keys.
   */
  readonly tokenGrant?: { readonly scope: string; readonly uri: string };
  readonly endpoints: readonly ServedEndpoint[];
  /** Returns the form in which messages name a model upstream, of the one that lists have; left out where both are the same. */
  modelUpstream?(name: string, settings: Account['settings']): string;
  /** Returns the form that lists have, of one in messages; left out where both are the same. */
  modelInLists?(name: string): string;
  /** HTTP endpoints under the same base URL that SDKs know and this gateway does not serve: answered with 501. */
  readonly notServed: readonly NotServed[];
  /** Paths on which SDKs ask for a credential of a browser; left out where there are none. */
  readonly mints?: readonly Mint[];
  /** HTTP paths of calls whose media never passes the gateway; left out where there are none. */
  readonly calls?: readonly CallEndpoint[];
  /** The request that costs nothing: `config check --online` asks it. */
  readonly free: FreeRequest;
  /** Settings of an account beyond its base URL and its credential: their names, each with its meaning. All are texts that may be left out. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Headers that every connection has, by their names in lower case, unless the client or the account has them otherwise. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Headers that hold settings upstream: names in lower case, by those of the settings. */
  readonly settingHeaders?: Readonly<Record<string, string>>;
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
  /** The parts that differ for an account whose clients speak another vocabulary, by the name of that; left out where there is one alone. */
  readonly clients?: Readonly<Record<string, Partial<Pick<Provider, 'endpoints' | 'mints'>>>>;
  /** Writes an error before the 101, in the shape that the provider's SDKs understand. */
  httpError(refusal: Refusal): HttpReply;
}

/** A GET with the credential. */
interface FreeRequest {
  readonly path: string;
  /** Statuses that say that the credential is wrong. */
  readonly refusals: readonly number[];
  /** The host of this path, where it is not the provider's `baseUrl`. A configured one goes first. */
  readonly baseUrl?: string;
  /** The place of the credential, where it is not that of sessions. */
  readonly auth?: AuthForm;
}

/**
 * The place of a credential upstream: `Authorization` with the scheme Bearer, Token or Basic (of which the credential is the base64 already),
 * or with the credential alone (`raw`); a header, a parameter of the query, or the client's first message.
 */
export type AuthForm = 'bearer' | 'token' | 'basic' | 'raw' | 'first-frame' | `header:${string}` | `query:${string}`;

/** The account at the provider that a session is dialled with. What is left out is as the provider has it. */
export interface Account {
  readonly baseUrl?: string | undefined;
  readonly credential: string;
  /** The provider's own settings, as far as they are configured. */
  readonly settings: Readonly<Record<string, string | undefined>>;
  readonly auth?: AuthForm | undefined;
  /** The path that is dialled in the place of the provider's own. */
  readonly path?: string | undefined;
  /** Headers that every connection has, by their names in lower case. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** The connection to dial. `kind` leaves room for transports other than WebSocket. */
export interface Upstream {
  readonly kind: 'websocket';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly subprotocols: readonly string[];
  /** The credential that goes upstream in messages of the client. */
  readonly inFirstFrame?: string;
}

/** One path of a provider. */
export interface ServedEndpoint {
  /** A pattern: `{name}` stands for one segment. */
  readonly path: string;
  readonly dialect: Dialect;
  /** The setting without which an account does not serve it; left out: every account does. */
  readonly needsSetting?: string;
  /** The bases of its sessions, where they are not the provider's. */
  readonly billedBy?: Billing['by'];
  /** The host of this path, where it is not the provider's `baseUrl`. A configured base URL is dialled for all paths. */
  readonly baseUrl?: string;
  /** The place of the credential on this path, where it is not that of the provider's `auth`. */
  readonly auth?: Provider['auth'];
  /**
   * Tells whether it serves this handshake, where several endpoints of a provider have one path: the first that does is taken. Left out: it serves all.
   * The name of an account may still stand before the model.
   */
  serves?(handshake: Handshake): boolean;
  /** Set where a path that is configured does not stand in its place. */
  readonly keepsPath?: true;
  /** Returns the path to dial, where it is another than the client asked for. */
  upstreamPath?(path: string, credential: string): string;
  /**
   * Returns what the handshake asks for, or the first message where that was read, all of which a key must be allowed; a session is known by the first.
   * None: frames name it.
   * `unknown`: nothing does.
   */
  resources(handshake: Handshake): readonly Resource[] | 'unknown';
  /** The parameter of the query that names what a session runs on; left out where none does. */
  readonly namedIn?: string;
  /** Tells whether that parameter has to have the name upstream which the first message has, where it was read. Left out: never. */
  namesInQuery?(handshake: Handshake): boolean;
  /** Other parameters that decide on the model or the price. A query that has one of them more than once, or `namedIn`, is refused. */
  readonly once?: readonly string[];
  /** The form of messages that hold a credential; left out where the handshake has it. */
  readonly firstFrame?: FirstFrameForm;
  /** Returns the reason not to serve this handshake at all (a dead dialect, a missing parameter); undefined when there is none. */
  reject?(handshake: Handshake): Refusal | undefined;
  /** Switches of the client that the gateway answers itself: they are taken, and do not go upstream. */
  readonly ownSwitches?: readonly HeaderSwitch[];
  /** Returns the ids in the handshake that the provider handed out before: see `Dialect.ids`. */
  idsIn?(handshake: Handshake): readonly NamedId[];
  /**
   * The longest that a session lasts at the provider, in seconds, as far as is known: a comment where it is declared says how sure that is. Left out: it
   * is not known, or the client or the account decides.
   */
  readonly maxSeconds?: number | undefined;
  /** Returns the rates of the sound that the handshake names: see `Dialect.sound`. */
  soundIn?(handshake: Handshake): SoundRates | undefined;
  /** Returns the ids of calls and sessions that the handshake joins or copies: what is said in them may be anybody's. */
  joinedIn?(handshake: Handshake): readonly NamedId[];
  /**
   * Makes what decides on messages of a client in sessions of an account with these settings: undefined lets one pass, `last` that one and all behind it.
   * Left out where no message names what a setting does.
   */
  accountRule?(settings: Account['settings']): ((frame: Frame) => Rejection | 'last' | undefined) | undefined;
  /** Returns the reason that a session of this handshake takes no context, where its dialect has a form for one. */
  rejectContext?(handshake: Handshake): string | undefined;
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
