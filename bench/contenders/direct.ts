// No hop at all, twice: the difference of the two is the noise of the measurement.

import type { Contender } from '../bench.ts';
import { chatAt } from './server.ts';

const named = (name: string): Contender => ({
  name,
  hasChat: true,
  hasTls: true,
  absent: () => undefined,
  version: () => 'no hop',
  start: async ({ providerPort, providerCa, llmPort }) => ({
    url: (path) => `${providerCa ? 'wss' : 'ws'}://127.0.0.1:${providerPort}${path}`,
    headers: {},
    ...(llmPort && { chat: chatAt(llmPort, { authorization: 'Bearer bench' }) }),
    pids: [],
    stop: async () => {},
  }),
});

export const direct = named('direct');
export const directAgain = named('direct-again');
