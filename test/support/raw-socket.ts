// Raw bytes over TCP: upgrades written by hand, frames that no WebSocket library would send, and whatever comes back.

import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { WebSocket } from 'ws';

export interface WireFrame {
  readonly opcode: number;
  readonly payload: Buffer;
  readonly fin: boolean;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

export interface RawSocket {
  readonly socket: Socket;
  send(bytes: Buffer | string): void;
  /** Status line and headers of the next answer; rejects when the connection ends before. */
  answer(): Promise<HttpAnswer>;
  /** The next frame of the other end; rejects when the connection ends before. */
  frame(): Promise<WireFrame>;
  /** The next bytes, as many; rejects when the connection ends before. */
  bytes(count: number): Promise<Buffer>;
  /** Bytes that were not taken yet, once the other end has closed or is lost. */
  rest(): Promise<Buffer>;
}

/** The handshake of RFC 6455, section 1.3: key and accept belong together. */
const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
export const ACCEPT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=';

/** Keeps everything that comes, from the first moment. */
export function watchSocket(socket: Socket): RawSocket {
  let received: Buffer = Buffer.alloc(0);
  let isOver = false;
  const retries = new Set<() => void>();
  const retry = (): void => {
    for (const retry of [...retries]) retry();
  };
  const over = (): void => {
    isOver = true;
    retry();
  };
  socket.on('data', (chunk: Buffer) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    retry();
  });
  socket.on('error', () => {});
  socket.on('end', over);
  socket.on('close', over);

  /** `take` gives a value and how many bytes it was, or undefined while there are too few. */
  function next<T>(take: (bytes: Buffer) => { value: T; size: number } | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const attempt = (): void => {
        const taken = take(received);
        if (taken === undefined && !isOver) return;
        retries.delete(attempt);
        if (taken === undefined) reject(new Error(`the connection ended: ${received.toString('latin1')}`));
        else {
          received = received.subarray(taken.size);
          resolve(taken.value);
        }
      };
      retries.add(attempt);
      attempt();
    });
  }

  return {
    socket,
    send: (bytes) => void socket.write(bytes),
    answer: () => next(takeAnswer),
    frame: () => next(takeFrame),
    bytes: (count) =>
      next((bytes) => (bytes.length < count ? undefined : { value: bytes.subarray(0, count), size: count })),
    rest: () => next((bytes) => (isOver ? { value: bytes, size: bytes.length } : undefined)),
  };
}

export function openRaw(port: number): RawSocket {
  return watchSocket(connect({ port, host: '127.0.0.1', noDelay: true }));
}

/** The text of an upgrade request; a header given as undefined is left out. */
export function upgradeRequest(target: string, headers: Readonly<Record<string, string | undefined>> = {}): string {
  const all: Record<string, string | undefined> = {
    Host: '127.0.0.1',
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': KEY,
    ...headers,
  };
  const lines = Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`]));
  return `GET ${target} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`;
}

/** A raw client after its 101. */
export async function upgradeRaw(port: number, target: string, early: Buffer = Buffer.alloc(0)): Promise<RawSocket> {
  const raw = openRaw(port);
  raw.send(Buffer.concat([Buffer.from(upgradeRequest(target)), early]));
  const { status } = await raw.answer();
  if (status !== 101) throw new Error(`the upgrade was refused with ${status}`);
  return raw;
}

export function acceptFor(key: string): string {
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
}

/** The socket beneath a WebSocket of a test. */
export function socketOf(ws: WebSocket): Socket {
  return (ws as WebSocket & { readonly _socket: Socket })._socket;
}

/** A provider's side of an upgrade, answered by hand. */
export function acceptRaw(request: IncomingMessage, socket: Socket): RawSocket {
  const accept = acceptFor(String(request.headers['sec-websocket-key']));
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  return watchSocket(socket);
}

export interface FrameOptions {
  readonly fin?: boolean;
  /** RSV1 to RSV3 as bits 4, 2, 1. */
  readonly rsv?: number;
  /** Clients mask, servers do not. */
  readonly masked?: boolean;
  /** The length that the header claims, where it is not that of the payload. */
  readonly claimed?: number;
}

export function frameBytes(
  opcode: number,
  payload: Buffer | string = '',
  { fin = true, rsv = 0, masked = true, claimed }: FrameOptions = {},
): Buffer {
  const body = Buffer.from(payload as Buffer);
  const length = claimed ?? body.length;
  const first = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
  const flag = masked ? 0x80 : 0;
  let head: Buffer;
  if (length < 126) head = Buffer.from([first, flag | length]);
  else if (length < 65_536) head = Buffer.from([first, flag | 126, length >> 8, length & 255]);
  else {
    head = Buffer.alloc(10);
    head[0] = first;
    head[1] = flag | 127;
    head.writeBigUInt64BE(BigInt(length), 2);
  }
  if (!masked) return Buffer.concat([head, body]);
  const mask = Buffer.from([0x11, 0x22, 0x33, 0x44]);
  for (let index = 0; index < body.length; index++) body[index] = (body[index] ?? 0) ^ (mask[index % 4] ?? 0);
  return Buffer.concat([head, mask, body]);
}

export function closeBytes(code: number, reason: Buffer | string = '', options: FrameOptions = {}): Buffer {
  const payload = Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from(reason as Buffer)]);
  return frameBytes(8, payload, options);
}

/** Code and reason of a close frame; 1005 for an empty one. */
export function closeOf({ opcode, payload }: WireFrame): { code: number; reason: string } {
  if (opcode !== 8) throw new Error(`expected a close, got opcode ${opcode}`);
  return payload.length < 2
    ? { code: 1005, reason: '' }
    : { code: payload.readUInt16BE(0), reason: payload.toString('utf8', 2) };
}

function takeAnswer(bytes: Buffer): { value: HttpAnswer; size: number } | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [status = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  return { value: { status: Number(status.split(' ')[1]), headers }, size: end + 4 };
}

/** Reads the frames of either end. */
function takeFrame(bytes: Buffer): { value: WireFrame; size: number } | undefined {
  if (bytes.length < 2) return undefined;
  const short = (bytes[1] ?? 0) & 0x7f;
  const masked = ((bytes[1] ?? 0) & 0x80) !== 0;
  const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
  const at = 2 + lengthBytes + (masked ? 4 : 0);
  if (bytes.length < at) return undefined;
  const length =
    lengthBytes === 0 ? short : lengthBytes === 2 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
  if (bytes.length < at + length) return undefined;
  const payload = Buffer.from(bytes.subarray(at, at + length));
  if (masked) for (let i = 0; i < length; i++) payload[i] = (payload[i] ?? 0) ^ (bytes[at - 4 + (i % 4)] ?? 0);
  return {
    value: { opcode: (bytes[0] ?? 0) & 0x0f, payload, fin: ((bytes[0] ?? 0) & 0x80) !== 0 },
    size: at + length,
  };
}
