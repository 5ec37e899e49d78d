// The one function that opens a provider socket: deadline, no redirects.

import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Endpoint, HttpReply, Refusal } from '../adapters/adapter.ts';
import type { Limits } from './config.ts';
import { connect, PrivateAddressError } from './connect.ts';
import { upgradeRequest } from './websocket-upgrade.ts';

export interface DialOptions {
  readonly endpoint: Endpoint;
  readonly allowPrivate: boolean;
  readonly limits: Limits;
  /** Aborted when the client is gone. */
  readonly signal: AbortSignal;
  /** One that was opened ahead; a new one when there is none. */
  readonly connection?: Socket | undefined;
  /** How much of the deadline has passed already. */
  readonly spentMs?: number;
}

/** A provider socket behind its 101 (nobody reads it yet), the provider's own refusal to pass on, or ours. */
export type Dialled =
  | { readonly kind: 'open'; readonly socket: Socket }
  | { readonly kind: 'refused'; readonly reply: HttpReply }
  | { readonly kind: 'failed'; readonly refusal: Refusal };

/** The largest body of a refusal that is relayed. */
const REFUSAL_BODY_BYTES = 64 * 1024;
/** Headers of a refusal that are relayed; `Location` is never one of them. */
const REFUSAL_HEADERS = ['content-type', 'retry-after', 'x-request-id'] as const;

export function dial(options: DialOptions): Promise<Dialled> {
  const { endpoint, limits, signal } = options;
  const { promise, resolve } = Promise.withResolvers<Dialled>();
  const url = new URL(endpoint.url);
  const socket = options.connection ?? connect(url, options.allowPrivate);
  const upgrade = upgradeRequest(endpoint.protocols);
  const request = httpRequest({
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port,
    defaultPort: url.protocol === 'wss:' ? 443 : 80,
    path: url.pathname + url.search,
    headers: { ...endpoint.headers, ...upgrade.headers },
    createConnection: () => socket,
  });

  const fail = (refusal: Refusal): void => settle({ kind: 'failed', refusal });
  let answer: IncomingMessage | undefined;
  const deadline = setTimeout(
    () => {
      // A refusal whose body never ends is relayed as far as it came.
      if (answer === undefined) fail(timedOut(limits.dialMs));
      else answer.destroy();
    },
    limits.dialMs - (options.spentMs ?? 0),
  );
  const onAbort = (): void => fail(unreachable('the client left'));
  signal.addEventListener('abort', onAbort, { once: true });

  let settled = false;
  function settle(dialled: Dialled): void {
    if (settled) return;
    settled = true;
    clearTimeout(deadline);
    signal.removeEventListener('abort', onAbort);
    socket.off('error', onError);
    if (dialled.kind !== 'open') socket.destroy();
    resolve(dialled);
  }

  // From its first moment to its last no error of the socket may go unheard; the first handler holds on to all of the dialling.
  const onError = (error: Error): void => fail(unreachable(describe(error)));
  socket.on('error', ignoreError);
  socket.on('error', onError);
  request.on('error', onError);
  request.once('response', (response) => {
    answer = response;
    void readRefusal(request, response).then((reply) => settle(relayable(reply)));
  });
  request.once('upgrade', ({ headers }, _, head: Buffer) => {
    const fault = upgrade.fault(headers);
    if (fault !== undefined) return fail(notWebSocket(fault));
    // What the provider sends at once waits until the session listens.
    if (head.length > 0) socket.unshift(head);
    settle({ kind: 'open', socket });
  });
  request.end();
  if (signal.aborted) onAbort();
  return promise;
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

function isRelayable(status: number): boolean {
  return status >= 400;
}

function relayable(reply: HttpReply): Dialled {
  if (isRelayable(reply.status)) return { kind: 'refused', reply };
  const message = `the provider answered the upgrade with HTTP ${reply.status}, expected 101`;
  return { kind: 'failed', refusal: { status: 502, code: 'upstream_refused', message } };
}

function unreachable(cause: string): Refusal {
  return { status: 502, code: 'upstream_unreachable', message: `the provider could not be reached: ${cause}`, cause };
}

function notWebSocket(fault: string): Refusal {
  return { status: 502, code: 'upstream_refused', message: `the provider is no WebSocket server: ${fault}` };
}

function timedOut(dialMs: number): Refusal {
  return {
    status: 504,
    code: 'upstream_timeout',
    message: `the provider did not answer the upgrade within ${dialMs} ms`,
  };
}

/** What went wrong, without addresses: the code of the system or of TLS where there is one. */
function describe(error: Error): string {
  if (error instanceof PrivateAddressError)
    return 'its address is private and the provider is not configured with allowPrivate';
  const code = (error as NodeJS.ErrnoException).code;
  return code ?? 'it broke off the upgrade';
}

function ignoreError(): void {}
