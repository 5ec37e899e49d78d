// Tests that sessions outlive many deaths and many ends of their provider's sockets: nothing of the client is lost or said twice, and it sees whole turns.
// TRUNKLINE_LONG=1 runs 5,000 deaths and 1,000 rollovers with dials of 50 ms, and prints how long the sessions were without a provider; else 100 and 50.

import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import { openClient, startGateway, type TestGateway } from '../../../support/gateway.ts';
import { type FakeProvider, startProvider } from '../../../support/provider.ts';
import { seededRandom } from '../../../support/random.ts';
import { acceptFor, closeBytes } from '../../../support/raw-socket.ts';
import { type ProviderLeg, startRealtimeProvider } from '../../../support/realtime-provider.ts';
import { endCalls, survivingCall } from '../../../support/surviving-call.ts';
import { until } from '../../../support/until.ts';

const isLong = process.env.TRUNKLINE_LONG === '1';
const [DEATHS, ROLLOVERS, AT_ONCE, DIAL_MS] = isLong ? [5000, 1000, 10, 50] : [100, 50, 5, 0];
/** Moves of one session. */
const EACH = isLong ? 50 : 10;
const REALTIME = '/v1/realtime?model=gpt-realtime-2.1&trunkline-survive=provider';
const LIVE =
  '/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent?key=k&trunkline-survive=provider';

afterEach(endCalls);

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** Answers an upgrade as late as a provider does. */
const slowly = (_: unknown, __: unknown, accept: () => void): boolean => {
  if (DIAL_MS > 0) setTimeout(accept, DIAL_MS);
  return DIAL_MS > 0;
};

async function gatewayOf(provider: FakeProvider): Promise<TestGateway> {
  const gateway = await startGateway({ provider: provider.url });
  ends.push(
    () => provider.close(),
    () => gateway.close(),
  );
  return gateway;
}

/** Runs as many sessions as it takes, some at once. */
async function runAll(moves: number, run: (name: string) => Promise<void>): Promise<void> {
  for (let first = 0; first < moves / EACH; first += AT_ONCE)
    await Promise.all(Array.from({ length: AT_ONCE }, (_, at) => run(`s${first + at}x`)));
}

function print(what: string, ms: number[]): void {
  const sorted = ms.toSorted((a, b) => a - b);
  const at = (share: number) => Math.round(sorted[Math.floor(share * (sorted.length - 1))] ?? 0);
  if (isLong)
    console.info(`${what}: ${ms.length}, without a provider p50 ${at(0.5)}, p99 ${at(0.99)}, max ${at(1)} ms`);
}

const deaths: readonly ((ws: WebSocket) => void)[] = [
  (ws) => ws.close(1000),
  (ws) => ws.close(1001),
  (ws) => ws.close(1011, 'gone'),
  (ws) => ws.terminate(),
  // A connection that ends without a close.
  (ws) => (ws as unknown as { readonly _socket: { end(): void } })._socket.end(),
];

test(`${DEATHS} deaths at random moments lose no word of the client, and say none twice`, async () => {
  const random = seededRandom(16);
  const upstream = await startRealtimeProvider({ onUpgrade: slowly, onRequest: (leg) => leg.reply(['Yes', '.']) });
  const gateway = await gatewayOf(upstream.provider);
  const gaps: number[] = [];
  const legOf = (name: string): ProviderLeg | undefined =>
    upstream.legs.findLast(({ request }) => request.url?.includes(`name=${name}`));
  const run = async (name: string): Promise<void> => {
    const client = await openClient(`${gateway.url}${REALTIME}&name=${name}`);
    ends.push(async () => client.terminate());
    const added: string[] = [];
    const done: string[] = [];
    let isClosed = false;
    client.on('close', () => {
      isClosed = true;
    });
    client.on('message', (data) => {
      const event = JSON.parse(String(data));
      if (event.type === 'conversation.item.added' && event.item.role === 'user') added.push(event.item.id);
      if (event.type === 'response.done') done.push(event.response.status);
    });
    const said: string[] = [];
    for (let round = 0; round < EACH; round++) {
      const id = `${name}_${round}`;
      said.push(id);
      const item = { id, type: 'message', role: 'user', content: [{ type: 'input_text', text: id }] };
      client.send(JSON.stringify({ type: 'conversation.item.create', item }));
      client.send(JSON.stringify({ type: 'response.create' }));
      if (random.below(2) === 0) await until(() => added.includes(id));
      const leg = legOf(name) as ProviderLeg;
      const at = performance.now();
      random.pick(deaths)(leg.ws);
      await until(() => legOf(name) !== leg);
      gaps.push(performance.now() - at);
      await until(() => done.length > round && added.includes(id));
    }
    const last = legOf(name) as ProviderLeg;
    await until(() => said.every((id) => last.items.has(id)));
    expect(isClosed).toBe(false);
    expect(added).toEqual(said);
    // A question whose answer was cut, or was on its way, is answered once: whole, or told as incomplete.
    expect(done).toHaveLength(said.length);
    expect([...last.items.keys()].filter((id) => id.startsWith(name))).toEqual(said);
  };
  await runAll(DEATHS, run);
  print('deaths', gaps);
}, 900_000);

