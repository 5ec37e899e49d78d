// A WebSocket server in the place of a gateway, whose sockets a test speaks for, and which refuses upgrades where it is told to.

import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';

/** The answer to an upgrade, and to the plain GET that asks for the reason. */
export interface PlayedRefusal {
  readonly status: number;
  readonly body: object;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface SocketServer {
  /** http://127.0.0.1:port */
  readonly address: string;
  /** Requests of upgrades, oldest first. */
  readonly upgrades: IncomingMessage[];
  readonly sockets: WebSocket[];
  refusal: PlayedRefusal | undefined;
  /** Hears of each message of a socket. */
  onMessage: (message: Record<string, unknown>, socket: WebSocket) => void;
  onOpen: (socket: WebSocket) => void;
  close(): Promise<void>;
}

export async function startSocketServer(): Promise<SocketServer> {
  const server = createServer((_, response) => {
    const { status, body, headers } = played.refusal ?? { status: 426, body: {}, headers: {} };
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  });
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: (offered) => [...offered][0] ?? false });
  server.on('upgrade', (request, socket, head) => {
    played.upgrades.push(request);
    if (played.refusal !== undefined)
      return socket.end(`HTTP/1.1 ${played.refusal.status} No\r\nconnection: close\r\n\r\n`);
    sockets.handleUpgrade(request, socket, head, (open) => {
      played.sockets.push(open);
      open.on('message', (data) => played.onMessage(JSON.parse(String(data)), open));
      played.onOpen(open);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const played: SocketServer = {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ...{ upgrades: [], sockets: [], refusal: undefined, onMessage: () => {}, onOpen: () => {} },
    async close() {
      for (const socket of played.sockets) socket.terminate();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return played;
}
