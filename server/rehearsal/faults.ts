// The faults that the rehearsal provider injects into a connection: each happens once, at its time.
// Rule: every timer of a fault is cleared with its connection.

import { setTimeout } from 'node:timers/promises';
import type { WebSocket } from 'ws';
import { closePayload, isSendableCloseCode } from '../../codecs/websocket/close-frame.ts';
import type { RehearsalFaults } from '../config/rehearsal/rehearsal-schema.ts';

/** Plans the faults of a connection. `silence` is called when nothing more may be sent. Returns a function that cancels them. */
export function injectFaults(socket: WebSocket, faults: RehearsalFaults, silence: () => void): () => void {
  const stopped = new AbortController();
  const after = (delayMs: number, run: () => void): void => {
    // Zero means before anything else.
    if (delayMs === 0) run();
    else void setTimeout(delayMs, undefined, { signal: stopped.signal }).then(run, () => {});
  };
  const { close, garbage, bigMessage, slowReads, slowPong } = faults;
  if (close) after(close.afterMs, () => closeWith(socket, close.code, close.reason));
  if (faults.silence) after(faults.silence.afterMs, silence);
  if (garbage) after(garbage.afterMs, () => sendGarbage(socket, garbage.kind));
  if (bigMessage) after(bigMessage.afterMs, () => socket.send(bigEvent(bigMessage.bytes)));
  if (slowReads) after(slowReads.afterMs, () => readSlowly(socket, slowReads.pauseMs, after));
  if (slowPong) socket.on('ping', (data) => after(slowPong.delayMs, () => socket.pong(data)));
  return () => stopped.abort();
}

function closeWith(socket: WebSocket, code: number, reason: string): void {
  if (code === 1006) socket.terminate();
  else if (code === 1005) socket.close();
  else if (isSendableCloseCode(code)) socket.close(code, reason);
  // The ws library refuses codes that RFC 6455 reserves, but a peer may send them.
  else writeFrame(socket, { firstByte: 0x88, payload: closePayload(code, reason) });
}

function sendGarbage(socket: WebSocket, kind: NonNullable<RehearsalFaults['garbage']>['kind']): void {
  const noise = Buffer.from([0xff, 0xfe, 0x00, 0x80, 0xc0]);
  if (kind === 'text') socket.send('{"type": "response.output_audio.delta", "delta": ');
  else if (kind === 'binary') socket.send(noise, { binary: true });
  else if (kind === 'utf8') writeFrame(socket, { firstByte: 0x81, payload: noise });
  else if (kind === 'opcode') writeFrame(socket, { firstByte: 0x83, payload: noise });
  else writeFrame(socket, { firstByte: 0x81, maskBit: 0x80, payload: Buffer.from('masked') });
}

interface RawFrame {
  readonly firstByte: number;
  readonly maskBit?: number;
  readonly payload: Buffer;
}

/** Writes a short frame past ws, which would not send it. */
function writeFrame(socket: WebSocket, { firstByte, maskBit = 0, payload }: RawFrame): void {
  // A masking key of zeros leaves the payload as it is.
  const head = Buffer.from([firstByte, maskBit | payload.length, ...(maskBit ? [0, 0, 0, 0] : [])]);
  rawSocket(socket)?.write(Buffer.concat([head, payload]));
}

/** The TCP socket of a WebSocket. It is not in the types of ws, and the only way to send invalid frames. */
function rawSocket(socket: WebSocket): { write(bytes: Buffer): void } | undefined {
  return (socket as unknown as { _socket?: { write(bytes: Buffer): void } })._socket;
}

function bigEvent(bytes: number): string {
  const empty = JSON.stringify({ type: 'rehearsal.padding', padding: '' });
  return JSON.stringify({ type: 'rehearsal.padding', padding: 'x'.repeat(Math.max(0, bytes - empty.length)) });
}

function readSlowly(socket: WebSocket, pauseMs: number, after: (delayMs: number, run: () => void) => void): void {
  socket.pause();
  if (pauseMs === 0) return;
  after(pauseMs, () => {
    socket.once('message', () => readSlowly(socket, pauseMs, after));
    socket.resume();
  });
}
