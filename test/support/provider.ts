// A provider for tests: a plain WebSocket server on loopback whose behaviour each test scripts.

import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { TlsOptions } from 'node:tls';
import { type WebSocket, WebSocketServer } from 'ws';
import { keepInbox } from './inbox.ts';

export interface FakeProvider {
  readonly url: string;
  /** The upgrade requests that arrived, oldest first. */
  readonly requests: readonly IncomingMessage[];
  /** The connections that are open now, those without an upgrade included, oldest first. */
  readonly connections: ReadonlySet<Socket>;
  /** The sockets that are open now. */
  readonly sockets: ReadonlySet<WebSocket>;
  /** The next session that opens. */
  next(): Promise<WebSocket>;
  close(): Promise<void>;
}

export interface FakeProviderOptions {
  onSession?(ws: WebSocket, request: IncomingMessage): void;
  /** Answers plain requests. */
  onRequest?(request: IncomingMessage, response: ServerResponse): void;
  /** Takes the upgrade over: to refuse it, delay it, or never answer it. Returns true when it did. */
  onUpgrade?(request: IncomingMessage, socket: Socket, accept: () => void): boolean;
}

/** With a certificate it speaks TLS. */
export async function startProvider(options: FakeProviderOptions = {}, tls?: TlsOptions): Promise<FakeProvider> {
  const requests: IncomingMessage[] = [];
  const waiting: ((ws: WebSocket) => void)[] = [];
  const arrived: WebSocket[] = [];
  const server = tls ? createTlsServer(tls) : createServer();
  const connections = new Set<Socket>();
  const wss = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: 64 * 1024 * 1024 });
  server.on(tls ? 'secureConnection' : 'connection', (socket) => {
    connections.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => connections.delete(socket));
  });
  if (options.onRequest) server.on('request', options.onRequest);
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    requests.push(request);
    const accept = (): void =>
      wss.handleUpgrade(request, socket, head, (ws) => {
        keepInbox(ws);
        options.onSession?.(ws, request);
        const taker = waiting.shift();
        if (taker) taker(ws);
        else arrived.push(ws);
      });
    if (!options.onUpgrade?.(request, socket, accept)) accept();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `${tls ? 'wss' : 'ws'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    connections,
    sockets: wss.clients,
    next() {
      const ready = arrived.shift();
      return ready ? Promise.resolve(ready) : new Promise((resolve) => waiting.push(resolve));
    },
    async close() {
      for (const socket of connections) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
