// Settings that the owner of a client secret pins of a session: the part of the contract by which a dialect checks it and holds a session to it.

import type { JsonObject } from '../../../codecs/json/object.ts';
import type { Frame, OutFrame } from '../../../codecs/websocket/frame.ts';

/** The settings that a dialect can pin, in the provider's own form of a session's configuration. */
export interface DialectPins {
  /** Returns what is wrong with settings that are to be pinned; undefined: nothing is. */
  check(session: JsonObject): PinFault | undefined;
  /** Returns the model that they name; undefined where they leave it open. */
  modelIn(session: JsonObject): string | undefined;
  /** Makes what holds one session to settings that were checked. */
  hold(session: JsonObject): Pins;
  /** Holds calls to them, whose events do not pass the gateway; left out where there are none. */
  readonly ofCalls?: CallPins;
}

/** `pinned`: settings that were checked. */
export interface CallPins {
  /** Puts them into the session that a client asks for. */
  merge(session: JsonObject, pinned: JsonObject): { readonly session: JsonObject } | PinRejection;
  /** Returns what reads the provider's messages of one call, and finds the path of a pinned setting that is another than it was. */
  watch(pinned: JsonObject): (frame: Frame) => string | undefined;
}

/** `expected` goes on behind `expected`: `a text`. */
export interface PinFault {
  /** The path of the field at fault, with dots; '' is the whole. */
  readonly field: string;
  readonly expected: string;
}

/** Holds one session to its pinned settings. It may remember what has passed. */
export interface Pins {
  /** The event of the gateway's own that applies them, before any message of the client. Left out: the client's own messages bring them. */
  readonly start?: PinStart | undefined;
  /** Returns what passes in the place of a client's message; undefined: the message itself. */
  fromClient(frame: Frame): OutFrame | PinRejection | undefined;
  /** Returns what passes in the place of a provider's message; undefined: the message itself. Left out: none tells of what is pinned. */
  readonly fromProvider?: ((frame: Frame) => OutFrame | undefined) | undefined;
}

interface PinStart {
  readonly event: OutFrame;
  /** Returns what a provider's message answers to the event; undefined: nothing. A fault says why it was not taken, without a word of it. */
  answerIn(frame: Frame): 'taken' | { readonly fault: string } | undefined;
}

/** Why a client's message must not pass: see `Rejection`. */
export interface PinRejection {
  readonly code: 'pinned';
  readonly message: string;
  readonly field?: string;
  readonly eventId?: string | undefined;
}
