// Streamed answers: what the clients measure against a provider of the test, and the pacing of the benchmark's own.

import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { percentilesMs } from '../../../bench/figures/histogram.ts';
import { createFrameReader } from '../../../bench/load/frame-reader.ts';
import type { Load } from '../../../bench/load/load.ts';
import { type LoadGenerator, startGenerator, startProvider } from '../../../bench/load/load-processes.ts';
import { createTemplate, readStamp, type Stamp, stamped } from '../../../bench/load/wire.ts';

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

const asks: Load = { frame: 'ask', frameBytes: 400, frameMs: 150, warmUpMs: 150, measureMs: 300 };
/** Timers of Node may be early by the part of a millisecond. */
const EARLY_MS = 1;

/** The message alone, for a `ws` that frames it itself. */
function token(stamp: Stamp): string {
  let text = '';
  const read = createFrameReader(({ head }) => {
    text = head.toString();
  });
  read(stamped(createTemplate('text', 300), stamp));
  return text;
}

test('the first token and the gaps after it have the delays of a scripted provider', async () => {
  const questions: string[] = [];
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  stops.push(() => server.close());
  server.on('connection', (ws) => {
    ws.send('{"type":"session.created"}');
    ws.on('message', async (data) => {
      const stamp = readStamp(data as Buffer) as Stamp;
      questions.push(String(data));
      for (const waitMs of [40, 10, 10]) {
        await delay(waitMs);
        ws.send(token({ ...stamp, wantsEcho: false, isToken: true }));
      }
    });
  });
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  await generator.open({ url: `ws://127.0.0.1:${port}/`, headers: {}, sessions: 2 });
  const sent = await generator.send(asks);
  expect(sent).toMatchObject({ frames: 4, warmUps: 2 });
  await generator.received({ frames: 12, waitMs: 10_000 });
  const { firsts, gaps } = await generator.streamed();
  expect([percentilesMs(firsts).count, percentilesMs(gaps).count]).toEqual([4, 8]);
  expect(percentilesMs(firsts).p50).toBeGreaterThanOrEqual(40 - EARLY_MS);
  expect(percentilesMs(gaps).p50).toBeGreaterThanOrEqual(10 - EARLY_MS);
  expect(JSON.parse(questions[0] ?? '')).toMatchObject({
    type: 'response.create',
    response: { output_modalities: ['text'] },
  });
});

test('the provider thinks, then streams every token of every answer, no earlier than it is due', async () => {
  const provider = await startProvider({ answer: { thinkMs: 30, tokens: 5, gapMs: 10, tokenBytes: 300 } });
  stops.push(() => provider.stop());
  await generator.open({ url: `ws://127.0.0.1:${provider.port}/`, headers: {}, sessions: 10 });
  await generator.send(asks);
  // Two questions of each session count.
  expect(await generator.received({ frames: 100, waitMs: 10_000 })).toMatchObject({ frames: 100 });
  const { firsts, gaps } = await generator.streamed();
  expect([percentilesMs(firsts).count, percentilesMs(gaps).count]).toEqual([20, 80]);
  expect(percentilesMs(firsts).p50).toBeGreaterThanOrEqual(30);
  // A token that is late shortens the gap after it: all that must hold is their sum.
  expect(percentilesMs(gaps).max).toBeGreaterThanOrEqual(9.9);
  expect(percentilesMs((await generator.streamed()).gaps).count).toBe(0);
});
