// Nothing in between, twice: the difference of the two is the noise of the measurement.

import type { Contender } from '../bench.ts';

const named = (name: string): Contender => ({
  name,
  hasTls: true,
  absent: async () => undefined,
  version: async () => 'no hop',
  start: async ({ providerPort, providerCa }) => ({
    url: (path) => `${providerCa ? 'wss' : 'ws'}://127.0.0.1:${providerPort}${path}`,
    headers: {},
    pids: [],
    stop: async () => {},
  }),
});

export const direct = named('direct');
export const directAgain = named('direct-again');
