// Keeps calls away from a target that is ill: one model at one LLM gateway, for all classes that use it. Rule: only what the target did
// wrong makes it ill, and time-outs that one key alone meets do not, while others use it too.

import { LlmFailure } from '../../../../adapters/llm/index.ts';

export interface BreakerOptions {
  /** Calls within the window, below which it stays closed. */
  readonly leastCalls: number;
  /** Part of the calls within the window that fail, from which on it opens. */
  readonly share: number;
  readonly windowMs: number;
  /** Time until one call may try whether the target is well again. */
  readonly pauseMs: number;
}
const BREAKER_DEFAULTS: BreakerOptions = { leastCalls: 5, share: 0.5, windowMs: 30_000, pauseMs: 5000 };
/** The newest calls within the window that are looked at. */
const MOST_CALLS = 100;

/**
 * Failures of the target itself. A busy one, or one that refuses a request, a key, or an answer, is not ill; what ends by our own limits, or
 * because its caller left, says nothing of it.
 */
const ILLNESSES: readonly LlmFailure['code'][] = ['unavailable', 'timeout', 'garbled'];

interface CallResult {
  readonly at: number;
  readonly key: string | undefined;
  readonly illness: 'timeout' | 'other' | undefined;
}

export class Circuit {
  readonly #options: BreakerOptions;
  #results: CallResult[] = [];
  /** Date.now() from which one call may try; undefined while the circuit is closed. */
  #openUntil: number | undefined;
  #isTrying = false;
  /** Date.now() from which the target may be asked again, since it asked to be left alone. */
  #limitedUntil = 0;

  constructor(options: BreakerOptions = BREAKER_DEFAULTS) {
    this.#options = options;
  }

  /** Time until a call may be sent, when none may be now. */
  blocked(now: number): { readonly reason: 'limited' | 'broken'; readonly retryAfterMs: number } | undefined {
    if (this.#limitedUntil > now) return { reason: 'limited', retryAfterMs: this.#limitedUntil - now };
    if (this.#openUntil === undefined || (this.#openUntil <= now && !this.#isTrying)) return undefined;
    return { reason: 'broken', retryAfterMs: Math.max(1, this.#openUntil - now) };
  }

  /** Keeps calls away until this moment, or until the one that was set before if that is later. */
  limit(until: number): void {
    this.#limitedUntil = Math.max(this.#limitedUntil, until);
  }

  /**
   * Runs a call of a key, and learns from how it ends; a trial has passed as soon as the work says that the target answers. Rejects with an
   * LlmFailure when the circuit has opened meanwhile.
   */
  async run<T>(work: (answering: () => void) => Promise<T>, key: string | undefined): Promise<T> {
    if (this.blocked(Date.now())?.reason === 'broken')
      throw new LlmFailure('unavailable', 'has failed too often lately', { isOurs: true });
    let isTrial = this.#openUntil !== undefined;
    this.#isTrying = isTrial;
    const answering = (): void => {
      if (!isTrial) return;
      this.#learn(undefined, { key, isTrial });
      isTrial = false;
      this.#isTrying = false;
    };
    try {
      const result = await work(answering);
      this.#learn(undefined, { key, isTrial });
      return result;
    } catch (error) {
      if (error instanceof LlmFailure) this.#learn(illnessOf(error), { key, isTrial });
      throw error;
    } finally {
      if (isTrial) this.#isTrying = false;
    }
  }

  #learn(illness: CallResult['illness'], { key, isTrial }: { key: string | undefined; isTrial: boolean }): void {
    const now = Date.now();
    if (isTrial) {
      this.#openUntil = illness === undefined ? undefined : now + this.#options.pauseMs;
      this.#results = [];
      return;
    }
    this.#results.push({ at: now, key, illness });
    if (this.#results.length > MOST_CALLS) this.#results.shift();
    if (illness !== undefined && this.#isIll(now)) this.#openUntil = now + this.#options.pauseMs;
  }

  #isIll(now: number): boolean {
    const { leastCalls, share, windowMs } = this.#options;
    const recent = counted(this.#results.filter(({ at }) => now - at < windowMs));
    const failed = recent.filter(({ illness }) => illness !== undefined);
    return recent.length >= leastCalls && failed.length >= recent.length * share;
  }
}

/** Leaves out time-outs that one key alone has met, where others were here too: its prompts may be the reason. */
function counted(results: readonly CallResult[]): readonly CallResult[] {
  const [first, ...others] = new Set(results.filter(({ illness }) => illness === 'timeout').map(({ key }) => key));
  const isAlone = others.length === 0 && results.some(({ key }) => key !== first);
  return isAlone ? results.filter(({ illness }) => illness !== 'timeout') : results;
}

function illnessOf(failure: LlmFailure): CallResult['illness'] {
  if (failure.isOurs || !ILLNESSES.includes(failure.code)) return undefined;
  return failure.code === 'timeout' ? 'timeout' : 'other';
}
