// Keeps a flood of one key, or of those beyond a rate, from the store: it is asked a few questions of a key at once, and none whose answer is
// known.

import type { LimitRefusal, LimitScope, RateName } from '../../../ipc/limits.ts';
import { KeyTurns } from './key-turns.ts';
import { RateMemory } from './rate-memory.ts';

export class LimitGuard {
  readonly #rate: Exclude<RateName, 'tokens'>;
  readonly #beyond = new RateMemory();
  readonly #turns = new KeyTurns();

  /** `rate`: what the questions are about. */
  constructor(rate: Exclude<RateName, 'tokens'>) {
    this.#rate = rate;
  }

  /** Puts a question about these scopes, at the time that `ask` is given. The first one is that of the key. */
  run<Answer extends string | { readonly kind: string }>(
    scopes: readonly LimitScope[],
    ask: (now: number) => Promise<Answer | LimitRefusal>,
  ): Promise<Answer | LimitRefusal> {
    return this.#turns.run(scopes[0]?.id ?? '', async () => {
      const now = Date.now();
      const known = this.#beyond.find(scopes, this.#rate, now);
      if (known !== undefined) return known;
      const answer = await ask(now);
      if (isBeyond(answer)) this.#beyond.keep(answer, now);
      return answer;
    });
  }
}

const isBeyond = (answer: string | { readonly kind: string }): answer is Extract<LimitRefusal, { kind: 'beyond' }> =>
  typeof answer === 'object' && answer.kind === 'beyond';