test(`${ROLLOVERS} rollovers ahead of an announced end cut no reply, and answer each question once`, async () => {
  interface Socket {
    readonly name: string;
    readonly ws: WebSocket;
    readonly told: string[];
    setUpAt: number;
  }
  const sockets: Socket[] = [];
  const provider = await startProvider({
    onUpgrade: slowly,
    onSession(ws, { url = '' }) {
      const socket: Socket = { name: /name=(\w+)/.exec(url)?.[1] ?? '', ws, told: [], setUpAt: 0 };
      const send = (event: object): void => ws.send(JSON.stringify(event));
      sockets.push(socket);
      ws.on('message', (data) => void answer(JSON.parse(String(data))));
      async function answer({ setup, clientContent }: Record<string, { turns: [{ parts: [{ text: string }] }] }>) {
        if (setup !== undefined) {
          socket.setUpAt = performance.now();
          send({ setupComplete: {} });
          send({ sessionResumptionUpdate: { newHandle: `h-${socket.name}`, resumable: true } });
        }
        const text = clientContent?.turns[0].parts[0].text;
        if (text === undefined) return;
        socket.told.push(text);
        for (const piece of ['a', 'b', 'c']) {
          send({ serverContent: { modelTurn: { parts: [{ text: `${text}${piece}` }] } } });
          if (piece === 'a') send({ goAway: { timeLeft: '10s' } });
          await delay(1);
        }
        send({ serverContent: { turnComplete: true } });
      }
    },
  });
  const gateway = await gatewayOf(provider);
  const gaps: number[] = [];
  const run = async (name: string): Promise<void> => {
    const client = await openClient(`${gateway.url}${LIVE}&name=${name}`);
    ends.push(async () => client.terminate());
    const heard: string[] = [];
    let turns = 0;
    let endedAt = 0;
    let isClosed = false;
    client.on('close', () => {
      isClosed = true;
    });
    client.on('message', (data) => {
      const { serverContent } = JSON.parse(String(data));
      if (serverContent?.modelTurn) heard.push(serverContent.modelTurn.parts[0].text);
      if (!serverContent?.turnComplete) return;
      turns += 1;
      endedAt = performance.now();
    });
    client.send(JSON.stringify({ setup: { model: 'models/gemini-3-live' } }));
    const asked = Array.from({ length: EACH }, (_, round) => `${name}.${round}.`);
    const own = () => sockets.filter((socket) => socket.name === name);
    for (const [round, text] of asked.entries()) {
      const turn = { turns: [{ role: 'user', parts: [{ text }] }], turnComplete: true };
      client.send(JSON.stringify({ clientContent: turn }));
      await until(() => turns > round && (own()[round + 1]?.setUpAt ?? 0) > 0);
      gaps.push(Math.max(0, (own()[round + 1]?.setUpAt ?? 0) - endedAt));
    }
    expect(isClosed).toBe(false);
    expect(heard).toEqual(asked.flatMap((text) => ['a', 'b', 'c'].map((piece) => text + piece)));
    expect(own().flatMap(({ told }) => told)).toEqual(asked);
  };
  await runAll(ROLLOVERS, run);
  print('rollovers', gaps);
}, 900_000);

test('a session goes on behind a next socket whose close comes with its 101, and loses nothing', async () => {
  let upgrades = 0;
  const onUpgrade = ({ headers }: IncomingMessage, socket: Socket) => {
    if (++upgrades !== 2) return false;
    const accept = acceptFor(headers['sec-websocket-key'] ?? '');
    const head = `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`;
    socket.write(Buffer.concat([Buffer.from(head), closeBytes(1011, '', { masked: false })]));
    return true;
  };
  const { leg, send, types } = await survivingCall({
    onUpgrade,
    onRequest: (of) => of.number > 1 && of.reply(['Yes.']),
  });
  const first = await leg(1);
  send({ type: 'response.create' });
  await until(() => first.told.map(({ type }) => type).includes('response.create'));
  first.ws.terminate();
  await until(() => types().includes('response.done'));
  expect((await leg(2)).told.map(({ type }) => type)).toEqual(['response.create']);
  expect(upgrades).toBe(3);
});
