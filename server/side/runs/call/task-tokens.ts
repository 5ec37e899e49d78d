// Counts the tokens of side tasks against the rates of their keys, once a task has its answer: nothing is estimated before, and no task waits for it.

import type { Logger } from 'pino';
import type { Config } from '../../../config/config.ts';
import { boundByTeam } from '../../../http/request/keys/team-bounds.ts';
import { limitScopesOf, tokenScopes, tokensOf } from '../../../ipc/limits.ts';
import { faultOf } from '../../../platform/log.ts';
import type { Call, Router } from '../../llm/call.ts';
import type { Store } from '../../store/contract/store.ts';

interface TokenRatesOptions {
  readonly store: Pick<Store, 'correctRate' | 'key'>;
  readonly config: Pick<Config, 'keys' | 'teams'>;
  readonly log: Logger;
}

/** Returns a router that runs calls as the given one does. */
export function countTaskTokens(router: Router, options: TokenRatesOptions): Router {
  return {
    get classes() {
      return router.classes;
    },
    close: () => router.close(),
    async run(call, sink) {
      const outcome = await router.run(call, sink);
      if (call.kind === 'task' && outcome.kind === 'answered') void count(call, tokensOf(outcome.usage) ?? 0, options);
      return outcome;
    },
  };
}

async function count(
  { key: id, endUser }: Call,
  amount: number,
  { store, config, log }: TokenRatesOptions,
): Promise<void> {
  if (id === undefined || amount === 0) return;
  const now = Date.now();
  try {
    const found = config.keys.find((one) => one.id === id) ?? (await store.key({ id }))?.key;
    const key = found && boundByTeam(found, config.teams);
    const scopes = tokenScopes(limitScopesOf({ key, endUser: endUser ?? key?.endUser }));
    if (scopes === undefined) return;
    await store.correctRate({ scopes, rate: 'tokens', amount, takenAt: now, now });
  } catch (error) {
    log.warn(faultOf(error), 'tokens of a task not counted');
  }
}
