// The part of the contract for dialects whose clients name in their messages what a session runs on.

import type { JsonObject } from '../../../codecs/json/object.ts';
import type { OutFrame } from '../../../codecs/websocket/frame.ts';
import type { Refusal } from '../refusal.ts';

/** A name that clients use, and the one by which the provider knows the same. */
export interface Renaming {
  readonly from: string;
  readonly to: string;
}

/** The name that the first message of a client has, by which the account and the target of its session are chosen. */
export interface FirstName {
  /** Reads it in a message that `Dialect.modelsIn` has taken, in the form of lists of models; undefined where that has none. */
  nameIn(event: JsonObject): string | undefined;
  /** Returns the event that tells a client behind its 101 of a refusal; undefined: a close has to do. */
  refusalEvent(refusal: Refusal): OutFrame | undefined;
}
