// Opens a tunnel through an HTTP proxy with CONNECT (RFC 9110, section 9.3.6).

import { request as requestHttps } from 'node:https';
import type { Socket } from 'node:net';
import { http } from '../http.ts';

/** The error of a tunnel that the proxy did not open; `cause` is the error of a proxy that cannot be reached. */
export class ProxyError extends Error {
  readonly code = 'PROXY_FAILED';
}

interface TunnelOptions {
  /** http: or https:; a user and a password in it are sent to the proxy. */
  readonly proxy: URL;
  /** Host, IPv6 in brackets, and port. The proxy resolves the name. */
  readonly authority: string;
  /** Aborted when the socket is not wanted any more; what was opened so far is closed. */
  readonly signal: AbortSignal;
}

/**
 * Resolves with the socket behind the 200 of the proxy; nothing reads it yet. Rejects with a ProxyError, whose message has no address
 * and no credential, or with the reason of the signal.
 */
export function openTunnel({ proxy, authority, signal }: TunnelOptions): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const request = (proxy.protocol === 'https:' ? requestHttps : http.request)({
    ...{ method: 'CONNECT', path: authority, agent: false },
    ...{ host: proxy.hostname.replace(/^\[|\]$/g, ''), port: proxy.port || (proxy.protocol === 'https:' ? 443 : 80) },
    headers: { host: authority, ...proxyCredential(proxy) },
  });
  const onAbort = (): void => void request.destroy(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  request.once('connect', ({ statusCode = 0 }, socket, head) => {
    signal.removeEventListener('abort', onAbort);
    if (statusCode < 200 || statusCode > 299) {
      socket.destroy();
      reject(new ProxyError(`the proxy answered ${statusCode}`));
      return;
    }
    if (head.length > 0) socket.unshift(head);
    resolve((socket as Socket).setNoDelay(true));
  });
  request.once('response', ({ statusCode }) => {
    request.destroy(new ProxyError(`the proxy answered ${statusCode}`));
  });
  request.on('error', (error: NodeJS.ErrnoException) => {
    signal.removeEventListener('abort', onAbort);
    const isOurs = signal.aborted || error instanceof ProxyError;
    const words = `the proxy could not be reached${error.code ? ` (${error.code})` : ''}`;
    reject(isOurs ? error : new ProxyError(words, { cause: error }));
  });
  request.end();
  if (signal.aborted) onAbort();
  return promise;
}

function proxyCredential({ username, password }: URL): Readonly<Record<string, string>> {
  if (username === '') return {};
  const credential = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(credential).toString('base64')}` };
}
