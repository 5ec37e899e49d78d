// Metering is what is known of how the sessions of a dialect are billed, while they last and at their end.

import type { OutFrame } from '../../../codecs/websocket/frame.ts';

/**
 * The report of what a session used last. `ask`: the event that makes the provider end what is under way, or the session, and report it.
 * `comesWith`: the type of the event that ends every session with a report; without one, only a response that is under way has one to come.
 */
export interface LastUsage {
  readonly ask?: OutFrame;
  readonly comesWith?: string;
}

/** Measures of audio while it passes: bytes of a second as it is sent, unless the session says otherwise, and the most tokens of one. */
export interface Sound {
  readonly bytesPerSecond: number;
  readonly tokensPerSecond: number;
}
