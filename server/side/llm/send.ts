// One HTTP request to an LLM gateway, and its answer as it comes. Rule: what is sent once is sent once; nothing is repeated or redirected here.

import type { Agent, Dispatcher } from 'undici';
import type { LlmRequest } from '../../../adapters/llm/contract.ts';
import { LlmFailure } from '../../../adapters/llm/index.ts';
import { PrivateAddressError } from '../../platform/private-address.ts';

export interface Head {
  readonly status: number;
  /** Lower-case names; several of one name are joined. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface SendOptions {
  readonly signal: AbortSignal;
  /** Of the body of the answer. */
  readonly maxBytes: number;
  /** Says who takes the pieces of the body. What it or they throw ends the request. */
  readonly onHead: (head: Head) => (piece: Buffer) => void;
}

/**
 * Resolves with the head when the answer is complete. Rejects with undici's errors, the signal's reason, what `onHead` and its taker throw,
 * and with an LlmFailure (`garbled`) beyond the limit.
 */
export function send(agent: Agent, request: LlmRequest, { signal, ...options }: SendOptions): Promise<Head> {
  if (signal.aborted) return Promise.reject(signal.reason);
  const { origin, path } = placeOf(request.url);
  const { headers, body } = request;
  const { promise, resolve, reject } = Promise.withResolvers<Head>();
  const answer = receiver(options, {
    resolve(head) {
      signal.removeEventListener('abort', interrupt);
      resolve(head);
    },
    reject(error) {
      signal.removeEventListener('abort', interrupt);
      reject(error);
    },
  });
  const interrupt = () => answer.fail(signal.reason);
  signal.addEventListener('abort', interrupt, { once: true });
  // The guard has the one timeout.
  const timeouts = { headersTimeout: 0, bodyTimeout: 0 };
  agent.dispatch({ origin, path, method: 'POST', headers, body, ...timeouts }, answer.handler);
  return promise;
}

interface Place {
  readonly origin: string;
  readonly path: string;
}

/** URLs come from the configuration, so they are few. */
const MAX_PLACES = 1000;
const places = new Map<string, Place>();

function placeOf(url: string): Place {
  const known = places.get(url);
  if (known !== undefined) return known;
  const { origin, pathname, search } = new URL(url);
  const place = { origin, path: pathname + search };
  if (places.size < MAX_PLACES) places.set(url, place);
  return place;
}

interface Ends {
  resolve(head: Head): void;
  reject(error: unknown): void;
}

/** Takes one answer, and ends it once. */
function receiver({ maxBytes, onHead }: Omit<SendOptions, 'signal'>, ends: Ends) {
  let controller: Dispatcher.DispatchController | undefined;
  let head: Head | undefined;
  let take: (piece: Buffer) => void = () => {};
  let bytes = 0;
  let isOver = false;

  function fail(error: unknown): void {
    if (isOver) return;
    isOver = true;
    ends.reject(error);
    controller?.abort(error as Error);
  }
  const handler: Dispatcher.DispatchHandler = {
    onRequestStart(started) {
      controller = started;
      if (isOver) started.abort(new Error('given up'));
    },
    onResponseStart(_, status, received) {
      if (status < 200 || isOver) return;
      head = { status, headers: flat(received) };
      failing(() => {
        take = onHead(head as Head);
      });
    },
    onResponseData(_, piece) {
      if (isOver) return;
      bytes += piece.length;
      if (bytes > maxBytes) fail(new LlmFailure('garbled', `an answer of more than ${maxBytes} bytes`));
      else failing(() => take(piece));
    },
    onResponseEnd() {
      if (isOver) return;
      isOver = true;
      ends.resolve(head as Head);
    },
    onResponseError: (_, error) => fail(error),
  };
  function failing(work: () => void): void {
    try {
      work();
    } catch (error) {
      fail(error);
    }
  }
  return { handler, fail };
}

function flat(headers: Record<string, string | string[] | undefined>): Readonly<Record<string, string>> {
  const flattened: Record<string, string> = {};
  for (const name in headers) {
    const value = headers[name];
    if (value !== undefined) flattened[name] = typeof value === 'string' ? value : value.join(', ');
  }
  return flattened;
}

/** No byte of a request has reached anyone when a connection fails with one of these. */
const NOT_SENT =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|UND_ERR_CONNECT_TIMEOUT|ERR_TLS_.*|ERR_SSL_.*|CERT_.*|DEPTH_ZERO_.*|SELF_SIGNED_.*|UNABLE_TO_.*)$/;

export function wasSent(error: unknown): boolean {
  return (
    !(error instanceof PrivateAddressError) && !NOT_SENT.test(String((error as NodeJS.ErrnoException)?.code ?? ''))
  );
}

/** A failure of the connection, in the words of the router; its code is a short word, never content. */
export function connectionFailure(error: unknown): LlmFailure {
  if (error instanceof LlmFailure) return error;
  const code = error instanceof PrivateAddressError ? 'a private address' : (error as NodeJS.ErrnoException)?.code;
  return new LlmFailure('unavailable', `no connection${code ? ` (${code})` : ''}`, { cause: error });
}
