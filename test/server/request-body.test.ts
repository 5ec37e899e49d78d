// Bodies of requests on their way through the process that carries the audio.

import { afterEach, expect, test } from 'vitest';
import type { SideRequest } from '../../server/side/side-request.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';

let gateway: TestGateway;
afterEach(() => gateway.close());

test('a large body is passed on as it was sent, in the pieces that it came in', async () => {
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
