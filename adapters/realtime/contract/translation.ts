// The part of the contract by which clients of one vocabulary reach a provider that speaks another.

import type { Frame, OutFrame } from '../../../codecs/websocket/frame.ts';

/** Translates the messages of one session. It may remember what has passed. `frame.data` is valid during the call. */
export interface Translation {
  /** Returns what passes in the place of a client's message; undefined: the message itself. */
  fromClient(frame: Frame): OutFrame | undefined;
  /** Returns what passes in the place of a provider's message, in order; undefined: the message itself. Must be cheap for audio. */
  fromProvider(frame: Frame): readonly OutFrame[] | undefined;
}
