// The two responses of a WebSocket handshake: the 101 that clients get, and the check of the 101 of a provider.

import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { upgradeReply, upgradeRequest } from '../../../server/transport/upgrade.ts';
import { ACCEPT, acceptFor } from '../../support/raw-socket.ts';

const SAMPLE_KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const opened = new Set<Socket>();

afterEach(() => {
  for (const socket of opened) socket.destroy();
  opened.clear();
});

describe('the 101 for a client', () => {
  test('answers the sample key of RFC 6455 with exactly these lines', () => {
    expect(upgradeReply(SAMPLE_KEY, { subprotocol: undefined, sessionId: 'an-id' }).split('\r\n')).toEqual([
      'HTTP/1.1 101 Switching Protocols',
      'Upgrade: websocket',
      'Connection: Upgrade',
      `Sec-WebSocket-Accept: ${ACCEPT}`,
      'x-trunkline-session: an-id',
      '',
      '',
    ]);
  });

  test('names the subprotocol where one was chosen', () => {
    const lines = upgradeReply(SAMPLE_KEY, { subprotocol: 'realtime', sessionId: 'an-id' }).split('\r\n');
    expect(lines.filter((line) => /protocol:/i.test(line))).toEqual(['Sec-WebSocket-Protocol: realtime']);
  });

  test.each([
    ['without a subprotocol', [], undefined],
    ['with the only subprotocol', ['realtime'], 'realtime'],
    ['with one of several subprotocols', ['realtime', 'v2'], 'v2'],
  ])('is what our own request to a provider expects, over a connection: %s', async (_, protocols, subprotocol) => {
    const asked = upgradeRequest(protocols);
    const { server, answer } = await upgrade(asked.headers, (key) =>
      upgradeReply(key, { subprotocol, sessionId: 'an-id' }),
    );
    expect(answer.statusCode).toBe(101);
    expect(asked.faultIn(answer.headers)).toBeUndefined();
    expect(answer.headers['x-trunkline-session']).toBe('an-id');
    expect(server.headers['sec-websocket-protocol']).toBe(protocols.length > 0 ? protocols.join(',') : undefined);
  });
});

describe('the request to a provider', () => {
  test('has a new key of 16 bytes each time, and asks for no extension', () => {
    const { headers } = upgradeRequest([]);
    const { 'Sec-WebSocket-Key': key = '', ...rest } = headers;
    expect(Buffer.from(key, 'base64')).toHaveLength(16);
    expect(rest).toEqual({ Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13' });
    expect(upgradeRequest([]).headers['Sec-WebSocket-Key']).not.toBe(key);
  });
});

describe('the 101 of a provider', () => {
  const notWebSocket = 'its 101 is not for a WebSocket';
  const notAnswer = 'its 101 is not the answer to this request';
  const extension = 'its 101 has an extension that was not asked for';
  const otherProtocol = 'its 101 has a subprotocol that was not asked for';
  const noProtocol = 'its 101 has none of the subprotocols that were asked for';
  const asking: [what: string, change: IncomingHttpHeaders, fault: string | undefined][] = [
    ['as it should be', {}, undefined],
    ['for WebSocket in other letters', { upgrade: 'WebSocket' }, undefined],
    ['with the last of the subprotocols', { 'sec-websocket-protocol': 'two' }, undefined],
    ['without an upgrade', { upgrade: undefined }, notWebSocket],
    ['for another protocol', { upgrade: 'h2c' }, notWebSocket],
    ['without an accept', { 'sec-websocket-accept': undefined }, notAnswer],
    ['with the accept of another key', { 'sec-websocket-accept': ACCEPT }, notAnswer],
    ['with an extension', { 'sec-websocket-extensions': 'permessage-deflate' }, extension],
    ['with an extension of no name', { 'sec-websocket-extensions': '' }, extension],
    ['with another subprotocol', { 'sec-websocket-protocol': 'three' }, otherProtocol],
    ['with two subprotocols', { 'sec-websocket-protocol': 'one, two' }, otherProtocol],
    ['with a subprotocol in other letters', { 'sec-websocket-protocol': 'One' }, otherProtocol],
    ['without a subprotocol', { 'sec-websocket-protocol': undefined }, noProtocol],
  ];

  test.each(asking)('is checked: %s', (_, change, fault) => {
    const { headers, faultIn: faultOf } = upgradeRequest(['one', 'two']);
    const good = { ...goodAnswer(headers), 'sec-websocket-protocol': 'one' };
    expect(faultOf({ ...good, ...change })).toBe(fault);
  });

  test('may have no subprotocol where none was asked for', () => {
    const { headers, faultIn: fault } = upgradeRequest([]);
    const good = goodAnswer(headers);
    expect(fault(good)).toBeUndefined();
    expect(fault({ ...good, 'sec-websocket-protocol': 'one' })).toBe(otherProtocol);
  });

  test('is refused with its accept in other letters', () => {
    const { headers, faultIn: fault } = upgradeRequest([]);
    const good = goodAnswer(headers);
    expect(fault({ ...good, 'sec-websocket-accept': good['sec-websocket-accept'].toLowerCase() })).toBe(notAnswer);
  });

  test('is refused with its accept twice, over a connection', async () => {
    const { headers, faultIn: fault } = upgradeRequest([]);
    const { answer } = await upgrade(headers, (key) =>
      upgradeReply(key, { subprotocol: undefined, sessionId: 'an-id' }).replace(
        /(Sec-WebSocket-Accept: .*\r\n)/,
        '$1$1',
      ),
    );
    expect(fault(answer.headers)).toBe(notAnswer);
  });
});

function goodAnswer(headers: Readonly<Record<string, string>>) {
  return { upgrade: 'websocket', 'sec-websocket-accept': acceptFor(headers['Sec-WebSocket-Key'] ?? '') };
}

/** Makes an upgrade with these headers: returns what the server gets, and what the client gets. */
async function upgrade(headers: Readonly<Record<string, string>>, answerTo: (key: string) => string) {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.once('upgrade', ({ headers }, socket: Socket) => {
    opened.add(socket.on('error', () => {}));
    socket.write(answerTo(headers['sec-websocket-key'] ?? ''));
  });
  const asking = request({ host: '127.0.0.1', port, headers });
  const upgrades = Promise.all([once(server, 'upgrade'), once(asking, 'upgrade')]);
  asking.end();
  const [[seen], [answer, socket]] = (await upgrades) as [[IncomingMessage], [IncomingMessage, Socket]];
  opened.add(socket);
  server.close();
  return { server: seen, answer };
}
