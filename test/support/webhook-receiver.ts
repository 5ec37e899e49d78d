// A receiver of webhooks on loopback, which answers as a test says and remembers what it was sent.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface SeenMessage {
  readonly headers: Record<string, string>;
  readonly body: string;
  readonly at: number;
}

/** Starts a receiver that answers by the number of the request, and remembers requests. */
export async function receiver(answer: (response: ServerResponse, number: number, request: IncomingMessage) => void) {
  const seen: SeenMessage[] = [];
  const count = { open: 0, mostOpen: 0 };
  const server = createServer(async (request, response) => {
    count.mostOpen = Math.max(count.mostOpen, ++count.open);
    response.on('close', () => count.open--);
    let body = '';
    for await (const part of request) body += part;
    seen.push({ headers: request.headers as Record<string, string>, body, at: Date.now() });
    answer(response, seen.length, request);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { seen, count, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook` };
}

/** Answers with a status alone. */
export const status =
  (code: number, headers = {}) =>
  (response: ServerResponse) =>
    void response.writeHead(code, headers).end();
