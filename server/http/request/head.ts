// Describes the head of a request as plain data, which another process can be asked about.

import type { IncomingMessage } from 'node:http';

export interface RequestHead
  extends Readonly<Pick<IncomingMessage, 'method' | 'url' | 'httpVersion' | 'headers' | 'headersDistinct'>> {
  readonly socket: { readonly remoteAddress: string | undefined };
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
