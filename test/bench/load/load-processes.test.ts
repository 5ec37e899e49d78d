// The two load processes against each other, and against a provider of the test with a delay that it knows.

import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { percentilesMs } from '../../../bench/figures/histogram.ts';
import { createFrameReader } from '../../../bench/load/frame-reader.ts';
import {
  type LoadGenerator,
  type LoadProvider,
  startGenerator,
  startProvider,
} from '../../../bench/load/load-processes.ts';
import { createTemplate, nowNs, readStamp, type Stamp, stamped } from '../../../bench/load/wire.ts';

let generator: LoadGenerator;
const stops: (() => unknown)[] = [];

beforeAll(async () => {
  generator = await startGenerator();
});
afterEach(async () => {
  await generator.close();
  for (const stop of stops.splice(0)) await stop();
});
afterAll(() => generator.stop());

/** Greets each client, and hands its messages over with their stamps. */
async function scripted(onStamp: (ws: WebSocket, stamp: Stamp) => void) {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  server.on('connection', (ws) => {
    ws.send('{"type":"session.created"}');
    ws.on('message', (data) => {
      const stamp = readStamp(data as Buffer);
      if (stamp) onStamp(ws, stamp);
    });
  });
  await once(server, 'listening');
  stops.push(() => server.close());
  return { server, url: `ws://127.0.0.1:${(server.address() as { port: number }).port}/v1/realtime?model=bench` };
}

/** The message alone, for a `ws` that frames it itself. */
function message(stamp: Stamp): string {
  let text = '';
  const read = createFrameReader(({ head }) => {
    text = head.toString();
  });
  read(stamped(createTemplate('delta', 400), stamp));
  return text;
}

test('a closed loop measures the delay of its provider', async () => {
  const { url } = await scripted((ws, stamp) => {
    void delay(30).then(() => ws.send(message({ ...stamp, wantsEcho: false })));
  });
  await generator.open({ url, headers: {}, sessions: 1 });
  const { frames, latency } = await generator.pingPong({ frameBytes: 400, count: 10, warmUp: 2 });
  expect(frames).toBe(10);
  // Timers of Node may be early by the part of a millisecond.
  expect(percentilesMs(latency).p50).toBeGreaterThanOrEqual(29);
});

test('latency counts from the intended time, so a frame that was held back arrives with its whole delay', async () => {
  const { server, url } = await scripted(() => {});
  await generator.open({ url, headers: {}, sessions: 1 });
  const [client] = server.clients;
  for (let index = 1; index <= 10; index += 1) {
    client?.send(message({ intendedNs: nowNs() - index * 50e9, isMeasured: true }));
    client?.send(message({ intendedNs: nowNs() - 599e9, isMeasured: false }));
  }
  const { frames, latency } = await generator.received({ frames: 10, waitMs: 10_000 });
  const { p50, p90, max } = percentilesMs(latency);
  expect(frames).toBe(10);
  expect([p50, p90, max].map((ms) => Math.floor(ms / 50_000))).toEqual([5, 9, 10]);
});

test('all frames of a schedule reach the provider in order, stamped with their intended times', async () => {
  const stamps: Stamp[] = [];
  const { url } = await scripted((_, stamp) => stamps.push(stamp));
  await generator.open({ url, headers: {}, sessions: 5 });
  const sent = await generator.send({ frame: 'append', frameBytes: 600, frameMs: 10, warmUpMs: 20, measureMs: 100 });
  expect(sent).toMatchObject({ frames: 50, warmUps: 10 });
  await expect.poll(() => stamps.length).toBe(60);
  const times = stamps.map((stamp) => stamp.intendedNs).sort((a, b) => a - b);
  const offGrid = times.map((time, index) => Math.abs(time - (times[0] ?? 0) - index * 2e6));
  expect(Math.max(...offGrid)).toBeLessThanOrEqual(1);
});

test('every frame between the two processes arrives, in both directions', async () => {
  const provider: LoadProvider = await startProvider();
  stops.push(() => provider.stop());
  await generator.open({ url: `ws://127.0.0.1:${provider.port}/any`, headers: {}, sessions: 30 });
  expect(await provider.sessions()).toBe(30);
  const load = { frameBytes: 6500, frameMs: 20, warmUpMs: 20, measureMs: 100 };
  const up = await generator.send({ ...load, frame: 'append' });
  expect(await provider.received({ frames: 150, waitMs: 10_000 })).toMatchObject({
    frames: up.frames,
    bytes: up.bytes,
  });
  const down = await provider.send({ ...load, frame: 'delta' });
  expect(await generator.received({ frames: 150, waitMs: 10_000 })).toMatchObject({ frames: 150, bytes: down.bytes });
  await generator.close();
  await provider.cleared();
  expect(await provider.sessions()).toBe(0);
});

test('a session that is refused and one that ends are reported', async () => {
  const { server, url } = await scripted(() => {});
  await generator.open({ url, headers: {}, sessions: 2 });
  for (const client of server.clients) client.terminate();
  let ended = 0;
  await expect
    .poll(async () => {
      ended += (await generator.received({ frames: 0, waitMs: 0 })).ended;
      return ended;
    })
    .toBe(2);
  const refusing = new WebSocketServer({ host: '127.0.0.1', port: 0, verifyClient: () => false });
  await once(refusing, 'listening');
  stops.push(() => refusing.close());
  const port = (refusing.address() as { port: number }).port;
  const refused = generator.open({ url: `ws://127.0.0.1:${port}/`, headers: {}, sessions: 1 });
  await expect(refused).rejects.toThrow('refused with 401');
});

test('a ping that crosses the end of a session disturbs nobody', async () => {
  const { server, url } = await scripted(() => {});
  await generator.open({ url, headers: {}, sessions: 1 });
  const [client] = server.clients;
  // A close of a client is answered by `ws` at once; the ping goes before that answer.
  const { _receiver: receiver } = client as unknown as { _receiver: { prependListener: WebSocket['on'] } };
  receiver.prependListener('conclude', () => client?.ping());
  await expect(generator.close()).resolves.toBeUndefined();
});
