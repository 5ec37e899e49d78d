// Passes a request of the admin listener on to the side process, and its answer back as it comes.import { http } from '../../platform/http.ts';

import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream';
import { ADDRESS_HEADER } from '../../ipc/side-request.ts';
import { plainAddress } from '../../platform/address-list.ts';
import { http } from '../../platform/http.ts';

/** Time for the answer to begin; the side process itself gives up earlier. */
const HEAD_MS = 6000;

/** Resolves with false where no answer began, and nothing was written. `path`: of the socket of the side process. */
export function relayToSide(request: IncomingMessage, response: ServerResponse, path: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const { connection: _, ...headers } = request.headers;
  const from = { [ADDRESS_HEADER]: plainAddress(request.socket.remoteAddress ?? '') };
  const asked = http.request({
    socketPath: path,
    method: request.method,
    path: request.url,
    headers: { ...headers, ...from },
    agent: false,
  });
  asked.setTimeout(HEAD_MS, () => asked.destroy());
  asked.once('error', () => resolve(false));
  asked.once('response', (answer) => {
    asked.setTimeout(0);
    const { connection: __, ...given } = answer.headers;
    response.writeHead(answer.statusCode ?? 502, given);
    // An answer that breaks off must not look complete.
    pipeline(answer, response, () => resolve(true));
  });
  response.once('close', () => asked.destroy());
  pipeline(request, asked, () => {});
  return promise;
}
