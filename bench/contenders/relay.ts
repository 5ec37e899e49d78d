// The two relays that one would write without this project: one that forwards, one that parses each message.

import type { Contender } from '../bench.ts';
import { startRpcProcess } from '../machine/rpc.ts';
import type { RelayMethods, RelayOptions } from './relay-process.ts';

const named = (name: string, mode: RelayOptions['mode']): Contender => ({
  name,
  absent: () => undefined,
  version: () => `in bench/contenders, Node ${process.version}`,
  async start({ providerPort }) {
    const module = new URL('./relay-process.ts', import.meta.url);
    const child = startRpcProcess<RelayMethods>(module, { providerPort, mode });
    const port = await child.listeningPort();
    return {
      url: (path) => `ws://127.0.0.1:${port}${path}`,
      headers: {},
      pids: [child.pid],
      eventLoopDelay: () => child.eventLoopDelay(),
      stop: child.stop,
    };
  },
});

export const wsRelay = named('ws-relay', 'forward');
export const wsJson = named('ws-json', 'json');
