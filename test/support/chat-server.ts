// A WebSocket server with the chat sockets of the side process alone, and runs that a test writes.

import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import type { HttpProblem } from '../../server/http/problem.ts';
import { requesterOf } from '../../server/ipc/side-request.ts';
import { type ChatClient, ChatSocket } from '../../server/side/http/ui/chat-socket.ts';
import { type PacedLimits, PacedSocket } from '../../server/side/http/ui/paced-socket.ts';
import { FakeRuns } from './fake-runs.ts';

export interface ChatServer {
  readonly url: string;
  readonly runs: FakeRuns;
  /** Problems that the sockets told of. */
  readonly refused: HttpProblem[];
  /** The server's ends. */
  readonly sockets: ReadonlySet<WebSocket>;
  /** Places that are taken. */
  places(): number;
  close(): void;
}

interface ChatServerOptions extends Partial<PacedLimits> {
  readonly maxPlaces?: number;
}

export async function startChatServer({ maxPlaces = 1000, ...limits }: ChatServerOptions = {}): Promise<ChatServer> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  const runs = new FakeRuns();
  const refused: HttpProblem[] = [];
  let places = 0;
  const client: ChatClient = {
    ...{ requester: async () => requesterOf(undefined), headers: {}, path: '/v1/ui/chat' },
    acquire() {
      if (places >= maxPlaces) return undefined;
      places += 1;
      return {
        [Symbol.dispose]() {
          places -= 1;
        },
      };
    },
    refused: (problem) => void refused.push(problem),
    failed(error) {
      throw error;
    },
  };
  server.on('connection', (socket) => {
    const paced = new PacedSocket(socket, {
      maxReplyBytes: 2 ** 24,
      maxFramesPerSecond: 20_000,
      stallMs: 30_000,
      pingMs: 30_000,
      ...limits,
    });
    const chat = new ChatSocket(paced, runs, client);
    paced.listen({ take: (text) => chat.take(text ?? ''), closed: () => chat.closed() });
  });
  await once(server, 'listening');
  return {
    ...{ runs, refused, sockets: server.clients, places: () => places },
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      for (const socket of server.clients) socket.terminate();
      server.close();
    },
  };
}
