// Paths on which SDKs ask a provider for a credential of a browser, or for the URL of a socket. The gateway answers with a client secret of its own, in
// the provider's shapes, or in the provider's own answer where only that knows the rest.

import type { JsonObject } from '../../../codecs/json/object.ts';
import type { PathParameters } from '../../../codecs/text/path-pattern.ts';
import type { SoundRates } from './metering.ts';

/** A path that is asked by whoever has a key. */
export type Mint = AnsweredMint | RelayedMint;

interface MintPath {
  /** POST where it is left out. Of a GET the parameters of the query, all texts, are read in the place of a body. */
  readonly method?: 'GET' | 'POST';
  /** A pattern: `{name}` stands for one segment. */
  readonly path: string;
  /** A POST may have its fields as a form, too. */
  readonly takesForm?: true;
  /** The beginning by which SDKs know such a credential. */
  readonly prefix: 'ek_' | 'auth_tokens/';
  /** Name of the dialect that its sessions speak; left out where they may speak any of the provider's. */
  readonly dialect?: string;
  /** The field of a body that holds what is pinned; '' where that is in fields of the body itself. */
  readonly sessionField: string;
  /** Returns the name that the body has for a setting of what is pinned; left out where that is its path. */
  fieldOf?(setting: string): string;
  read(body: JsonObject, bounds: MintBounds, place: MintPlace): MintRequest | MintFault;
}

interface AnsweredMint extends MintPath {
  readonly relay?: undefined;
  /** The status of the answer; 200 where it is left out. */
  readonly status?: 201;
  /** Writes the body of the answer. */
  reply(minted: Minted): object;
}

/** A path that the provider has to answer, since its sessions are made there: it is asked with the credential of the account. */
export interface RelayedMint extends MintPath {
  readonly relay: {
    /** Parameters of the query that go on to the provider; no others do. */
    readonly parameters?: readonly string[];
    /** The field of the provider's answer that has the URL of the socket, and in its place gets one of the gateway's own. */
    readonly urlField: string;
    /** The path of that URL, and its parameter for the client secret. The socket is dialled at the provider's URL, with no other credential. */
    readonly path: string;
    readonly parameter: string;
  };
}

/** Parts of the URL of a request, beside its body. */
export interface MintPlace {
  readonly query: Readonly<Record<string, string>>;
  /** The segments that stand for the names of the path, as they are in it. */
  readonly parameters: PathParameters;
}

/** The bounds of every client secret. */
export interface MintBounds {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** The time to open a session where none is asked for, and the longest. */
  readonly openSeconds: number;
  readonly maxOpenSeconds: number;
  readonly maxUses: number;
}

/** The secret that a body asks for. Times are milliseconds since the epoch. */
export interface MintRequest {
  /** Time until which it opens sessions. */
  readonly expiresAt: number;
  readonly uses: number;
  /** Time at which its sessions end. */
  readonly endsAt?: number | undefined;
  /** The part of a session's configuration that is pinned; undefined: nothing is. */
  readonly session?: JsonObject | undefined;
  /** The part of the body that is for the gateway alone, unread. */
  readonly own?: unknown;
  /** The one model or agent that its sessions run on. */
  readonly model?: string | undefined;
  /** Name of the dialect that its sessions speak, where the request says so and not the path. */
  readonly dialect?: string;
  /** Rates of the sound of its sessions, which their handshakes do not name. */
  readonly sound?: SoundRates | undefined;
}

/** `expected` goes on behind `expected`. */
export interface MintFault {
  readonly field: string;
  readonly expected: string;
}

/** A secret that was made. */
export interface Minted {
  readonly id: string;
  readonly value: string;
  /** Milliseconds since the epoch, as `now` is: the time of the answer. */
  readonly expiresAt: number;
  readonly now: number;
  readonly session: JsonObject | undefined;
  /** The body, or the query, that asked for it. */
  readonly body: JsonObject;
  /** The URL by which the client reaches sockets of this account, such as `wss://gateway.example.com`, without a slash at its end. */
  readonly baseUrl: string;
}

/** The member of a body for the gateway alone. */
const OWN_MEMBER = 'trunkline';

/** Returns the fault of the first field that the provider does not know. */
export function unknownField(body: JsonObject, known: readonly string[]): MintFault | undefined {
  const name = Object.keys(body).find((field) => field !== OWN_MEMBER && !known.includes(field));
  return name === undefined
    ? undefined
    : { field: name, expected: `${[...known, OWN_MEMBER].join(', ')} and nothing else` };
}
