// What a provider answers to an upgrade. The 101 is read here, since a session waits for it; everything else goes through Node's
// HTTP parser, which knows bodies. Rule: nobody loses a byte that comes behind the 101.

import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import type { HttpReply } from '../../adapters/realtime/contract.ts';
import { readInterimHead } from '../../codecs/response-head.ts';

export interface UpgradeResponseListener {
  /** It answered with 101. What came behind that is in the socket, which is paused. */
  switched(headers: Readonly<Record<string, string>>): void;
  refused(reply: HttpReply): void;
  /** The connection ended before an answer, or what came is no HTTP. Errors of the socket itself are its own. */
  failed(error: Error): void;
}

export interface UpgradeResponseReader {
  /** Ends a refusal as far as it came; false when there is none yet. */
  cut(): boolean;
  /** Nothing is told from now on. */
  stop(): void;
}

/** The largest body of a refusal that is relayed. */
const REFUSAL_BODY_BYTES = 64 * 1024;
/** Headers of a refusal that are relayed; `Location` is never one of them. */
const REFUSAL_HEADERS = ['content-type', 'retry-after', 'x-request-id'] as const;

/** Reads the answer to a request that was, or will be, written to the socket. */
export function readUpgradeResponse(socket: Socket, listener: UpgradeResponseListener): UpgradeResponseReader {
  let early: Buffer = Buffer.alloc(0);
  let response: IncomingMessage | undefined;

  function onData(chunk: Buffer): void {
    early = early.length === 0 ? chunk : Buffer.concat([early, chunk]);
    let head = readInterimHead(early);
    // Early hints and the like come before the answer.
    while (typeof head === 'object' && head.status !== 101) {
      early = early.subarray(head.length);
      head = readInterimHead(early);
    }
    if (head === 'partial') return;
    if (head === undefined) handOver();
    else {
      early = early.subarray(head.length);
      release();
      listener.switched(head.headers);
    }
  }
  const onEnd = (): void => listener.failed(new ConnectionReset());
  socket.on('data', onData);
  socket.once('end', onEnd);
  socket.once('close', onEnd);

  function stop(): void {
    socket.off('data', onData);
    socket.off('end', onEnd);
    socket.off('close', onEnd);
  }

  /** The socket as if nobody had read what was not used. */
  function release(): void {
    stop();
    socket.pause();
    if (early.length > 0) socket.unshift(early);
  }

  function handOver(): void {
    release();
    const request = readByNode(socket);
    request.on('error', (error) => listener.failed(error));
    request.once('response', (answer) => {
      response = answer;
      void readRefusal(request, answer).then(listener.refused);
    });
  }

  return {
    cut() {
      response?.destroy();
      return response !== undefined;
    },
    stop,
  };
}

class ConnectionReset extends Error {
  readonly code = 'ECONNRESET';
}

/** A request that is never sent, whose answer is what the socket has. */
function readByNode(socket: Socket): ClientRequest {
  const connection = new Duplex({ read: () => void socket.resume(), write: (_chunk, _encoding, done) => done() });
  connection.on('error', () => {});
  socket.on('data', (chunk: Buffer) => connection.push(chunk) || socket.pause());
  socket.once('end', () => connection.push(null));
  socket.once('close', () => connection.destroy());
  const headers = { Connection: 'Upgrade', Upgrade: 'websocket' };
  return httpRequest({ headers, createConnection: () => connection }).end();
}

/** Reads at most 64 KiB of the body. The request ends with the socket, whatever the provider does. */
async function readRefusal(request: ClientRequest, response: IncomingMessage): Promise<HttpReply> {
  const status = response.statusCode ?? 502;
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    if (!isRelayable(status)) response.destroy();
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      size += chunk.length;
      if (size >= REFUSAL_BODY_BYTES) break;
    }
  } catch {
    // A body that breaks off is relayed as far as it came.
  }
  request.destroy();
  const headers: Record<string, string> = {};
  for (const name of REFUSAL_HEADERS) {
    const value = response.headers[name];
    if (typeof value === 'string') headers[name] = value;
  }
  return { status, headers, body: Buffer.concat(chunks).subarray(0, REFUSAL_BODY_BYTES) };
}

/** Whether an answer is the provider's refusal; a success or a redirect is none. */
export function isRelayable(status: number): boolean {
  return status >= 400;
}
