// One HTTP request to an LLM gateway, and its answer as it comes. Rule: what is sent once is sent once; nothing is repeated or redirected here.

import type { Readable } from 'node:stream';
import type { Agent } from 'undici';
import { LlmFault } from '../../adapters/llm/index.ts';
import type { LlmRequest } from '../../adapters/llm/llm.ts';
import { PrivateAddressError } from '../connect.ts';

export interface Incoming {
  readonly status: number;
  /** Lower-case names; several of one name are joined. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readable;
}

/** Resolves with the head of the answer. Rejects with undici's errors, and with the signal's reason. */
export async function send(agent: Agent, request: LlmRequest, signal: AbortSignal): Promise<Incoming> {
  const { origin, pathname, search } = new URL(request.url);
  const { statusCode, headers, body } = await agent.request({
    origin,
    path: pathname + search,
    method: 'POST',
    headers: request.headers,
    body: request.body,
    signal,
    // The guard has the one timeout.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  // An answer that is let go still says so, and nobody listens.
  body.on('error', () => {});
  return { status: statusCode, headers: flat(headers), body };
}

function flat(headers: Record<string, string | string[] | undefined>): Readonly<Record<string, string>> {
  const flattened: Record<string, string> = {};
  for (const name in headers) {
    const value = headers[name];
    if (value !== undefined) flattened[name] = typeof value === 'string' ? value : value.join(', ');
  }
  return flattened;
}

/**
 * Hands on the pieces of a body. Resolves at its end; rejects when it breaks off, with what `take` throws, and with an LlmFault (`garbled`)
 * beyond the limit.
 */
export function readBody(body: Readable, maxBytes: number, take: (piece: Buffer) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    let bytes = 0;
    const fail = (error: unknown) => {
      reject(error);
      body.destroy();
    };
    body.on('data', (piece: Buffer) => {
      bytes += piece.length;
      if (bytes > maxBytes) return fail(new LlmFault('garbled', `an answer of more than ${maxBytes} bytes`));
      try {
        take(piece);
      } catch (error) {
        fail(error);
      }
    });
    body.once('end', resolve);
    body.once('error', reject);
    body.once('close', () => {
      if (!body.readableEnded) reject(new LlmFault('unavailable', 'the answer broke off'));
    });
  });
}

export async function readWhole(body: Readable, maxBytes: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  await readBody(body, maxBytes, (piece) => pieces.push(piece));
  return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);
}

/** No byte of a request has reached anyone when a connection fails with one of these. */
const NOT_SENT =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|UND_ERR_CONNECT_TIMEOUT|ERR_TLS_.*|ERR_SSL_.*|CERT_.*|DEPTH_ZERO_.*|SELF_SIGNED_.*|UNABLE_TO_.*)$/;

export function wasSent(error: unknown): boolean {
  return (
    !(error instanceof PrivateAddressError) && !NOT_SENT.test(String((error as NodeJS.ErrnoException)?.code ?? ''))
  );
}

/** A fault of the connection, in the words of the router; its code is a short word, never content. */
export function connectionFault(error: unknown): LlmFault {
  if (error instanceof LlmFault) return error;
  const code = error instanceof PrivateAddressError ? 'a private address' : (error as NodeJS.ErrnoException)?.code;
  return new LlmFault('unavailable', `no connection${code ? ` (${code})` : ''}`, { cause: error });
}
