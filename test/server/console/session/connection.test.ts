// The connection to the gateway: its states, and what it shows of every frame.

import { expect, test } from 'vitest';
import type { DialectClient, DialectMessage, ViewEvent } from '../../../../server/console/dialects/dialect.ts';
import {
  type ConnectionState,
  GatewayConnection,
  type LoggedFrame,
} from '../../../../server/console/session/connection.ts';
import { FakeSocket } from '../../../support/console-fakes.ts';

function start(client: Partial<DialectClient> = {}) {
  const socket = new FakeSocket();
  const states: ConnectionState[] = [];
  const frames: LoggedFrame[] = [];
  const events: ViewEvent[] = [];
  let clock = 0;
  const session = new GatewayConnection({
    socket,
    client: {
      open: () => [{ type: 'setup' }],
      read: () => ({ events: [], send: [] }),
      say: () => [],
      answer: () => [],
      ...client,
    },
    now: () => ++clock,
    onState: (state) => states.push(state),
    onFrame: (frame) => frames.push(frame),
    onEvent: (event) => events.push(event),
  });
  return { socket, session, states, frames, events };
}

test('the connection is ready when the client of the dialect says so, not when the socket opens', () => {
  const { socket, states } = start({
    read: (message) => ({ events: message.type === 'ok' ? [{ kind: 'ready' }] : [], send: [] }),
  });
  socket.open();
  expect(socket.sent).toEqual([{ type: 'setup' }]);
  expect(states.at(-1)?.name).toBe('preparing');
  socket.receive({ type: 'hm' });
  socket.receive({ type: 'ok' });
  expect(states.map(({ name }) => name)).toEqual(['preparing', 'ready']);
});

test('a dialect without settings is ready when the socket opens', () => {
  const { socket, states } = start({ open: undefined });
  socket.open();
  expect(states.at(-1)?.name).toBe('ready');
});

test('every frame is shown with its direction and size in bytes, text and binary alike', () => {
  const read: DialectMessage[] = [];
  const { socket, frames } = start({
    read: (message) => {
      read.push(message);
      return { events: [], send: [] };
    },
  });
  socket.open();
  socket.receiveRaw('{"text":"ü"}');
  socket.receiveRaw(new TextEncoder().encode('{"text":"b"}').buffer);
  expect(frames.map(({ direction, bytes, binary }) => [direction, bytes, binary])).toEqual([
    ['upstream', 16, false],
    ['downstream', 13, false],
    ['downstream', 12, true],
  ]);
  expect(read).toEqual([{ text: 'ü' }, { text: 'b' }]);
});

test('a frame that is not a JSON object is shown and not read', () => {
  const { socket, frames, events } = start({ read: () => ({ events: [{ kind: 'ready' }], send: [] }) });
  socket.open();
  for (const raw of ['', 'hello', '[1]', 'null', '{"a":']) socket.receiveRaw(raw);
  expect(frames).toHaveLength(6);
  expect(events).toEqual([]);
});

test('answers of the client are sent after its events were passed on', () => {
  const { socket, events } = start({
    read: () => ({ events: [{ kind: 'speech-stopped' }], send: [{ type: 'answer' }] }),
  });
  socket.open();
  socket.receive({ type: 'x' });
  expect(events).toEqual([{ kind: 'speech-stopped' }]);
  expect(socket.sent.at(-1)).toEqual({ type: 'answer' });
});

test('nothing is sent before the socket is open or after the session was ended', () => {
  const { socket, session } = start();
  session.send(() => [{ type: 'early' }]);
  socket.open();
  session.end();
  session.send(() => [{ type: 'late' }]);
  session.end();
  expect(socket.sent).toEqual([{ type: 'setup' }]);
  expect(socket.closedWith).toEqual([1000, 'OK']);
});

test('the closed state has the code, the reason, and whether the socket had ever opened', () => {
  const opened = start();
  opened.socket.open();
  opened.socket.closeFromServer(4008, 'slow');
  expect(opened.states.at(-1)).toEqual({ name: 'closed', code: 4008, reason: 'slow', opened: true });

  const refused = start();
  refused.socket.closeFromServer(1006, '');
  expect(refused.states.at(-1)).toMatchObject({ name: 'closed', opened: false });
});
