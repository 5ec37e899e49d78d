// Calls by WebRTC and SIP, whose media never passes the gateway: the HTTP paths by which they are made and told what to do, and the sideband, a
// WebSocket beside a call, over which the gateway counts what it uses.

import type { JsonObject } from '../../../codecs/json/object.ts';
import type { Dialect } from './dialect.ts';

/** A body and its media type, as the header has it. */
export interface TypedBody {
  readonly type: string;
  readonly data: Buffer;
}

/** One path of a provider's calls. */
export interface CallEndpoint {
  readonly method: 'GET' | 'POST';
  /** A pattern, in which `{id}` stands for the id of a call. */
  readonly path: string;
  readonly family: CallFamily;
  /** Set where a call begins with the request, which then has to be admitted like a session; all else goes on to the provider as it came. */
  readonly start?: CallStart;
}

/** The calls of one protocol of a provider. */
export interface CallFamily {
  /** The vocabulary of the sideband. */
  readonly dialect: Dialect;
  /** Time for which a provider keeps what the id of a call stands for. */
  readonly keptMs: number;
  /** Returns the path of the sideband, with its query. */
  sideband(id: string): { readonly path: string; readonly rawQuery?: string };
  /** Returns the path whose POST ends a call. */
  hangUp(id: string): string;
}

export interface CallStart {
  /** Media types of the bodies that it takes, in lower case. */
  readonly types: readonly string[];
  /** Reads what a body asks for. `query`: that of the request. */
  read(body: TypedBody, query: URLSearchParams): RequestedCall | CallFault;
  /** Makes the event of the dialect that configures a session so: its rules are those of a call, too. */
  eventOf(session: JsonObject): JsonObject;
  /** Returns the id of the call in the answer of the provider; left out where the path has it. */
  idIn?(answer: CallAnswer): string | undefined;
}

/** The call that a body asks for. */
export interface RequestedCall {
  /** The configuration of the session. A model in it that is no text is a fault. */
  readonly session: JsonObject;
  /** A call out to a telephone costs more than the session, and is for no page to make. */
  readonly isOutbound: boolean;
  /** Writes the request to the provider with this configuration. */
  write(session: JsonObject): TypedBody;
}

/** A body that asks for no call. `expected` goes on behind `expected`; `field` '' is the whole. */
export interface CallFault {
  readonly field: string;
  readonly expected: string;
}

/** An answer of the provider of 200 or 201. `location`: the header. */
interface CallAnswer {
  readonly location: string | undefined;
  readonly body: Buffer;
}
