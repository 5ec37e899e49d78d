// Describes the head of a request as plain data, which another process can be asked about.

import type { IncomingMessage } from 'node:http';

export interface RequestHead
  extends Readonly<Pick<IncomingMessage, 'method' | 'url' | 'httpVersion' | 'headers' | 'headersDistinct'>> {
  readonly socket: { readonly remoteAddress: string | undefined };
}

/** The head of a request as it came, but for spaces that mean nothing. */
export function headBytes({ method, url, httpVersion, rawHeaders }: IncomingMessage): Buffer {
  const headers = rawHeaders.map((word, at) => word + (at % 2 === 0 ? ': ' : '\r\n'));
  return Buffer.from(`${method} ${url} HTTP/${httpVersion}\r\n${headers.join('')}\r\n`, 'latin1');
}

export function requestHead(request: IncomingMessage): RequestHead {
  const { method, url, httpVersion, socket } = request;
  return {
    ...{ method, url, httpVersion },
    headers: { ...request.headers },
    headersDistinct: { ...request.headersDistinct },
    socket: { remoteAddress: socket.remoteAddress },
  };
}
