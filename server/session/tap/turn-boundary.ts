// Decides where a turn ends, once for the latencies and for the transcript.
// Rule: some providers end a turn that was cut off once more, after the next one has begun; that late end is dropped.

import type { Capabilities } from '../../../adapters/realtime/contract/dialect.ts';
import type { Mark } from '../../../adapters/realtime/contract/observation.ts';

export class TurnBoundary {
  readonly #interruption: Capabilities['interruption'];
  /** Set from the first piece of a reply until its end. */
  #isReplying = false;
  /** Set from an interruption until the next reply, or until the late end of the turn that was cut off. */
  #isCutOff = false;

  constructor({ interruption }: Pick<Capabilities, 'interruption'>) {
    this.#interruption = interruption;
  }

  /**
   * Returns the mark to count: `interrupted` for speech that cuts a reply off, undefined for the late end of a turn that was cut off,
   * and otherwise the given mark.
   */
  read(mark: Mark): Mark | undefined {
    const isLateEnd = mark === 'turn-done' && this.#isCutOff;
    const cutsOff = mark === 'speech-started' && this.#isReplying && this.#interruption === 'speech-started';
    const isReply = mark === 'audio' || mark === 'text';
    if (mark === 'interrupted' || cutsOff) this.#isCutOff = true;
    else if (isReply || mark === 'turn-done') this.#isCutOff = false;
    this.#isReplying = isReply || (this.#isReplying && !this.#isCutOff && mark !== 'turn-done');
    if (cutsOff) return 'interrupted';
    return isLateEnd ? undefined : mark;
  }
}
