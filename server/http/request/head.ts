// Describes the head of a request as plain data, which another process can be asked about.

import type { IncomingMessage } from 'node:http';

export interface RequestHead {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly httpVersion: string;
  readonly headers: IncomingMessage['headers'];
  readonly headersDistinct: IncomingMessage['headersDistinct'];
  readonly socket: { readonly remoteAddress: string | undefined };
}

export function requestHead({
  method,
  url,
  httpVersion,
  headers,
  headersDistinct,
  socket,
}: IncomingMessage): RequestHead {
  const { remoteAddress } = socket;
  return {
    method,
    url,
    httpVersion,
    headers: { ...headers },
    headersDistinct: { ...headersDistinct },
    socket: { remoteAddress },
  };
}
