// Stands in for the router of part C until that is merged: nothing is answered.

import type { Logger } from 'pino';
import type { Router } from './call.ts';
import type { Prices } from './prices.ts';
import type { SideConfig } from './side-schema.ts';
import type { Store } from './store/store.ts';

export interface RouterOptions {
  readonly config: SideConfig;
  readonly store: Store;
  readonly prices: Prices;
  readonly standInUrl: () => string | undefined;
  readonly log: Logger;
}

export function createRouter({ config }: RouterOptions): Router {
  return {
    classes: Object.keys(config.classes),
    run: async () => ({
      kind: 'unanswered',
      code: 'no_gateway',
      message: 'no router',
      status: 503,
      isTransient: false,
    }),
    close: async () => {},
  };
}
