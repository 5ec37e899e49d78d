// The part of the contract that is about an event vocabulary: what the gateway reads in messages, and what it writes in them.

import type { Direction, Frame, OutFrame } from '../../../codecs/websocket/frame.ts';
import type { LastUsage, Sound } from './metering.ts';
import type { FirstName, Renaming } from './names.ts';
import type { Observation } from './observation.ts';
import type { DialectPins } from './pins.ts';
import type { Resumption } from './resumption.ts';
import type { Translation } from './translation.ts';

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
   * and only for keys with a model list, and in sessions that are billed by texts: a message that parsers may read differently is rejected in both.
   */
  modelsIn(frame: Frame): readonly string[] | Rejection | undefined;
  /** Returns the frame with another name where it has this one for a model; undefined: it has it nowhere. Left out where no frame names a model. */
  renamed?(frame: Frame, names: Renaming): OutFrame | undefined;
  /** Set where the first message of a client names what the session runs on. */
  readonly firstName?: FirstName;
  /** Reads a frame after it was sent. Must be cheap for audio. */
  observe(frame: Frame, direction: Direction): Observation | undefined;
  /**
   * Returns the event that tells a client that its frame was rejected; undefined where the dialect has only close codes.
   * The client's own id of the event is quoted from `rejection`, else read from the frame.
   */
  errorEvent(rejection: Rejection, frame?: Frame): OutFrame | undefined;
  /** Returns the event by which a provider says that it ends the socket in so many ms; left out where the dialect has none. */
  leavingEvent?(leftMs: number): OutFrame;
  /** The way in which a session that the gateway ends is billed to its end; undefined: what is used is never reported. */
  readonly lastUsage?: LastUsage;
  /** The measures of sound, in the format that sessions have which name none; a direction that is left out has none. */
  readonly sound?: Partial<Readonly<Record<Direction, Sound>>>;
  /** The ids by which a client can reach what was said in other sessions; undefined: the dialect has none. */
  readonly ids?: DialectIds;
  /** The form in which a session is told what an earlier one was about; undefined: the dialect has no place for that. */
  readonly context?: ContextForm;
  /**
   * The duty of a client that keeps a session alive while nobody talks, or throughout, in a few words for the table of dialects. The gateway passes such
   * messages and makes none. Left out: none is known.
   */
  readonly keepAlive?: string;
  /** The way to go on with a session at another socket of the provider; undefined: there is none. */
  readonly resumption?: Resumption;
  /** The settings of a session that a client secret can pin; undefined: nothing can be pinned. */
  readonly pins?: DialectPins;
  /** Set where clients speak another vocabulary than the provider, whose own is all the rest; but errors name fields as the client knows them. */
  readonly clients?: ClientVocabulary;
}

/** The vocabulary of clients that is not their provider's. */
export interface ClientVocabulary {
  readonly dialect: Dialect;
  /** Makes what translates one session. */
  translate(): Translation;
}

/** The vocabulary that clients of a dialect speak. */
export const spokenBy = (dialect: Dialect): Dialect => dialect.clients?.dialect ?? dialect;

/** Ids by which whoever has one reaches what was said under it, so that keys of one account must not have each other's: see `Observation.handedOut`. */
interface DialectIds {
  /** Time for which a provider keeps what an id stands for. */
  readonly keptMs: number;
  /** Returns the ids in a client frame, before it goes upstream; undefined: it has none. Left out where no frame can have one. */
  inFrame?(frame: Frame): FrameIds | Rejection | undefined;
  /** A frame with an id of somebody else is answered with the error event, and the session goes on; else the session ends. */
  readonly goesOn?: boolean;
  /** Set where the ids that events hand out are those of sessions, which others join by them: see `ServedEndpoint.joinedIn`. */
  readonly areJoined?: true;
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
  /** The form of audio, that of a reply where there is one: base64 in an event, or a binary message. */
  readonly audio: 'base64' | 'binary';
  /** The audio there is, where it does not go both ways: what is only heard (transcription), or only spoken (speech out of text). */
  readonly speech?: 'heard' | 'spoken';
  /** The sign that a turn has ended; `never`: the session has no turns. */
  readonly turnEnd: 'event' | 'never';
  /** The sign that the user cut a reply off: an event of its own, or every `speech-started` within a reply. */
  readonly interruption: 'event' | 'speech-started';
  /** The reports of usage: what each turn took, or the sum so far. `elsewhere`: the bill is that of the session which this one joins. */
  readonly usage: 'per-turn' | 'cumulative' | 'never' | 'elsewhere';
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
