// Tears 1,000 sessions at random points, and checks that nothing of them is left in the process.

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { type FakeProvider, startProvider } from '../../support/provider.ts';
import { type Random, seededRandom } from '../../support/random.ts';
import { closeBytes, frameBytes, socketOf, upgradeRequest } from '../../support/raw-socket.ts';
import { type Served, serve } from '../../support/served.ts';
import { until } from '../../support/until.ts';

const REALTIME = '/v1/realtime?model=gpt-realtime-2.1';
const KEY = { authorization: 'Bearer secret-of-web' };
const MIB = 1024 * 1024;
const MAX_SESSIONS = 60;
const AT_ONCE = 50;
/** Connections that are held ready for the next sessions. */
const WARM = 2;
let provider: FakeProvider;
let gateway: Served;
/** Behaviour of the provider at the next upgrades; sessions are torn from its end too. */
let random: Random;

beforeAll(async () => {
  provider = await startProvider({
    onUpgrade(_request, socket, accept) {
      const fate = random.below(20);
      if (fate === 0) socket.end('HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n');
      else if (fate === 1) socket.resetAndDestroy();
      else if (fate === 2) socket.end();
      else if (fate < 6) setTimeout(accept, random.below(30));
      else accept();
      return true;
    },
    onSession: (ws) => ws.on('message', () => maybe(4, () => tear(ws))),
  });
  const keys = [{ id: 'web', secret: 'secret-of-web', maxSessions: MAX_SESSIONS }];
  gateway = await serve({ provider: provider.url, keys, limits: { closeMs: 200, dialMs: 600_000 } });
});
afterAll(async () => {
  await gateway.stop();
  await provider.close();
});

function maybe(oneIn: number, act: () => void): void {
  if (random.below(oneIn) === 0) act();
}

/** All ways in which a WebSocket can end, and some that leave it open for the other side. */
function tear(ws: WebSocket): void {
  if (ws.readyState !== ws.OPEN) return;
  const socket = socketOf(ws);
  const ways = [
    () => ws.close(1000, 'done'),
    () => ws.close(),
    () => ws.terminate(),
    () => socket.end(),
    () => socket.resetAndDestroy(),
    () => socket.write(closeBytes(999, 'no such code')),
    () => socket.write(frameBytes(1, 'unmasked', { masked: false })),
    () => ws.pause(),
  ];
  random.pick(ways)();
}

/** A client that never comes as far as a session. */
async function stumble(): Promise<void> {
  const socket: Socket = connect({ port: gateway.run.listen.port, host: '127.0.0.1' });
  socket.on('error', () => {});
  const request = upgradeRequest(REALTIME, KEY);
  socket.write(request.slice(0, random.below(request.length + 1)));
  maybe(2, () => socket.write(frameBytes(1, 'early')));
  setTimeout(() => random.pick([() => socket.destroy(), () => socket.resetAndDestroy()])(), random.below(20));
  await new Promise((resolve) => socket.once('close', resolve));
}

async function live(): Promise<void> {
  const ws = new WebSocket(gateway.url + REALTIME, { headers: KEY, perMessageDeflate: false });
  ws.on('error', () => {});
  ws.on('message', () => maybe(4, () => tear(ws)));
  ws.on('open', () => {
    for (let left = random.below(6); left > 0; left--) ws.send(Buffer.alloc(random.below(100_000)));
    maybe(10, () => tear(ws));
    // The end may come at any moment of the session.
    setTimeout(() => ws.terminate(), 20 + random.below(150));
  });
  await new Promise((resolve) => ws.once('close', resolve));
}

async function churn(sessions: number): Promise<undefined> {
  let left = sessions;
  const work = async () => {
    while (left-- > 0) await (random.below(8) === 0 ? stumble() : live());
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  for (const ws of provider.sockets) ws.terminate();
}

interface Leftovers {
  readonly sessions: number;
  readonly files: number;
  readonly timers: number;
  readonly sockets: number;
}

async function leftovers(): Promise<Leftovers> {
  return {
    sessions: await gateway.metric('trunkline_sessions'),
    files: await gateway.metric('process_open_fds'),
    timers: await gateway.metric('nodejs_active_resources', { type: 'Timeout' }),
    sockets: await gateway.metric('nodejs_active_resources', { type: 'TCPSocketWrap' }),
  };
}

async function used(): Promise<number> {
  return (await gateway.metric('nodejs_heap_size_used_bytes')) + (await gateway.metric('nodejs_external_memory_bytes'));
}

const isNoMore = (now: Leftovers, before: Leftovers): boolean =>
  Object.entries(before).every(([name, count]) => now[name as keyof Leftovers] <= count);

test('keeps nothing of 1,000 torn sessions: no sockets, timers, reservations, memory', {
  timeout: 300_000,
}, async () => {
  random = seededRandom(11);
  // The process has its way to the side process once it is ready, and keeps that.
  await until(async () => (await fetch(`${gateway.admin}/readyz`)).status === 200);
  const idle = await leftovers();
  expect(idle.sessions).toBe(0);
  const before = { ...idle, files: idle.files + WARM, sockets: idle.sockets + WARM };
  await churn(200);
  await until(async () => isNoMore(await leftovers(), before));
  const resident = await gateway.metric('process_resident_memory_bytes');
  const inUse = await used();

  await churn(1000);
  await until(async () => isNoMore(await leftovers(), before));
  // An idle process may keep garbage for as long as it is idle; one with more sessions does not, unless it leaks.
  await until(async () => (await used()) < inUse + 12 * MIB || churn(50));
  await until(async () => isNoMore(await leftovers(), before));
  expect(await gateway.metric('process_resident_memory_bytes')).toBeLessThan(resident + 100 * MIB);
  expect(await gateway.sessions()).toEqual([]);
  expect(await gateway.metric('trunkline_closes_total')).toBeGreaterThan(600);

  // The key may open all its sessions again, and not one more.
  random = { ...random, below: () => 19 };
  const clients = Array.from(
    { length: MAX_SESSIONS + 1 },
    () => new WebSocket(gateway.url + REALTIME, { headers: KEY }),
  );
  const outcomes = await Promise.all(
    clients.map((ws) =>
      Promise.race([once(ws, 'open').then(() => 'open'), once(ws, 'unexpected-response').then(() => 'refused')]),
    ),
  );
  expect(outcomes.filter((outcome) => outcome === 'open')).toHaveLength(MAX_SESSIONS);
  for (const ws of clients) ws.on('error', () => {}).terminate();
});
