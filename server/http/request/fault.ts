// Answers bytes that never became a request: too slow, too large, or no HTTP. Such an answer has an id and a line in the log, as any other
// refusal.

import { randomUUID } from 'node:crypto';
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Refusal } from '../../../adapters/realtime/refusal.ts';
import { problemReply } from '../problem.ts';
import { writeReply } from '../reply.ts';
import { REQUEST_ID_HEADER } from './source.ts';

interface RequestFault {
  readonly socket: Socket;
  readonly refusal: Refusal;
  readonly requestId: string;
}

/** `report` is not told of connections that never sent a byte: browsers open some ahead. */
export function answerFaults(server: Server, report: (fault: RequestFault) => void): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    const refusal = refusalOf(error.code ?? '');
    if (refusal === undefined || hasBegunToAnswer(socket)) return void socket.destroy();
    const requestId = randomUUID();
    if (socket.bytesRead > 0) report({ socket, refusal, requestId });
    writeReply(socket, problemReply('', refusal), { [REQUEST_ID_HEADER]: requestId });
  });
}

/** Returns undefined for a connection that is lost, or has no TLS. */
function refusalOf(code: string): Refusal | undefined {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT': {
      const message = 'expected a whole request sooner (limits.handshakeMs)';
      return { status: 408, code: 'request_timeout', message };
    }
    case 'HPE_HEADER_OVERFLOW': {
      const message = 'expected fewer and shorter headers (limits.maxHeaderBytes, 64 headers)';
      return { status: 431, code: 'headers_too_large', message };
    }
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return { status: 413, code: 'body_too_large', message: 'expected chunks without long extensions' };
    default:
      return code.startsWith('HPE_')
        ? { status: 400, code: 'invalid_request', message: 'expected a request in HTTP/1.1' }
        : undefined;
  }
}

/** A second answer would be taken for a part of the first. Node itself asks the same field. */
function hasBegunToAnswer(socket: Socket): boolean {
  const { _httpMessage: message } = socket as Socket & { _httpMessage?: { readonly _headerSent?: boolean } | null };
  return message?._headerSent === true;
}
