// Asks a provider over HTTP, on a connection of its own: by the same rules for addresses, proxies and time as a session is dialled.

import type { IncomingMessage } from 'node:http';
import { performance } from 'node:perf_hooks';
import type { TypedBody } from '../../../adapters/realtime/contract/calls.ts';
import type { HttpReply, Refusal } from '../../../adapters/realtime/refusal.ts';
import type { Config } from '../../config/config.ts';
import { http } from '../../platform/http.ts';
import { proxyFor } from '../../platform/outbound/proxy.ts';
import { brokeOff, connectBefore } from '../../transport/dial.ts';
import { ProviderTls } from '../../transport/provider-tls.ts';
import type { Admission } from '../admission/admission.ts';

/** Where and how a provider is reached; the URL has the scheme of WebSocket. */
export type Reached = Pick<Admission, 'upstream' | 'allowPrivate' | 'isRehearsal' | 'ownCredential'>;

export interface CallQuestion {
  readonly method: string;
  readonly body?: TypedBody | undefined;
  readonly accept?: string | undefined;
}

interface Means {
  readonly config: Pick<Config, 'limits' | 'proxy'>;
  readonly signal: AbortSignal;
  /** Called before the first byte of the request. */
  readonly onSent?: () => void;
}

/** The largest answer that is read as a whole: SDP has some kilobytes. */
const MAX_ANSWER_BYTES = 1024 * 1024;
/** Headers of an answer that are passed on. */
const HEADERS = ['content-type', 'location', 'retry-after', 'x-request-id'] as const;

const tls = new ProviderTls();

/** Resolves with the answer, of which the head has come, or with why there is none within `dialMs`. */
export async function askProvider(
  { upstream, allowPrivate, isRehearsal }: Reached,
  { method, body, accept = '*/*' }: CallQuestion,
  { config: { limits, proxy: proxies }, signal, onSent }: Means,
): Promise<IncomingMessage | Refusal> {
  const deadlineAt = performance.now() + limits.dialMs;
  const url = new URL(upstream.url);
  const proxy = isRehearsal || !proxies ? undefined : proxyFor(url, proxies);
  const socket = await connectBefore(deadlineAt, { upstream, limits, allowPrivate, proxy, tls, signal });
  if ('kind' in socket) return socket.refusal;
  onSent?.();
  const { promise, resolve } = Promise.withResolvers<IncomingMessage | Refusal>();
  const request = http.request({
    createConnection: () => socket,
    method,
    // The bytes of the URL, which `URL` would change.
    path: upstream.url.slice(url.origin.length) || '/',
    setHost: false,
    headers: {
      host: url.host,
      accept,
      ...upstream.headers,
      ...(body && { 'content-type': body.type }),
      ...(method === 'POST' && { 'content-length': String(body?.data.length ?? 0) }),
    },
  });
  const timer = setTimeout(() => {
    resolve(timedOut(limits.dialMs));
    request.destroy();
  }, deadlineAt - performance.now());
  const abort = (): void => void request.destroy();
  signal.addEventListener('abort', abort, { once: true });
  request.on('error', (error) => resolve(brokeOff(error)));
  request.once('response', resolve);
  request.end(body?.data);
  return promise.finally(() => {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  });
}

/** Asks, and reads the whole answer. */
export async function askForWhole(to: Reached, question: CallQuestion, means: Means): Promise<HttpReply | Refusal> {
  const response = await askProvider(to, question, means);
  return 'code' in response ? response : readAnswer(response, means.config.limits.dialMs);
}

/** Reads the whole of an answer whose head has come, within `ms`. */
export async function readAnswer(response: IncomingMessage, ms: number): Promise<HttpReply | Refusal> {
  const timer = setTimeout(() => response.destroy(new Error('the answer did not end')), ms);
  try {
    const pieces: Buffer[] = [];
    let bytes = 0;
    for await (const piece of response as AsyncIterable<Buffer>) {
      bytes += piece.length;
      if (bytes > MAX_ANSWER_BYTES) return tooLong;
      pieces.push(piece);
    }
    return { ...headOf(response), body: Buffer.concat(pieces) };
  } catch (error) {
    return brokeOff(error as Error);
  } finally {
    clearTimeout(timer);
    response.destroy();
  }
}

/** Status and headers of an answer, as far as they are passed on. */
export function headOf({ statusCode: status = 502, headers }: IncomingMessage): Pick<HttpReply, 'status' | 'headers'> {
  const kept = HEADERS.flatMap((name) => (typeof headers[name] === 'string' ? [[name, headers[name]]] : []));
  return { status, headers: Object.fromEntries(kept) };
}

const tooLong: Refusal = {
  status: 502,
  code: 'upstream_refused',
  message: `the provider answered with more than ${MAX_ANSWER_BYTES} bytes`,
};

const timedOut = (ms: number): Refusal => ({
  status: 504,
  code: 'upstream_timeout',
  message: `the provider did not answer within ${ms} ms`,
});
