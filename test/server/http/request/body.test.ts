// Checks bodies of requests on their way through the process that carries the audio.

import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { afterEach, expect, test } from 'vitest';
import { readBody } from '../../../../server/http/request/body.ts';
import type { SideRequest } from '../../../../server/ipc/side-request.ts';
import { startGateway, type TestGateway } from '../../../support/gateway.ts';

let gateway: TestGateway | undefined;
afterEach(async () => {
  await gateway?.close();
  gateway = undefined;
});

test('passes a large body on as it was sent, in the pieces that it came in', async () => {
  const asked: SideRequest[] = [];
  gateway = await startGateway({
    askSide: async (request, emit) => {
      asked.push(request);
      emit({ status: 200, headers: {}, body: Buffer.from('{}') });
    },
  });
  const body = Buffer.alloc(3_000_000, '0123456789');
  const url = `http://127.0.0.1:${gateway.port}/v1/chat/completions`;
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, { method: 'POST', headers, body });
  expect(response.status).toBe(200);
  expect(Array.isArray(asked[0]?.body)).toBe(true);
  expect(Buffer.concat([asked[0]?.body ?? []].flat()).equals(body)).toBe(true);
});

test('puts small pieces together, in their order among large ones', async () => {
  const pieces = [...Array.from({ length: 70_000 }, (_, index) => Buffer.from([index % 251])), Buffer.alloc(9000, 'x')];
  const given = [...pieces, ...pieces, Buffer.from('the end')];
  const request = Object.assign(Readable.from(given, { objectMode: false }), {
    headers: { 'transfer-encoding': 'chunked' },
  });
  const body = await readBody(request as unknown as IncomingMessage, { maxBytes: 4_194_304, ms: 60_000 });
  expect(Buffer.concat(body as readonly Buffer[]).equals(Buffer.concat(given))).toBe(true);
  expect((body as readonly Buffer[]).length).toBeLessThan(12);
});

test('reads a large body in many turns of the loop, however fast it comes', async () => {
  const pieces = Array.from({ length: 32 }, () => Buffer.alloc(65_536, 'x'));
  // The stream gives all it has at once, as long as it is read.
  const source = new Readable({
    read() {
      for (let piece = pieces.shift(); ; piece = pieces.shift()) if (!this.push(piece ?? null)) return;
    },
  });
  const request = Object.assign(source, { headers: { 'transfer-encoding': 'chunked' } });
  let [inTurn, most, isOver] = [0, 0, false];
  const count = (): void => {
    inTurn = 0;
    if (!isOver) setImmediate(count);
  };
  request.on('data', () => {
    inTurn += 1;
    most = Math.max(most, inTurn);
  });
  count();
  const body = await readBody(request as unknown as IncomingMessage, { maxBytes: 4_194_304, ms: 60_000 });
  isOver = true;
  expect(body).toHaveLength(32);
  expect(most).toBeLessThan(4);
});
