// Serves an app of one page, whose program is bundled, as the server of a web app does: with a route of its own where the page asks one.

import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { bundled } from './page-bundle.ts';

interface PageApp {
  /** `http://app.localhost:port`: to a gateway on 127.0.0.1 a page of another origin. */
  readonly origin: string;
  close(): void;
}

const PAGE = '<!doctype html><div id="root"></div><script type="module" src="/app.js"></script>';

/** `route` answers what the page asks below `/api/`. */
export async function servePage(
  code: string,
  route?: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<PageApp> {
  const program = await bundled(code);
  const server = createServer((request, response) => {
    if (route !== undefined && request.url?.startsWith('/api/')) return route(request, response);
    const isProgram = request.url === '/app.js';
    response.setHeader('content-type', isProgram ? 'text/javascript' : 'text/html');
    response.end(isProgram ? program : PAGE);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://app.localhost:${(server.address() as AddressInfo).port}`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
