// One HTTP request to an LLM gateway, and its answer as it arrives. Rule: a request is sent once; nothing is repeated or redirected here.

import type { Agent, Dispatcher } from 'undici';
import type { LlmRequest } from '../../../../adapters/llm/contract.ts';
import { LlmFailure } from '../../../../adapters/llm/index.ts';
import { PrivateAddressError } from '../../../platform/private-address.ts';
import { type Decoder, decoderFor } from './content-encoding.ts';

export interface Head {
  readonly status: number;
  /** Lower-case names; several headers of one name are joined. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface SendOptions {
  readonly signal: AbortSignal;
  /** Called whenever something of the answer comes. */
  readonly heard: () => void;
  /** Limit of the answer's body, decoded. */
  readonly maxBytes: number;
  /** Returns the function that takes the pieces of the body, decoded. What either of them throws ends the request, as `end` does with that error. */
  readonly onHead: (head: Head, end: (error: Error) => void) => (piece: Buffer) => void;
}

/**
 * Resolves with the head when the answer is complete. Rejects with undici's errors, the signal's reason, what `onHead` and its function
 * throw, and with an LlmFailure (`garbled`) when the body is longer than the limit, or cannot be decoded.
 */
export async function send(agent: Agent, request: LlmRequest, options: SendOptions): Promise<Head> {
  const { signal } = options;
  signal.throwIfAborted();
  const { origin, pathname, search } = new URL(request.url);
  const { headers, body } = request;
  const receiver = new Receiver(options);
  const abort = () => receiver.fail(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  // The guard of the target watches its silence.
  const timeouts = { headersTimeout: 0, bodyTimeout: 0 };
  try {
    agent.dispatch({ origin, path: pathname + search, method: 'POST', headers, body, ...timeouts }, receiver);
    return await receiver.done;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** Takes one answer from undici, and ends it once. undici's `request` would cost a third more CPU than this handler. */
class Receiver implements Dispatcher.DispatchHandler {
  readonly #ended = Promise.withResolvers<Head>();
  readonly done = this.#ended.promise;
  readonly #options: Omit<SendOptions, 'signal'>;
  #controller: Dispatcher.DispatchController | undefined;
  #head: Head | undefined;
  #take: (piece: Buffer) => void = () => {};
  #decoder: Decoder | undefined;
  #bytes = 0;
  #isOver = false;

  constructor(options: Omit<SendOptions, 'signal'>) {
    this.#options = options;
  }

  fail(error: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#decoder?.stop();
    this.#ended.reject(error);
    this.#controller?.abort(error as Error);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#isOver) controller.abort(new Error('given up'));
  }

  onResponseStart(_: unknown, status: number, headers: Record<string, string | string[] | undefined>): void {
    // An informational answer is not the head.
    this.#options.heard();
    if (status < 200 || this.#isOver) return;
    const head = { status, headers: joinedValues(headers) };
    this.#head = head;
    this.#failIfThrown(() => {
      this.#take = this.#options.onHead(head, (error) => this.fail(error));
      this.#decoder = decoderFor(head.headers['content-encoding'], {
        onPiece: (piece) => this.#pass(piece),
        onEnd: () => this.#end(),
        onFault: (fault) => this.fail(fault),
      });
    });
  }

  onResponseData(_: unknown, piece: Buffer): void {
    if (this.#isOver) return;
    this.#options.heard();
    if (this.#decoder === undefined) this.#pass(piece);
    else this.#decoder.push(piece);
  }

  onResponseEnd(): void {
    if (this.#isOver) return;
    if (this.#decoder === undefined) this.#end();
    else this.#decoder.end();
  }

  onResponseError(_: unknown, error: Error): void {
    this.fail(error);
  }

  #pass(piece: Buffer): void {
    if (this.#isOver) return;
    const { maxBytes } = this.#options;
    this.#bytes += piece.length;
    if (this.#bytes > maxBytes)
      this.fail(new LlmFailure('garbled', `an answer of more than ${maxBytes} bytes`, { isOurs: true }));
    else this.#failIfThrown(() => this.#take(piece));
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#ended.resolve(this.#head as Head);
  }

  #failIfThrown(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.fail(error);
    }
  }
}

function joinedValues(headers: Record<string, string | string[] | undefined>): Readonly<Record<string, string>> {
  const joined: Record<string, string> = {};
  for (const name in headers) {
    const value = headers[name];
    if (value !== undefined) joined[name] = typeof value === 'string' ? value : value.join(', ');
  }
  return joined;
}

/** Codes of connections that fail before a byte of the request has left. */
const NOT_SENT =
  /^(PROXY_FAILED|ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|UND_ERR_CONNECT_TIMEOUT|ERR_TLS_.*|ERR_SSL_.*|CERT_.*|DEPTH_ZERO_.*|SELF_SIGNED_.*|UNABLE_TO_.*)$/;

/** Codes of this machine, or of the way out of its network: they say nothing of the target. */
const OUR_FAULTS = ['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'EADDRNOTAVAIL', 'PROXY_FAILED'];

export function wasSent(error: unknown): boolean {
  return (
    !(error instanceof PrivateAddressError) && !NOT_SENT.test(String((error as NodeJS.ErrnoException)?.code ?? ''))
  );
}

/** The error of a connection as a failure of the target. Its code is a short word, never content. */
export function connectionFailure(error: unknown): LlmFailure {
  if (error instanceof LlmFailure) return error;
  const isRefused = error instanceof PrivateAddressError;
  const code = isRefused ? 'a private address' : (error as NodeJS.ErrnoException)?.code;
  const isOurs = isRefused || OUR_FAULTS.includes(code ?? '');
  return new LlmFailure('unavailable', `no connection${code ? ` (${code})` : ''}`, { cause: error, isOurs });
}
