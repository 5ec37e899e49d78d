// The direct path, looked at from both ends: a provider of this process, native sessions through the gateway, and what came through.

import { on, once } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http';
import { WebSocket, WebSocketServer } from 'ws';
import type { BenchContext, RunningContender } from '../../bench.ts';
import { PATH } from '../../contenders/start-all.ts';
import { median } from '../../figures/statistics.ts';
import { DOWNSTREAM, UPSTREAM } from './events.ts';

export const CLIENT_SECRET = 'bench-client-secret-0001';
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

/** Milliseconds are medians. */
export async function measureDirect(running: RunningContender, native: Native) {
  const depth = await passEvents(running, native);
  const recoveries = await Array.fromAsync(Array(RECOVERIES).keys(), () => recover(running, native));
  const refusals = await refuse(running, native);
  const seen = native.handshakes.filter((headers) => JSON.stringify(headers).includes(CLIENT_SECRET));
  return {
    ...{ ...depth, ...refusals },
    sessions: native.handshakes.length,
    /** Handshakes at the provider in which the client's credential was found. */
    credentialsSeen: seen.length,
    /** Time from the provider's death to the client knowing. */
    toldMs: median(recoveries.map(({ toldMs }) => toldMs)),
    /** Time from there to the first event of its next session. */
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
  return {
    eventsSent: UPSTREAM.length + DOWNSTREAM.length,
    /** Events that came byte for byte, in order, both ways. */
    eventsUnmodified: unmodified,
    /** Time from the client's `response.cancel` until the provider has it. */
    controlMs,
  };
}

/** Collects the messages that arrive: as many as are expected, or as come in time. */
async function collect(ws: WebSocket, count: number): Promise<readonly string[]> {
  const got: string[] = [];
  try {
    for await (const [data] of on(ws, 'message', { signal: AbortSignal.timeout(SILENCE_MS) })) {
      got.push(String(data));
      if (got.length === count) break;
    }
  } catch {
    // The time is over.
  }
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

/** Handshakes that ask for models that the key may not use: those that were refused, and those that came to the provider. */
async function refuse({ url, headers }: RunningContender, native: Native) {
  const before = native.handshakes.length;
  const answers = await Array.fromAsync(OTHER_MODELS, async (model) => {
    const client = new WebSocket(url(`/v1/realtime?model=${model}`), { headers });
    const answered = once(client, 'unexpected-response', { signal: AbortSignal.timeout(SILENCE_MS) });
    const isRefused = await answered.then(
      ([, { statusCode }]) => statusCode === 403,
      () => false,
    );
    client.on('error', () => {});
    client.terminate();
    return isRefused;
  });
  const leakedOthers = native.handshakes.length - before;
  return { askedOthers: answers.length, refusedOthers: answers.filter(Boolean).length, leakedOthers };
}
