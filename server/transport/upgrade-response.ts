// Reads the response of a provider to an upgrade: the 101 itself, since a session waits for it, everything else by Node's HTTP parser,
// which knows bodies. Rule: no byte that comes behind the 101 is lost.

import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import type { HttpReply } from '../../adapters/realtime/refusal.ts';
import { readInterimHead } from '../../codecs/websocket/response-head.ts';
import { http } from '../platform/http.ts';

interface UpgradeResponseListener {
  /** Called for a 101. The bytes behind it are in the socket, which is paused. */
  switched(headers: Readonly<Record<string, string>>): void;
  refused(reply: HttpReply): void;
  /** Called when the connection ended before a response, or when the bytes are no HTTP. Errors of the socket itself are not reported. */
  failed(error: Error): void;
}

const NOTHING: Buffer = Buffer.alloc(0);
/** The largest body of a refusal that is relayed. */
const REFUSAL_BODY_BYTES = 64 * 1024;
/** Headers of a refusal that are relayed; `Location` is never one of them. */
const REFUSAL_HEADERS = ['content-type', 'retry-after', 'x-request-id'] as const;

/** Reads the response to a request that was, or will be, written to the socket. */
export class UpgradeResponseReader {
  readonly #socket: Socket;
  readonly #listener: UpgradeResponseListener;
  #received = NOTHING;
  #refusal: IncomingMessage | undefined;

  constructor(socket: Socket, listener: UpgradeResponseListener) {
    this.#socket = socket;
    this.#listener = listener;
    socket.on('data', this.#onData);
    socket.once('end', this.#onEnd);
    socket.once('close', this.#onEnd);
  }

  /** Ends the body of a refusal as far as it came; false when there is no refusal yet. */
  truncate(): boolean {
    this.#refusal?.destroy();
    return this.#refusal !== undefined;
  }

  /** Removes our listeners: nothing is reported from now on. */
  stop(): void {
    this.#socket.off('data', this.#onData);
    this.#socket.off('end', this.#onEnd);
    this.#socket.off('close', this.#onEnd);
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    let head = readInterimHead(this.#received);
    // Early hints and the like come before the response.
    while (typeof head === 'object' && head.status !== 101) {
      this.#received = this.#received.subarray(head.length);
      head = readInterimHead(this.#received);
    }
    if (head === 'partial') return;
    if (head === undefined) this.#readByNode();
    else {
      this.#received = this.#received.subarray(head.length);
      this.#release();
      this.#listener.switched(head.headers);
    }
  };

  readonly #onEnd = (): void => this.#listener.failed(new ConnectionReset());

  /** Gives back to the socket what was read and not used. */
  #release(): void {
    this.stop();
    this.#socket.pause();
    if (this.#received.length > 0) this.#socket.unshift(this.#received);
  }

  #readByNode(): void {
    this.#release();
    const request = requestOn(this.#socket);
    request.on('error', (error) => this.#listener.failed(error));
    request.once('response', (response) => {
      this.#refusal = response;
      void readRefusal(request, response).then(this.#listener.refused);
    });
  }
}

class ConnectionReset extends Error {
  readonly code = 'ECONNRESET';
}

/** Makes a request that is never sent, whose response is what the socket receives. */
function requestOn(socket: Socket): ClientRequest {
  const connection = new Duplex({ read: () => void socket.resume(), write: (_chunk, _encoding, done) => done() });
  connection.on('error', () => {});
  socket.on('data', (chunk: Buffer) => connection.push(chunk) || socket.pause());
  socket.once('end', () => connection.push(null));
  socket.once('close', () => connection.destroy());
  const headers = { Connection: 'Upgrade', Upgrade: 'websocket' };
  return http.request({ headers, createConnection: () => connection }).end();
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

/** Tells whether a status is the provider's refusal; a success or a redirect is none. */
export function isRelayable(status: number): boolean {
  return status >= 400;
}
