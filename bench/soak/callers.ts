// The clients of a soak: sessions that come, talk and go in every way that real ones do, and calls of the side path beside them.

import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';

interface CallersOptions {
  /** ws://127.0.0.1:port of the gateway. */
  readonly url: string;
  readonly secret: string;
  /** Sessions that are open at once. */
  readonly sessions: number;
  /** Mean length of a session. */
  readonly lifeMs: number;
  /** Those who ask the side path, each about once a second. */
  readonly callers: number;
  readonly random: () => number;
}

interface Callers {
  /** Counts of what came about: sessions that opened or not, and calls by the status of their answer. */
  readonly counts: Readonly<Record<string, number>>;
  /** Ends all of it. Resolves once no socket is left. */
  stop(): Promise<void>;
}

type Count = (what: string) => void;

const FRAME_MS = 100;
const APPEND = JSON.stringify({ type: 'input_audio_buffer.append', audio: Buffer.alloc(4800, 5).toString('base64') });
const BIG_APPEND = JSON.stringify({ type: 'input_audio_buffer.append', audio: 'A'.repeat(2 ** 21) });
const TURN_MS = 5000;
/** A client that fell silent is let go after this time, should the gateway not have done so. */
const SILENT_MS = 30_000;

export function startCallers(options: CallersOptions): Callers {
  const { sessions, callers } = options;
  const stopped = new AbortController();
  const counts: Record<string, number> = {};
  const count: Count = (what) => {
    counts[what] = (counts[what] ?? 0) + 1;
  };
  const work = Array.from({ length: sessions }, (_, index) => converse(index, options, count, stopped.signal));
  const calls = Array.from({ length: callers }, () => ask(options, count, stopped.signal));
  return {
    counts,
    async stop() {
      stopped.abort();
      await Promise.all([...work, ...calls]);
    },
  };
}

/** Opens one session after the other. They begin spread over the life of one, so that they do not end together. */
async function converse(index: number, options: CallersOptions, count: Count, signal: AbortSignal): Promise<void> {
  await pause((5000 * index) / options.sessions, signal);
  while (!signal.aborted) {
    const isOpened = await talk(options, signal);
    count(isOpened ? 'opened' : 'not opened');
    if (!isOpened) await pause(500, signal);
  }
}

/** Resolves with whether it opened, once its socket is gone. */
async function talk({ url, secret, lifeMs, random }: CallersOptions, signal: AbortSignal): Promise<boolean> {
  const headers = { authorization: `Bearer ${secret}` };
  const ws = new WebSocket(`${url}/v1/realtime?model=gpt-realtime-2.1`, { headers, perMessageDeflate: false });
  const closed = new Promise<void>((resolve) => ws.once('close', () => resolve()));
  let socket: Socket | undefined;
  let isOpened = false;
  ws.on('error', () => {});
  ws.on('upgrade', (response) => {
    socket = response.socket;
  });
  ws.once('open', () => {
    isOpened = true;
    const send = (text: string): void => void (ws.readyState === ws.OPEN && ws.send(text));
    send('{"type":"session.update","session":{"type":"realtime","instructions":"be brief"}}');
    const timers = [
      setInterval(() => ws.bufferedAmount < 2 ** 20 && send(APPEND), FRAME_MS),
      setInterval(() => send('{"type":"response.create"}'), TURN_MS * (0.5 + random())),
    ];
    if (random() < 0.03) timers.push(setTimeout(() => send(BIG_APPEND), 2000));
    if (random() < 0.05) timers.push(setTimeout(() => sleep(ws), 3000));
    const life = setTimeout(() => leave(ws, socket, random), Math.min(10 * lifeMs, -lifeMs * Math.log(1 - random())));
    const end = (): void => ws.terminate();
    signal.addEventListener('abort', end);
    ws.once('close', () => {
      for (const timer of [...timers, life]) clearTimeout(timer);
      signal.removeEventListener('abort', end);
    });
    if (signal.aborted) end();
  });
  await closed;
  return isOpened;
}

/** Reads nothing for a while. */
function sleep(ws: WebSocket): void {
  ws.pause();
  setTimeout(() => ws.resume(), 3000);
}

/** Most clients say that they go. */
function leave(ws: WebSocket, socket: Socket | undefined, random: () => number): void {
  const ways = [
    () => ws.terminate(),
    () => socket?.resetAndDestroy(),
    () => socket?.end(),
    // A frame without a mask, which breaks the protocol.
    () => socket?.write(Buffer.from([0x81, 0x01, 0x78])),
    () => {
      ws.pause();
      setTimeout(() => ws.terminate(), SILENT_MS);
    },
  ];
  if (random() < 0.7) ws.close(1000);
  else ways[Math.floor(random() * ways.length)]?.();
}

/** Makes about a call a second: one in ten leaves before its answer, one in ten reads what is stored. */
async function ask(options: CallersOptions, count: Count, signal: AbortSignal): Promise<void> {
  const { url, secret, random } = options;
  const http = url.replace('ws:', 'http:');
  const headers = { authorization: `Bearer ${secret}`, 'content-type': 'application/json' };
  const body = JSON.stringify({ model: 'bench', messages: [{ role: 'user', content: 'Say something.' }] });
  while (!signal.aborted) {
    const leaves = random() < 0.1;
    const path = random() < 0.1 ? '/v1/sessions' : '/v1/chat/completions';
    const request = path === '/v1/sessions' ? { headers } : { method: 'POST', headers, body };
    const limit = AbortSignal.any([signal, AbortSignal.timeout(leaves ? 20 : 20_000)]);
    try {
      const response = await fetch(http + path, { ...request, signal: limit });
      await response.text();
      count(`HTTP ${response.status}`);
    } catch {
      if (!leaves && !signal.aborted) count('no answer');
    }
    await pause(2000 * random(), signal);
  }
}

/** Ends early when the soak does. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => {});
}
