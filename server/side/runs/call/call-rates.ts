// Counts a call against the rates of its key before it is made, and corrects its tokens when it has ended. A call whose key has no rates asks
// nobody.

import type { Logger } from 'pino';
import { type HttpProblem, isProblem } from '../../../http/problem.ts';
import { LimitGuard } from '../../../http/request/keys/limit-guard.ts';
import { rateExceeded, rateHeaders } from '../../../http/request/refusals.ts';
import { type LimitScope, limitScopesOf, tokenScopes } from '../../../ipc/limits.ts';
import type { SideRequest } from '../../../ipc/side-request.ts';
import { faultOf } from '../../../platform/log.ts';
import type { LimitsTaken } from '../../store/contract/limits.ts';
import type { Store } from '../../store/contract/store.ts';

export interface RatedCall {
  /** Those that tell of the rates, for whatever answer. */
  readonly headers: Readonly<Record<string, string>>;
  /** Puts the tokens that were used in place of the estimate, which stays where they are not known. Nobody waits for it. */
  ended(usedTokens: number | undefined): void;
}

interface CallRatesOptions {
  readonly store: Pick<Store, 'takeLimits' | 'correctRate'>;
  readonly log: Logger;
}

interface Rated {
  readonly endUser?: string | undefined;
  readonly estimate?: () => number;
}

const UNRATED: RatedCall = { headers: {}, ended() {} };

export class CallRates {
  readonly #options: CallRatesOptions;
  readonly #guard = new LimitGuard('calls');

  constructor(options: CallRatesOptions) {
    this.#options = options;
  }

  /**
   * `endUser`: whom the call is for. `estimate` gives the tokens that the call may use, and is asked only where they count. Azure OpenAI admits a call by its estimated prompt and
   * `max_tokens` together, too: https://learn.microsoft.com/azure/ai-foundry/openai/how-to/quota#understanding-rate-limits
   */
  async take(
    { requester: { settings: key } }: Pick<SideRequest, 'requester'>,
    { endUser = key?.endUser, estimate = () => 0 }: Rated = {},
  ): Promise<RatedCall | HttpProblem> {
    const scopes = limitScopesOf({ key, endUser }).filter(hasCallRate);
    if (scopes.length === 0) return UNRATED;
    const counted = tokenScopes(scopes);
    const tokens = counted === undefined ? 0 : estimate();
    const { store, log } = this.#options;
    let takenAt = Date.now();
    const taken = await this.#guard.run<LimitsTaken>(scopes, (now) => {
      takenAt = now;
      return store.takeLimits({ scopes, uses: { calls: 1, tokens }, now });
    });
    if (taken.kind === 'beyond') return rateExceeded(taken);
    return {
      headers: taken.kind === 'taken' ? rateHeaders(taken.rates) : {},
      ended: (usedTokens = tokens) => {
        if (counted === undefined || usedTokens === tokens) return;
        const amount = usedTokens - tokens;
        store
          .correctRate({ scopes: counted, rate: 'tokens', amount, takenAt, now: Date.now() })
          .catch((error: unknown) => log.warn(faultOf(error), 'tokens of a call not counted'));
      },
    };
  }
}

/** Adds the headers that tell of rates to a problem. */
export const ratedProblem = <Problem extends HttpProblem | undefined>(
  problem: Problem,
  { headers }: RatedCall,
): Problem => (isProblem(problem) ? { ...problem, headers: { ...headers, ...problem.headers } } : problem);

const hasCallRate = ({ rates }: LimitScope): boolean =>
  rates?.callsPerMinute !== undefined || rates?.tokensPerMinute !== undefined;
