// Writes whole HTTP replies: to the response of a request, or to the socket of an upgrade request.

import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { HttpReply } from '../../adapters/realtime/refusal.ts';
import { credentialMask } from '../../codecs/text/secret.ts';
import { http } from '../platform/http.ts';
import { exposing } from './cors.ts';

export function jsonReply(status: number, body: object, headers: HttpReply['headers'] = {}): HttpReply {
  const all = { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers };
  return { status, headers: all, body: JSON.stringify(body) };
}

/** Writes the head of every answer. */
export function writeHead(response: ServerResponse, status: number, headers: HttpReply['headers']): void {
  response.writeHead(status, { ...headers, ...exposing(response, headers) });
}

export function sendReply(response: ServerResponse, { status, headers, body }: HttpReply): void {
  // An answer that never has a body has no length either (RFC 9110, section 8.6).
  const length = status !== 204 && { 'content-length': String(Buffer.byteLength(body)) };
  writeHead(response, status, { ...headers, ...length });
  response.end(response.req.method === 'HEAD' ? undefined : body);
}

/** Closes the socket once the reply has left. `more`: headers that the reply may have already, and then keeps. */
export function writeReply(
  socket: Socket,
  { status, headers, body }: HttpReply,
  more: HttpReply['headers'] = {},
): void {
  if (!socket.writable) return void socket.destroy();
  const lines = [`HTTP/1.1 ${status} ${http.STATUS_CODES[status] ?? 'Refused'}`];
  for (const [name, value] of Object.entries({ ...more, ...headers })) {
    if (/^[\t\x20-\x7e]*$/.test(value)) lines.push(`${name}: ${value}`);
  }
  lines.push(`content-length: ${Buffer.byteLength(body)}`, 'connection: close', '', '');
  socket.write(lines.join('\r\n'));
  socket.write(body);
  socket.destroySoon();
}

/** Returns a provider's refusal with the gateway's own credential masked, which some providers, and proxies before them, quote. */
export function masked(reply: HttpReply, credential: string | undefined): HttpReply {
  const mask = credentialMask(credential);
  if (mask === undefined) return reply;
  const inCopy = (text: string | Buffer): Buffer => {
    const bytes = Buffer.from(text as string, 'latin1');
    mask(bytes);
    return bytes;
  };
  const headers = Object.entries(reply.headers).map(([name, value]) => [name, inCopy(value).toString('latin1')]);
  return { ...reply, headers: Object.fromEntries(headers), body: inCopy(Buffer.from(reply.body)) };
}
