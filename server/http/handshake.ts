// Reads an HTTP request as adapters see it, and checks an upgrade. The path comes from the request target alone, never from `Host`.

import type { IncomingMessage } from 'node:http';
import type { Handshake } from '../../adapters/realtime/contract.ts';
import type { Refusal } from '../../adapters/realtime/refusal.ts';
import { hasBody } from './request/body.ts';

/** Characters of a subprotocol, which is a token (RFC 9110, section 5.6.2). */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const KEY = /^[+/0-9A-Za-z]{22}==$/;

/** A request target as a provider may be sent it: visible ASCII, without a fragment (RFC 9112, section 3.2.1). */
const ORIGIN_FORM = /^\/[\x21\x22\x24-\x7e]*$/;

/** Reads the request target; undefined when it is not in origin form. Leading slashes collapse: some SDKs send two. */
export function readHandshake(request: IncomingMessage): Handshake | undefined {
  const target = request.url ?? '';
  if (!ORIGIN_FORM.test(target)) return undefined;
  const { path, rawQuery } = requestTarget(target);
  const offered = request.headers['sec-websocket-protocol'];
  return {
    path,
    rawQuery,
    query: new URLSearchParams(rawQuery),
    headers: request.headers,
    protocols: offered === undefined ? [] : offered.split(',').map((protocol) => protocol.trim()),
  };
}

/** Splits a target into its path, whose leading slashes are one, and its query without the `?`. */
export function requestTarget(target: string): Pick<Handshake, 'path' | 'rawQuery'> {
  const [path = '', ...rest] = target.split('?');
  return { path: path.replace(/^\/+/, '/'), rawQuery: rest.length === 0 ? undefined : rest.join('?') };
}

/** Returns the path without its percent-encoding; undefined where that is malformed, such as `%zz`, or `%00`, which no store can hold. */
export function decodedPath({ path }: Pick<Handshake, 'path'>): string | undefined {
  try {
    const decoded = decodeURIComponent(path);
    return decoded.includes('\0') ? undefined : decoded;
  } catch {
    return undefined;
  }
}

/** Values of a parameter that is meant for the gateway, in lower case: from the query and from subprotocols `<name>.<value>`. */
export function gatewayParameter({ query, protocols }: Handshake, name: string): ReadonlySet<string> {
  const prefix = `${name}.`;
  const inProtocols = protocols.flatMap((protocol) =>
    protocol.startsWith(prefix) ? [protocol.slice(prefix.length)] : [],
  );
  return new Set([...query.getAll(name), ...inProtocols].map((value) => value.toLowerCase()));
}

/** The same, and the value of the header `x-<name>`. */
export function gatewayValues(handshake: Handshake, name: string): ReadonlySet<string> {
  const header = handshake.headers[`x-${name}`];
  const inHeader = header === undefined ? [] : [String(header).toLowerCase()];
  return new Set([...gatewayParameter(handshake, name), ...inHeader]);
}

/** Checks an upgrade request by RFC 6455, section 4.2.1. */
export function checkUpgrade(request: IncomingMessage, protocols: readonly string[]): Refusal | undefined {
  const { headers } = request;
  if (request.method !== 'GET') return invalid(405, `a WebSocket upgrade is a GET request, got ${request.method}`);
  if (request.httpVersion !== '1.1') return invalid(400, `expected HTTP/1.1, got HTTP/${request.httpVersion}`);
  if (headers.upgrade?.toLowerCase() !== 'websocket') return invalid(426, 'expected the header Upgrade: websocket');
  if (headers['sec-websocket-version'] !== '13') return invalid(426, 'expected the header Sec-WebSocket-Version: 13');
  if (!KEY.test(headers['sec-websocket-key'] ?? ''))
    return invalid(400, 'expected a Sec-WebSocket-Key of 16 bytes in base64');
  if (hasBody(request)) return invalid(400, 'an upgrade request has no body');
  if (protocols.some((protocol) => !TOKEN.test(protocol)) || new Set(protocols).size < protocols.length)
    return invalid(400, 'expected different tokens in Sec-WebSocket-Protocol');
  return undefined;
}

function invalid(status: number, message: string): Refusal {
  return { status, code: 'invalid_request', message };
}
