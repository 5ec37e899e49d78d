// Keeps work away from somebody who is ill: a breaker that looks at how the last tries went, and lets one through after a pause. Rule: only what was
// their own fault makes them ill, and time-outs that one key alone meets do not, while others use them too.

export interface BreakerOptions {
  /** Tries within the window, below which it stays closed. */
  readonly leastCalls: number;
  /** Part of the tries within the window that fail, from which on it opens. */
  readonly share: number;
  readonly windowMs: number;
  /** Time until one try may find out whether they are well again. */
  readonly pauseMs: number;
}
const BREAKER_DEFAULTS: BreakerOptions = { leastCalls: 5, share: 0.5, windowMs: 30_000, pauseMs: 5000 };
/** The newest tries within the window that are looked at. */
const MOST_CALLS = 100;

/** A failure of their own. */
export type Illness = 'timeout' | 'other';

interface CallResult {
  readonly at: number;
  readonly key: string | undefined;
  readonly illness: Illness | undefined;
}

/** A piece of work that has begun. */
interface CircuitTry {
  /** Tells that they answer, before the work ends: a trial has passed. */
  answering(): void;
  /** Takes how the work ended; undefined: they are well. Not called where it says nothing of them. */
  learn(illness: Illness | undefined): void;
  /** Must be called behind all else. */
  end(): void;
}

export class Circuit {
  readonly #options: BreakerOptions;
  #results: CallResult[] = [];
  /** Date.now() from which one try may begin; undefined while the circuit is closed. */
  #openUntil: number | undefined;
  #isTrying = false;
  /** Date.now() from which they may be asked again, since they asked to be left alone. */
  #limitedUntil = 0;

  constructor(options: BreakerOptions = BREAKER_DEFAULTS) {
    this.#options = options;
  }

  /** True from the failures that opened it until a try that succeeds. */
  get isOpen(): boolean {
    return this.#openUntil !== undefined;
  }

  /** Date.now() from which one try may find out whether they are well again; undefined while it is closed. */
  get openUntil(): number | undefined {
    return this.#openUntil;
  }

  /** Time until they may be asked, when they may not be now. */
  blocked(now: number): { readonly reason: 'limited' | 'broken'; readonly retryAfterMs: number } | undefined {
    if (this.#limitedUntil > now) return { reason: 'limited', retryAfterMs: this.#limitedUntil - now };
    if (this.#openUntil === undefined || (this.#openUntil <= now && !this.#isTrying)) return undefined;
    return { reason: 'broken', retryAfterMs: Math.max(1, this.#openUntil - now) };
  }

  /** Keeps work away until this moment, or until the one that was set before if that is later. */
  limit(until: number): void {
    this.#limitedUntil = Math.max(this.#limitedUntil, until);
  }

  /** Begins work of a key, whether or not it is blocked: while the circuit is open, each is a trial. */
  begin(key: string | undefined): CircuitTry {
    let isTrial = this.isOpen;
    this.#isTrying = isTrial;
    return {
      answering: () => {
        if (!isTrial) return;
        this.#learn(undefined, { key, isTrial });
        isTrial = false;
        this.#isTrying = false;
      },
      learn: (illness) => this.#learn(illness, { key, isTrial }),
      end: () => {
        if (isTrial) this.#isTrying = false;
      },
    };
  }

  /**
   * Takes how somebody found them who went to look: well closes it. Ill opens it at once where nobody else was served within the window; where somebody
   * was, it is one try of many.
   */
  probed(illness: Illness | undefined): void {
    const now = Date.now();
    if (illness === undefined) {
      if (this.isOpen) this.#learn(undefined, { key: undefined, isTrial: true });
      return;
    }
    const isServed = this.#results.some((one) => one.illness === undefined && now - one.at < this.#options.windowMs);
    this.#learn(illness, { key: undefined, isTrial: this.isOpen });
    if (!isServed) this.#openUntil = now + this.#options.pauseMs;
  }

  #learn(illness: Illness | undefined, { key, isTrial }: { key: string | undefined; isTrial: boolean }): void {
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

/** Leaves out time-outs that one key alone has met, where others were here too: what it asks for may be the reason. */
function counted(results: readonly CallResult[]): readonly CallResult[] {
  const [first, ...others] = new Set(results.filter(({ illness }) => illness === 'timeout').map(({ key }) => key));
  const isAlone = others.length === 0 && results.some(({ key }) => key !== first);
  return isAlone ? results.filter(({ illness }) => illness !== 'timeout') : results;
}
