// The providers of a soak: a realtime one that answers as OpenAI's does, and an LLM endpoint. Now and then they fail in every way that real ones do.

import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';

interface SoakProvider {
  readonly port: number;
  /** WebSockets that are open now. */
  readonly open: () => number;
  close(): Promise<void>;
}

/** 100 ms of PCM16 at 24 kHz as base64. */
const SOUND = Buffer.alloc(4800, 7).toString('base64');
const PIECES = 8;
const PIECE_MS = 100;
const BIG_BYTES = 3 * 2 ** 20;
const SILENT_MS = 20_000;
const CLOSE_CODES = [1000, 1001, 1011, 4000];

/** `random`: a number from 0 to 1. One session in ten ends, or suffers, by its provider. */
export async function startProvider(random: () => number): Promise<SoakProvider> {
  const server = createServer();
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: 64 * 2 ** 20 });
  server.on('request', (request, response) => {
    request.resume();
    request.once('end', () => answerCall(response, random));
  });
  server.on('upgrade', (request, socket: Socket, head) => {
    socket.on('error', () => {});
    if (random() < 0.01) return void socket.end('HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n');
    sockets.handleUpgrade(request, socket, head, (ws) => serve(ws, socket, random));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    open: () => sockets.clients.size,
    close: () => closeAll(server, sockets),
  };
}

async function closeAll(server: Server, sockets: WebSocketServer): Promise<void> {
  for (const ws of sockets.clients) ws.terminate();
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
}

function serve(ws: WebSocket, socket: Socket, random: () => number): void {
  const send = (event: object): void => void (ws.readyState === ws.OPEN && ws.send(JSON.stringify(event)));
  send({ type: 'session.created', session: { id: `sess_${random()}`, model: 'gpt-realtime-2.1' } });
  ws.on('error', () => {});
  ws.on('message', (data: Buffer) => {
    if (data.length < 200 && data.includes('response.create')) answerTurn(send);
  });
  if (random() < 0.1) {
    const timer = setTimeout(() => fail(ws, socket, random), 1000 + 30_000 * random());
    ws.once('close', () => clearTimeout(timer));
  }
}

function fail(ws: WebSocket, socket: Socket, random: () => number): void {
  const ways = [
    () => ws.close(CLOSE_CODES[Math.floor(random() * CLOSE_CODES.length)]),
    () => ws.terminate(),
    () => socket.resetAndDestroy(),
    () => socket.end(),
    // Silence: neither messages nor pongs, until the gateway has given up.
    () => sleep(ws, SILENT_MS),
    () => sleep(ws, 3000),
    () => ws.send(JSON.stringify({ type: 'rate_limits.updated', rate_limits: 'x'.repeat(BIG_BYTES) })),
  ];
  ways[Math.floor(random() * ways.length)]?.();
}

/** Reads nothing for a while. */
function sleep(ws: WebSocket, ms: number): void {
  ws.pause();
  setTimeout(() => ws.resume(), ms);
}

function answerTurn(send: (event: object) => void): void {
  send({ type: 'input_audio_buffer.speech_stopped' });
  send({ type: 'conversation.item.input_audio_transcription.completed', transcript: 'something was said here' });
  send({ type: 'response.created', response: { id: 'resp_1' } });
  let left = PIECES;
  const timer = setInterval(() => {
    left -= 1;
    if (left > 0) return send({ type: 'response.output_audio.delta', response_id: 'resp_1', delta: SOUND });
    clearInterval(timer);
    send({ type: 'response.output_audio_transcript.done', transcript: 'an answer of some words' });
    const usage = { total_tokens: 30, input_tokens: 10, output_tokens: 20 };
    send({ type: 'response.done', response: { id: 'resp_1', status: 'completed', usage } });
  }, PIECE_MS);
}

/** One call in twenty fails: with a status, a reset, or silence for a while. */
function answerCall(response: ServerResponse, random: () => number): void {
  const fate = random();
  const whole = (): void => {
    const message = { role: 'assistant', content: '{"said":"something"}' };
    const usage = { prompt_tokens: 20, completion_tokens: 5, total_tokens: 25 };
    const body = { id: 'c', object: 'chat.completion', choices: [{ index: 0, message, finish_reason: 'stop' }], usage };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
  if (fate < 0.02) response.writeHead(503).end();
  else if (fate < 0.04) response.destroy();
  else if (fate < 0.05) setTimeout(whole, 3000);
  else setTimeout(whole, 50);
}
