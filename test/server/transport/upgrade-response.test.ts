// Reading the response of a provider: a 101 in any pieces, one that is malformed, and a refusal in pieces.

import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { openClient, refusedUpgrade, startGateway, type TestGateway } from '../../support/gateway.ts';
import { message } from '../../support/inbox.ts';
import { acceptFor } from '../../support/raw-socket.ts';

let gateway: TestGateway | undefined;
let provider: Server | undefined;
const sockets = new Set<Socket>();

afterEach(async () => {
  await gateway?.close();
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  await new Promise((resolve) => provider?.close(resolve));
});

/** Hands each connection on once the first bytes have come. */
async function listen(server: Server, onRequest: (socket: Socket, bytes: Buffer) => void): Promise<number> {
  provider = server;
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('data', (bytes: Buffer) => onRequest(socket, bytes));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function start(baseUrl: string): Promise<string> {
  const openai = { baseUrl, apiKey: 'provider-secret', allowPrivate: true };
  gateway = await startGateway({ providers: { openai }, limits: { closeMs: 100 } });
  return `${gateway.url}/v1/realtime?model=gpt-realtime-2.1`;
}

/** Each piece in a segment of its own, or nearly. */
async function sendSlowly(socket: Socket, pieces: readonly (string | Buffer)[]): Promise<void> {
  socket.setNoDelay(true);
  for (const piece of pieces) {
    socket.write(piece);
    await delay(2);
  }
}

/** The 101 that this request asks for, with one more line. */
function accepting(request: Buffer, line = 'X-Nothing: 1'): string {
  const key = /sec-websocket-key: (\S+)/i.exec(request.toString())?.[1] ?? '';
  const lines = ['Upgrade: websocket', 'Connection: Upgrade', `Sec-WebSocket-Accept: ${acceptFor(key)}`, line];
  return `HTTP/1.1 101 Switching Protocols\r\n${lines.join('\r\n')}\r\n\r\n`;
}

describe('a 101', () => {
  const greeting = Buffer.concat([Buffer.from([0x81, 5]), Buffer.from('hello')]);

  /** Opens a session whose provider answers with what is made of its 101; resolves with the first message. */
  async function firstMessage(answer: (head: string) => readonly (string | Buffer)[]): Promise<string> {
    const port = await listen(createServer(), (socket, bytes) => {
      void sendSlowly(socket, answer(accepting(bytes)));
    });
    const client = await openClient(await start(`ws://127.0.0.1:${port}`));
    return String((await message(client)).data);
  }

  test('opens the session with the first message in the same segment', async () => {
    expect(await firstMessage((head) => [Buffer.concat([Buffer.from(head), greeting])])).toBe('hello');
  });

  test('opens the session when it comes byte by byte', async () => {
    expect(await firstMessage((head) => [...head, greeting.subarray(0, 3), greeting.subarray(3)])).toBe('hello');
  });

  test('opens the session behind early hints, which do not reach the client', async () => {
    const hints = 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n';
    expect(await firstMessage((head) => [hints, hints + head, greeting])).toBe('hello');
  });

  test.each([
    ['a folded line', 'X-Folded: a\r\n b'],
    ['a control character', 'X-Control: \x01'],
    ['a space before a colon', 'X-Space : a'],
    ['a bare CR', 'X-Bare: a\rb'],
    ['its accept twice', 'Sec-WebSocket-Accept: a'],
    ['its upgrade twice', 'Upgrade: websocket'],
  ])('is a 502 for the client when it has %s', async (_, line) => {
    const port = await listen(createServer(), (socket, bytes) => void socket.write(accepting(bytes, line)));
    expect((await refusedUpgrade(await start(`ws://127.0.0.1:${port}`))).status).toBe(502);
  });
});

test('relays a refusal in pieces and chunks as one that comes at once', async () => {
  const pieces = ['H', 'TTP/1.1 1', '00 Continue\r\n\r\nHTTP/1.1 4', '29 Slow\r\nRetry-After: 7\r\nTransfer-Enc'];
  const rest = ['oding: chunked\r\n\r\n3\r\nfi', 'r\r\n2;x=y\r\nst\r\n0\r\nTrailer: t\r\n\r\n'];
  const port = await listen(createServer(), (socket) => void sendSlowly(socket, [...pieces, ...rest]));
  const answer = await refusedUpgrade(await start(`ws://127.0.0.1:${port}`));
  expect(answer).toMatchObject({ status: 429, body: 'first', headers: { 'retry-after': '7' } });
});
