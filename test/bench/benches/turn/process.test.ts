// The callers against a provider of the test whose delays are known: what they measure is never less.

import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, expect, test } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import type { TalkMethods } from '../../../../bench/benches/turn/process.ts';
import type { TurnScript } from '../../../../bench/benches/turn/script.ts';
import { timesOf } from '../../../../bench/benches/turn/times.ts';
import { startRpcProcess } from '../../../../bench/machine/rpc.ts';

const THINKING_MS = 50;
const STALE_MS = 30;
const TURNS = 3;
const marks = (offset: number) =>
  Array.from({ length: TURNS }, (_, turn) => ({ append: turn * 30 + offset, audioMs: turn * 300 + offset * 10 }));
/** 300 ms each. */
const script: TurnScript = {
  appendMs: 10,
  appends: Array.from({ length: 30 }, (_, index) =>
    JSON.stringify({ type: 'input_audio_buffer.append', audio: index }),
  ),
  started: marks(5),
  stopped: marks(12),
};

const callers = startRpcProcess<TalkMethods>(new URL('../../../../bench/benches/turn/process.ts', import.meta.url));
afterAll(() => callers.stop());
const stops: (() => unknown)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

/** Hears as the script says: answers after THINKING_MS, and lets STALE_MS of an interrupted reply pass. */
function converse(ws: WebSocket, received: string[]): void {
  const send = (event: object) => ws.readyState === ws.OPEN && ws.send(JSON.stringify(event));
  const later = (ms: number, ...events: object[]) => void delay(ms).then(() => events.forEach(send));
  send({ type: 'session.created' });
  let appends = 0;
  ws.on('message', (data) => {
    received.push(String(data));
    const begun = script.started.findIndex(({ append }) => append === appends);
    const ended = script.stopped.findIndex(({ append }) => append === appends);
    const delta = (turn: number) => ({ type: 'response.output_audio.delta', response_id: `resp_${turn}`, delta: '' });
    const audio_start_ms = script.started[begun]?.audioMs;
    if (begun >= 0) send({ type: 'input_audio_buffer.speech_started', audio_start_ms });
    const response = { id: `resp_${begun - 1}`, status: 'cancelled' };
    if (begun > 0) later(STALE_MS, delta(begun - 1), { type: 'response.done', response });
    const audio_end_ms = script.stopped[ended]?.audioMs;
    if (ended >= 0) send({ type: 'input_audio_buffer.speech_stopped', audio_end_ms });
    if (ended >= 0) later(THINKING_MS, delta(ended));
    appends += 1;
  });
}

async function provider(onClient: (ws: WebSocket) => void, options: object = {}): Promise<string> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, ...options });
  server.on('connection', onClient);
  stops.push(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  await once(server, 'listening');
  return `ws://127.0.0.1:${(server.address() as { port: number }).port}/`;
}

const talk = (url: string, names: readonly string[], sessions: number) =>
  callers.talk({ targets: names.map((name) => ({ name, url, headers: {} })), sessions, script });

test('callers take turns, say everything in order, and measure no less than the delays of their provider', async () => {
  const heard: string[][] = [];
  const url = await provider((ws) => converse(ws, heard[heard.push([]) - 1] as string[]));
  const traces = await talk(url, ['a', 'b'], 2);
  expect(traces.map(({ contender }) => contender)).toEqual(['a', 'b', 'a', 'b']);
  for (const messages of heard) expect(messages).toEqual(Array.from({ length: TURNS }, () => script.appends).flat());
  const begun = traces.map(({ said }) => said[0]?.at ?? 0);
  expect(begun).toEqual(begun.toSorted((a, b) => a - b));
  for (const trace of traces) {
    const times = timesOf(trace, script);
    expect(times.length).toBe(TURNS - 1);
    for (const { first_audio, answer, barge_in, cancelled, staleMs } of times) {
      // Timers of Node may be early by the part of a millisecond.
      expect(answer).toBeGreaterThanOrEqual(THINKING_MS - 1);
      expect(barge_in).toBeGreaterThanOrEqual(STALE_MS - 1);
      // Times are from event to event, in the order in which they were sent, and after the append that led to them.
      expect(first_audio).toBeLessThan(answer);
      expect(staleMs).toBeGreaterThan(0);
      expect(staleMs).toBeLessThan(barge_in);
      // Sums of times since the epoch are exact to some microseconds.
      expect(cancelled).toBeGreaterThanOrEqual(staleMs - 0.1);
    }
  }
});

test('a session that is cut off, and one that is refused, are faults of their own', async () => {
  const cut = await provider((ws) => {
    ws.send('{"type":"session.created"}');
    ws.once('message', () => ws.close(1011));
  });
  expect((await talk(cut, ['a'], 1))[0]?.fault).toBe('closed with 1011');
  const refusing = await provider(() => {}, { verifyClient: () => false });
  expect((await talk(refusing, ['a'], 1))[0]?.fault).toContain('401');
});
