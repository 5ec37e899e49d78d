// Decides where a turn ends, once for the latencies and for the transcript.
// Rule: some providers end a turn that was cut off once more, after the next one has begun; that late end is dropped.

import type { Mark } from '../../../adapters/realtime/contract.ts';

export class TurnBoundary {
  /** Set from an interruption until the next reply, or until the late end of the turn that was cut off. */
  #isCutOff = false;

  /** Returns the mark, or undefined where it is the late end of a turn that was cut off. */
  read(mark: Mark): Mark | undefined {
    const isLateEnd = mark === 'turn-done' && this.#isCutOff;
    if (mark === 'interrupted') this.#isCutOff = true;
    else if (mark === 'audio' || mark === 'text' || mark === 'turn-done') this.#isCutOff = false;
    return isLateEnd ? undefined : mark;
  }
}
