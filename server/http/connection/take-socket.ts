// Takes the connection of a request from the HTTP server that has read it to its end, so that another process can answer the request.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { stopReading } from '../../ipc/channel/connection.ts';
import { headBytes } from '../request/head.ts';

/** Returns the socket, which nobody reads any more, and all bytes of the request. Nothing was answered, and nothing will be. */
export function takeSocket(
  { request, response }: { readonly request: IncomingMessage; readonly response: ServerResponse },
  body: Buffer | undefined,
): { readonly socket: Socket; readonly bytes: Buffer } {
  const { socket } = request;
  response.detachSocket(socket);
  // A listener for data makes Node read the socket as a stream again, and not past it, by its parser; that goes with the others.
  socket.on('data', () => {});
  for (const event of ['data', 'end', 'drain', 'timeout', 'error']) socket.removeAllListeners(event);
  socket.on('error', () => {});
  socket.setTimeout(0);
  return { socket, bytes: Buffer.concat([headBytes(request), bodyBytes(request, body), stopReading(socket)]) };
}

/** A body that came in chunks is one. */
function bodyBytes({ headers }: IncomingMessage, body: Buffer = Buffer.alloc(0)): Buffer {
  if (headers['transfer-encoding'] === undefined) return body;
  const size = body.length === 0 ? '' : `${body.length.toString(16)}\r\n`;
  return Buffer.concat([Buffer.from(size), body, Buffer.from(body.length === 0 ? '0\r\n\r\n' : '\r\n0\r\n\r\n')]);
}
