// The direct path, looked at from both ends: a provider of this process, native sessions through the gateway, and what came through.

import { once } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket, WebSocketServer } from 'ws';
import type { BenchContext, RunningContender } from '../../bench.ts';
import { PATH } from '../../contenders/start-all.ts';
import { median } from '../../figures/statistics.ts';
import { CLIENT_SECRET, type Direct } from './data.ts';
import { DOWNSTREAM, UPSTREAM } from './events.ts';

const OTHER_MODELS = ['bench-large', 'gpt-realtime-2.1', 'bench-2', 'other'];
const RECOVERIES = 5;
const SILENCE_MS = 2000;

interface Native {
  readonly port: number;
  readonly handshakes: readonly IncomingHttpHeaders[];
  /** The provider's end of the next session. */
  accepted(): Promise<WebSocket>;
}

/** Greets every session; the rest is done by whoever has its end. */
export async function startNative(context: BenchContext): Promise<Native> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  context.own({
    stop() {
      for (const client of server.clients) client.terminate();
      server.close();
    },
  });
  const handshakes: IncomingHttpHeaders[] = [];
  server.on('connection', (ws, { headers }) => {
    handshakes.push(headers);
    ws.on('error', () => {});
    ws.send(DOWNSTREAM[0] as string);
  });
  await once(server, 'listening');
  return {
    port: (server.address() as { port: number }).port,
    handshakes,
    accepted: async () => ((await once(server, 'connection')) as [WebSocket])[0],
  };
}

export async function measureDirect(running: RunningContender, native: Native): Promise<Direct> {
  const depth = await passEvents(running, native);
  const recoveries = [];
  for (let index = 0; index < RECOVERIES; index += 1) recoveries.push(await recover(running, native));
  const refusals = await refuse(running, native);
  const seen = native.handshakes.filter((headers) => JSON.stringify(headers).includes(CLIENT_SECRET)).length;
  return {
    ...depth,
    ...refusals,
    sessions: native.handshakes.length,
    credentialsSeen: seen,
    toldMs: median(recoveries.map(({ toldMs }) => toldMs)),
    recoveredMs: median(recoveries.map(({ recoveredMs }) => recoveredMs)),
  };
}

interface Pair {
  readonly client: WebSocket;
  readonly provider: WebSocket;
}

/** Open, and greeted. */
async function openPair({ url, headers }: RunningContender, native: Native): Promise<Pair> {
  const accepted = native.accepted();
  const client = new WebSocket(url(PATH), { headers, perMessageDeflate: false });
  client.on('error', () => {});
  const greeted = once(client, 'message', { signal: AbortSignal.timeout(SILENCE_MS) });
  const provider = await accepted;
  await greeted;
  return { client, provider };
}

async function passEvents(running: RunningContender, native: Native) {
  const { client, provider } = await openPair(running, native);
  const up = collect(provider, UPSTREAM.length);
  for (const event of UPSTREAM) client.send(event);
  const down = collect(client, DOWNSTREAM.length - 1);
  for (const event of DOWNSTREAM.slice(1)) provider.send(event);
  const same = (got: readonly string[], sent: readonly string[]) =>
    sent.filter((value, at) => got[at] === value).length;
  // The greeting was one of them.
  const unmodified = same(await up, UPSTREAM) + same(await down, DOWNSTREAM.slice(1)) + 1;
  const came = once(provider, 'message');
  const from = performance.now();
  client.send(JSON.stringify({ type: 'response.cancel' }));
  await came;
  const controlMs = performance.now() - from;
  client.close();
  await once(client, 'close');
  return { eventsSent: UPSTREAM.length + DOWNSTREAM.length, eventsUnmodified: unmodified, controlMs };
}

/** Collects the messages that arrive: as many as are expected, or as come in time. */
async function collect(ws: WebSocket, count: number): Promise<readonly string[]> {
  const got: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const take = (data: unknown) => {
    got.push(String(data));
    if (got.length === count) resolve();
  };
  ws.on('message', take);
  await Promise.race([promise, delay(SILENCE_MS, undefined, { ref: false })]);
  ws.off('message', take);
  return got;
}

/** The provider's end is cut off; the client dials again as soon as it knows. */
async function recover(running: RunningContender, native: Native) {
  const { client, provider } = await openPair(running, native);
  const told = once(client, 'close');
  const from = performance.now();
  provider.terminate();
  await told;
  const toldMs = performance.now() - from;
  const next = await openPair(running, native);
  const recoveredMs = performance.now() - from;
  next.client.close();
  await once(next.client, 'close');
  return { toldMs, recoveredMs };
}

async function refuse({ url, headers }: RunningContender, native: Native) {
  const before = native.handshakes.length;
  let refusedOthers = 0;
  for (const model of OTHER_MODELS) {
    const client = new WebSocket(url(`/v1/realtime?model=${model}`), { headers });
    const refused = await new Promise<boolean>((resolve) => {
      client.once('unexpected-response', (_, { statusCode }) => resolve(statusCode === 403));
      client.once('open', () => resolve(false));
      client.once('error', () => resolve(false));
    });
    client.on('error', () => {});
    client.terminate();
    if (refused) refusedOthers += 1;
  }
  return { askedOthers: OTHER_MODELS.length, refusedOthers, leakedOthers: native.handshakes.length - before };
}
