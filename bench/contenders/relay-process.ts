// A relay with `ws` on both sides as it comes.

import { once } from 'node:events';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { type RawData, WebSocket, WebSocketServer } from 'ws';
import { serveMethods } from '../machine/rpc.ts';

export interface RelayOptions {
  readonly providerPort: number;
  readonly mode: 'forward' | 'json';
}

const { providerPort, mode } = JSON.parse(process.argv[2] ?? '{}') as RelayOptions;
const LOOK_MS = 5;
const delays = monitorEventLoopDelay({ resolution: LOOK_MS });
delays.enable();

const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false, backlog: 4096 });
server.on('connection', (client, request) => {
  const upstream = new WebSocket(`ws://127.0.0.1:${providerPort}${request.url}`, { perMessageDeflate: false });
  client.pause();
  upstream.on('open', () => client.resume());
  join(client, upstream);
  join(upstream, client);
});
await once(server, 'listening');

const methods = {
  listeningPort: () => (server.address() as { port: number }).port,
  eventLoopDelay() {
    // The wait between two looks is taken off, as in the metrics of trunkline.
    const ms = (ns: number) => Math.max(0, ns / 1e6 - LOOK_MS);
    const answer = { p50: ms(delays.percentile(50)), p99: ms(delays.percentile(99)), max: ms(delays.max) };
    delays.reset();
    return answer;
  },
};
export type RelayMethods = typeof methods;
serveMethods(methods);

function join(from: WebSocket, to: WebSocket): void {
  from.on('message', (data, binary) => to.send(mode === 'json' ? rewritten(data) : (data as Buffer), { binary }));
  from.on('close', () => to.close());
  from.on('error', () => to.terminate());
}

const rewritten = (data: RawData): string => JSON.stringify(JSON.parse(data.toString()));
