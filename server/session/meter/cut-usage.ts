// Estimates what a reply has used which the socket of its provider took with it: nobody reports that, and it is billed all the same.

import type { Dialect } from '../../../adapters/realtime/contract/dialect.ts';
import type { Tap } from '../tap/tap.ts';
import { Unreported } from './unreported.ts';

export class CutUsage {
  readonly #tap: Tap;
  readonly #unreported: Unreported;

  /** Gets each message that the tap observes, beside the meter. */
  constructor(tap: Tap, dialect: Dialect) {
    this.#tap = tap;
    this.#unreported = new Unreported(dialect, tap.countSound());
    const { meter } = tap;
    tap.meter = {
      observed: (observation, direction, bytes) => {
        meter?.observed(observation, direction, bytes);
        this.#unreported.observed(observation, direction, bytes, tap.due.isReplying);
      },
    };
  }

  /** Adds the estimate, as if it was reported, where a reply was under way; false where none was. `at`: monotonic ms. */
  add(at: number): boolean {
    if (!this.#tap.isReplying) return false;
    const used = this.#unreported.usage(true);
    const { inputAudioTokens = 0, inputTextTokens = 0, inputImageTokens = 0 } = used;
    const { outputAudioTokens = 0, outputTextTokens = 0 } = used;
    const inputTokens = inputAudioTokens + inputTextTokens + inputImageTokens;
    const outputTokens = outputAudioTokens + outputTextTokens;
    this.#tap.report({ ...used, inputTokens, outputTokens, totalTokens: inputTokens + outputTokens }, at);
    return true;
  }
}
