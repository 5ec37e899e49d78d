// The part of the contract that is about going on with a session at another socket of its provider: what is kept of it as it goes, and what the
// other socket is told.

import type { JsonObject } from '../../../codecs/json/object.ts';
import type { Frame, OutFrame } from '../../../codecs/websocket/frame.ts';

/** The way of a dialect. */
export interface Resumption {
  /** Follows a session from its first message on. */
  follow(options: FollowOptions): FollowedSession;
}

export interface FollowOptions {
  /** Messages of the gateway's own that each socket is sent first, such as pinned settings. */
  readonly first: readonly OutFrame[];
  /** The end of a reply that a socket took with it: it is told as incomplete, and asked for once more where that is wanted. */
  readonly cutReply: 'incomplete' | 'again';
  /** Bytes in a second of the client's sound, as the handshake says; undefined where it does not, 0 for sound without a rate. */
  readonly soundIn?: number | undefined;
  /** The text of an earlier session that this one was told at its beginning; undefined or empty where there is none. */
  readonly context?: string | undefined;
  /** See `FollowedSession.saved`: of a session that another process has followed before, which moves to its first socket here. */
  readonly saved?: JsonObject | undefined;
}

/**
 * What is kept of one session. It is given every message, whole and in order; `data` is valid during the call. What is kept is bounded.
 */
export interface FollowedSession {
  /** Reads a message that goes upstream. Returns what goes in its place; undefined: it goes as it is. */
  fromClient(frame: Frame): OutFrame | undefined;
  /** Reads a message of the provider. Returns what the client gets in its place, or `nothing`; undefined: it gets the message. */
  fromProvider(frame: Frame): OutFrame | 'nothing' | undefined;
  /** The provider's own id of its session at the socket that there is now; undefined where it has said none. */
  readonly providerSession: string | undefined;
  /**
   * Parameters that the handshake of another socket has beside those of the client, or in their place: by them the provider knows what was said until then.
   * Undefined: it is told that.
   */
  readonly query?: Readonly<Record<string, string>> | undefined;
  /** Set once the session can go on elsewhere. */
  readonly isEstablished: boolean;
  /** Tells that nobody speaks, and nothing was asked for that has yet to be answered. */
  readonly isBetweenTurns: boolean;
  /** Time at which the provider ends the socket, as far as it has said from the start (ms since the epoch). */
  readonly endsAt: number | undefined;
  /** Set once it has said that it is about to. */
  readonly isLeaving: boolean;
  /** Tells whether the session goes on after this close of the provider; 1006: the socket was lost. `reason`: the provider's words, else empty. */
  goesOnAfter(code: number, reason: string): boolean;
  /** Turns to another socket, which has said nothing yet. `at`: the end of the one before (monotonic ms). */
  move(at: number): Move;
  /** Set while messages of the client have to wait for an answer of the new socket. */
  readonly isOpening: boolean;
  /** Returns, once, the messages for a socket that has answered. */
  opened(): readonly OutFrame[];
  /** All that another process needs to follow it on from between two turns, as JSON. Left out where sessions stay where they are. */
  readonly saved?: JsonObject;
}

export interface Move {
  /** Messages for the new socket, ahead of all that the client says. */
  readonly toProvider: readonly OutFrame[];
  /** Messages for the client, such as the end of a reply that was cut. */
  readonly toClient: readonly OutFrame[];
}

/** Requests that are kept until they are answered, and their bytes: the oldest go first, the newest always stays. */
const [MAX_UNANSWERED, MAX_UNANSWERED_BYTES] = [32, 4 * 1024 * 1024];

/** Adds a request to those that have yet to be answered. */
export function withUnanswered<Request extends { readonly frame: OutFrame }>(
  kept: readonly Request[],
  request: Request,
): Request[] {
  const all = [...kept, request].slice(-MAX_UNANSWERED);
  let bytes = all.reduce((sum, { frame }) => sum + frame.data.length, 0);
  while (all.length > 1 && bytes > MAX_UNANSWERED_BYTES) bytes -= all.shift()?.frame.data.length ?? bytes;
  return all;
}

const OF_THE_SESSION: ReadonlySet<number> = new Set([1002, 1003, 1007, 1008, 1009, 1010]);

/** Tells the closes that another socket would end in as well: faults in what was sent (RFC 6455, section 7.4.1), and for codes of a provider's own making. */
export const isFinalClose = (code: number): boolean => code >= 3000 || OF_THE_SESSION.has(code);
