// The two relays that one would write without this project: one that forwards, one that parses each message.

import type { Contender } from '../bench.ts';
import { startRemote } from '../load/remote.ts';

const named = (name: string, mode: 'forward' | 'json'): Contender => ({
  name,
  hasTls: false,
  absent: async () => undefined,
  version: async () => `in bench/contenders, Node ${process.version}`,
  async start({ providerPort }) {
    const remote = startRemote(new URL('./relay-process.ts', import.meta.url), [String(providerPort), mode]);
    const port = await remote.ask<number>('port');
    return {
      url: (path) => `ws://127.0.0.1:${port}${path}`,
      headers: {},
      pids: [remote.pid],
      eventLoopDelay: () => remote.ask('eventLoopDelay'),
      stop: remote.stop,
    };
  },
});

export const wsRelay = named('ws-relay', 'forward');
export const wsJson = named('ws-json', 'json');
