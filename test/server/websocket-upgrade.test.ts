// The HTTP side of a WebSocket, both ways: the 101 that is given, and the one that is taken.

import { describe, expect, test } from 'vitest';
import { acceptance, upgradeRequest } from '../../server/websocket-upgrade.ts';
import { ACCEPT, acceptFor } from '../support/raw-socket.ts';

describe('the 101 for a client', () => {
  test('answers its key (the example of RFC 6455) and names the session', () => {
    expect(acceptance('dGhlIHNhbXBsZSBub25jZQ==', undefined, 'id-1')).toBe(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${ACCEPT}\r\nx-trunkline-session: id-1\r\n\r\n`,
    );
  });

  test('has the subprotocol that was chosen', () => {
    expect(acceptance('dGhlIHNhbXBsZSBub25jZQ==', 'realtime', 'id-1')).toContain(
      '\r\nSec-WebSocket-Protocol: realtime\r\n',
    );
  });
});

describe('the 101 of a provider', () => {
  const { headers, fault } = upgradeRequest(['realtime', 'other']);
  const good = {
    upgrade: 'WebSocket',
    'sec-websocket-accept': acceptFor(headers['Sec-WebSocket-Key'] ?? ''),
    'sec-websocket-protocol': 'other',
  };

  test('is taken when it answers the request', () => {
    expect(headers).toMatchObject({ 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Protocol': 'realtime,other' });
    expect(fault(good)).toBeUndefined();
  });

  test.each([
    ['another upgrade', { upgrade: 'h2c' }, 'not for a WebSocket'],
    ['another answer', { 'sec-websocket-accept': ACCEPT }, 'not the answer'],
    ['an extension', { 'sec-websocket-extensions': 'permessage-deflate' }, 'an extension'],
    ['another subprotocol', { 'sec-websocket-protocol': 'third' }, 'not asked for'],
    ['no subprotocol', { 'sec-websocket-protocol': undefined }, 'none of the subprotocols'],
  ])('is refused with %s', (_, wrong, message) => {
    expect(fault({ ...good, ...wrong })).toContain(message);
  });

  test('has no subprotocol where none was asked for', () => {
    const plain = upgradeRequest([]);
    expect(plain.headers).not.toHaveProperty('Sec-WebSocket-Protocol');
    const accept = acceptFor(plain.headers['Sec-WebSocket-Key'] ?? '');
    expect(plain.fault({ upgrade: 'websocket', 'sec-websocket-accept': accept })).toBeUndefined();
  });

  test('each request has a key of its own', () => {
    expect(upgradeRequest([]).headers['Sec-WebSocket-Key']).not.toBe(upgradeRequest([]).headers['Sec-WebSocket-Key']);
  });
});
