// An HTTP proxy for tests: it opens tunnels with CONNECT to wherever its names lead, and remembers what it was asked for.

import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';

export interface TestProxy {
  /** http://user:secret@127.0.0.1:port */
  readonly url: string;
  /** The CONNECT requests that arrived, oldest first. */
  readonly asked: readonly { readonly authority: string; readonly credential: string | undefined }[];
  close(): Promise<void>;
}

/** Names that it does not resolve by itself, as `host: address`, and the status that it answers where that is not 200. */
export async function startProxy({
  names = {},
  status = 200,
}: {
  names?: Record<string, string>;
  status?: number;
} = {}) {
  const asked: { authority: string; credential: string | undefined }[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((_request, response) => void response.writeHead(405).end());
  server.on('connection', (socket) => sockets.add(socket.on('error', () => {})));
  server.on('connect', (request: IncomingMessage, client: Socket) => {
    const authority = request.url ?? '';
    asked.push({ authority, credential: request.headers['proxy-authorization'] });
    if (status !== 200) return client.end(`HTTP/1.1 ${status} No\r\nContent-Length: 0\r\n\r\n`);
    const [, host = '', port] = /^(.*):(\d+)$/.exec(authority) ?? [];
    const target = connect(Number(port), names[host] ?? host, () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n');
      client.pipe(target).pipe(client);
    });
    sockets.add(target.on('error', () => client.destroy()));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://user:secret@127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  } satisfies TestProxy;
}
