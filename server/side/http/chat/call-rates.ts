// Counts a call against the rates of its key before it is made, and corrects its tokens when it has ended. A call whose key has no rates asks nobody.

import { type HttpProblem, isProblem } from '../../../http/problem.ts';
import { rateExceeded, rateHeaders } from '../../../http/request/refusals.ts';
import { type LimitScope, limitScopesOf, tokenScopes } from '../../../ipc/session-reservation.ts';
import type { SideRequest } from '../../../ipc/side-request.ts';
import { faultOf } from '../../../platform/log.ts';
import type { SideHttpOptions } from '../handler.ts';

export interface RatedCall {
  /** Those that tell of the rates, for whatever answer. */
  readonly headers: Readonly<Record<string, string>>;
  /** Puts the tokens that were used in place of the estimate, which stays where they are not known. Nobody waits for it. */
  ended(usedTokens: number | undefined): void;
}

const UNRATED: RatedCall = { headers: {}, ended() {} };

/**
 * `estimate` gives the tokens that the call may use, and is asked only where they count. Azure OpenAI admits a call by its estimated prompt and
 * `max_tokens` together, too: https://learn.microsoft.com/azure/ai-foundry/openai/how-to/quota#understanding-rate-limits
 */
export async function rateCall(
  { requester: { settings: key } }: Pick<SideRequest, 'requester'>,
  { store, log }: Pick<SideHttpOptions, 'store' | 'log'>,
  estimate: () => number = () => 0,
): Promise<RatedCall | HttpProblem> {
  const scopes = limitScopesOf({ key, endUser: key?.endUser }).filter(hasCallRate);
  if (scopes.length === 0) return UNRATED;
  const counted = tokenScopes(scopes);
  const tokens = counted === undefined ? 0 : estimate();
  const takenAt = Date.now();
  const taken = await store.takeLimits({ scopes, uses: { calls: 1, tokens }, now: takenAt });
  if (taken.kind === 'beyond') return rateExceeded(taken);
  return {
    headers: taken.kind === 'taken' ? rateHeaders(taken.rates) : {},
    ended(usedTokens = tokens) {
      if (counted === undefined || usedTokens === tokens) return;
      const correction = {
        scopes: counted,
        rate: 'tokens',
        amount: usedTokens - tokens,
        takenAt,
        now: Date.now(),
      } as const;
      store.correctRate(correction).catch((error: unknown) => log.warn(faultOf(error), 'tokens of a call not counted'));
    },
  };
}

/** Adds the headers that tell of rates to a problem. */
export const ratedProblem = <Problem extends HttpProblem | undefined>(
  problem: Problem,
  { headers }: RatedCall,
): Problem => (isProblem(problem) ? { ...problem, headers: { ...headers, ...problem.headers } } : problem);

const hasCallRate = ({ rates }: LimitScope): boolean =>
  rates?.callsPerMinute !== undefined || rates?.tokensPerMinute !== undefined;
