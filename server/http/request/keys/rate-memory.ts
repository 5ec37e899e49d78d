// Remembers who is beyond a rate, so that a flood of them does not reach the store. Rule: what is refused here the store would refuse, too, since
// nothing but time makes room in a rate of sessions or calls. Tokens are given back, and not remembered.

import { type LimitRefusal, type LimitScope, RATE_SETTINGS, type RateName } from '../../../ipc/limits.ts';

type BeyondRate = Extract<LimitRefusal, { readonly kind: 'beyond' }>;
interface Remembered {
  readonly refusal: BeyondRate & { readonly waitMs: number };
  readonly at: number;
}

const MAX_SCOPES = 10_000;

export class RateMemory {
  readonly #refused = new Map<string, Remembered>();

  keep(refusal: LimitRefusal, at: number): void {
    if (refusal.kind !== 'beyond' || refusal.rate === 'tokens' || refusal.waitMs === undefined) return;
    const { waitMs } = refusal;
    this.#refused.set(nameOf(refusal.scope, refusal.rate), { refusal: { ...refusal, waitMs }, at });
    const [oldest] = this.#refused.keys();
    if (this.#refused.size > MAX_SCOPES && oldest !== undefined) this.#refused.delete(oldest);
  }

  /** Returns the refusal that one of these scopes still gets, as it is now; undefined: the store has to be asked. */
  find(scopes: readonly LimitScope[], rate: Exclude<RateName, 'tokens'>, now: number): LimitRefusal | undefined {
    if (this.#refused.size === 0) return undefined;
    for (const scope of scopes) {
      const name = nameOf(scope, rate);
      const { refusal, at } = this.#refused.get(name) ?? {};
      if (refusal === undefined || at === undefined) continue;
      if (now < at + refusal.waitMs && isSame(scope, refusal.scope, rate)) return agedBy(now - at, refusal);
      this.#refused.delete(name);
    }
    return undefined;
  }
}

const nameOf = ({ id }: LimitScope, rate: RateName): string => `${rate}|${id}`;

/** A rate that was changed meanwhile may have room. */
const isSame = (scope: LimitScope, before: LimitScope, rate: RateName): boolean =>
  scope.rates?.[RATE_SETTINGS[rate]] === before.rates?.[RATE_SETTINGS[rate]];

function agedBy(ms: number, refusal: BeyondRate & { readonly waitMs: number }): LimitRefusal {
  const states = Object.entries(refusal.rates).map(([rate, state]) => [
    rate,
    { ...state, resetMs: Math.max(0, state.resetMs - ms) },
  ]);
  return { ...refusal, waitMs: refusal.waitMs - ms, rates: Object.fromEntries(states) };
}
