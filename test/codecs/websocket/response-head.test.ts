// The strict reader of interim heads: it reads heads that follow the grammar exactly, and leaves others to a full parser.

import { describe, expect, test } from 'vitest';
import { readInterimHead } from '../../../codecs/websocket/response-head.ts';

const read = (text: string) => readInterimHead(Buffer.from(text, 'latin1'));
const SWITCH = 'HTTP/1.1 101 Switching Protocols\r\n';

test('a head has names, values and a length without the bytes behind it', () => {
  const head = `${SWITCH}Upgrade: websocket\r\nX-Empty:\r\nx-spaces: \t a  b \t\r\n\r\n`;
  expect(read(`${head}\x81\x00`)).toEqual({
    status: 101,
    headers: { upgrade: 'websocket', 'x-empty': '', 'x-spaces': 'a  b' },
    length: head.length,
  });
});

test('a head may have no fields, no reason and another interim status', () => {
  expect(read('HTTP/1.1 103 \r\n\r\nHTTP/1.1 101')).toEqual({ status: 103, headers: {}, length: 17 });
});

test('a repeated name has both values, so that neither passes for the only one', () => {
  expect(read(`${SWITCH}Sec-WebSocket-Accept: a\r\nsec-websocket-accept: b\r\n\r\n`)).toMatchObject({
    headers: { 'sec-websocket-accept': 'a, b' },
  });
});

test('names of the prototype are ordinary names', () => {
  const head = read(`${SWITCH}__proto__: x\r\nconstructor: y\r\n\r\n`);
  expect(Object.entries(typeof head === 'object' ? head.headers : {})).toEqual([
    ['__proto__', 'x'],
    ['constructor', 'y'],
  ]);
});

test('a head is partial until its last byte', () => {
  const head = Buffer.from(`${SWITCH}Upgrade: websocket\r\n\r\n`);
  for (let length = 0; length < head.length; length++)
    expect(readInterimHead(head.subarray(0, length))).toBe('partial');
  expect(readInterimHead(head)).toMatchObject({ status: 101 });
});

describe('readInterimHead', () => {
  test.each([
    ['a final answer', 'HTTP/1.1 401 Unauthorized\r\n\r\n'],
    ['a success', 'HTTP/1.1 200 OK\r\n\r\n'],
    ['the first byte of something else', 'S'],
    ['HTTP/1.0', 'HTTP/1.0 101 Switching Protocols\r\n\r\n'],
    ['small letters', 'http/1.1 101 Switching Protocols\r\n\r\n'],
    ['a status of four digits', 'HTTP/1.1 1010 x\r\n\r\n'],
    ['lines that end with LF', 'HTTP/1.1 101 x\nUpgrade: websocket\r\n\r\n'],
    ['a bare CR', `${SWITCH}Upgrade: web\rsocket\r\n\r\n`],
    ['NUL in a value', `${SWITCH}Upgrade: web\0socket\r\n\r\n`],
    ['a space before the colon', `${SWITCH}Upgrade : websocket\r\n\r\n`],
    ['a folded line', `${SWITCH}Upgrade: web\r\n socket\r\n\r\n`],
    ['a line without a colon', `${SWITCH}Upgrade\r\n\r\n`],
    ['a line without a name', `${SWITCH}: websocket\r\n\r\n`],
    ['a control character in the reason', 'HTTP/1.1 101 \x07\r\n\r\n'],
    ['more than 16 KiB', `${SWITCH}X: ${'x'.repeat(16 * 1024)}\r\n\r\n`],
    ['more than 16 KiB without an end', `${SWITCH}X: ${'x'.repeat(16 * 1024)}`],
  ])('leaves %s to a full parser', (_, bytes) => {
    expect(read(bytes)).toBeUndefined();
  });
});
