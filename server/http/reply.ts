// Writes an ordinary HTTP reply to the socket of an upgrade request.

import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { HttpReply } from '../../adapters/realtime/contract.ts';

/** Closes the socket once the reply has left. */
export function writeReply(socket: Socket, { status, headers, body }: HttpReply): void {
  if (!socket.writable) return void socket.destroy();
  const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Refused'}`];
  for (const [name, value] of Object.entries(headers)) {
    if (/^[\t\x20-\x7e]*$/.test(value)) lines.push(`${name}: ${value}`);
  }
  lines.push(`content-length: ${Buffer.byteLength(body)}`, 'connection: close', '', '');
  socket.write(lines.join('\r\n'));
  socket.write(body);
  socket.destroySoon();
}
