// The quota of requests that wait for the side process: beyond it clients get 503 and retry-after.

import { once } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { SideHandler } from '../../../../../server/ipc/side-request.ts';
import type { LedgerRow } from '../../../../../server/ipc/stored-rows.ts';
import { startGateway, type TestGateway } from '../../../../support/gateway.ts';
import { openRaw, type RawSocket } from '../../../../support/raw-socket.ts';
import { until } from '../../../../support/until.ts';

let gateway: TestGateway;
afterEach(() => gateway.close());

async function start(askSide: SideHandler, more: Record<string, unknown> = {}): Promise<void> {
  gateway = await startGateway({ ...more, askSide });
}

const headers = { authorization: 'Bearer any', 'content-type': 'application/json' };
const ask = (path: string, options: RequestInit = {}) =>
  fetch(`http://127.0.0.1:${gateway.port}${path}`, { headers, ...options });
const post = (body: string | Buffer) => ask('/v1/chat/completions', { method: 'POST', body: body as string });
const errorOf = async (response: Response) => ((await response.json()) as { error: Record<string, unknown> }).error;
const whole = (status: number, text: string) => ({
  status,
  headers: { 'content-type': 'text/plain' },
  body: Buffer.from(text),
});

/** Returns a chunk as it crosses in a chunked body. */
const chunk = (size: number) => `${size.toString(16)}\r\n${'x'.repeat(size)}\r\n`;

/** A request whose body has begun. */
function upload(secret: string, length: string, begun: string): RawSocket {
  const raw = openRaw(gateway.port);
  const head = `Host: localhost\r\nAuthorization: Bearer ${secret}\r\nContent-Type: application/json`;
  raw.send(`POST /v1/tasks HTTP/1.1\r\n${head}\r\n${length}\r\n\r\n${begun}`);
  return raw;
}

/** Asks that are answered when they are let go. */
function hung() {
  const { promise, resolve: letGo } = Promise.withResolvers<void>();
  let waiting = 0;
  const answer: SideHandler = async (_request, emit) => {
    waiting += 1;
    await promise;
    emit(whole(200, 'late'));
  };
  return { answer, letGo, waiting: () => waiting };
}

describe('the quota of all keys', () => {
  const chatError = { type: 'server_error', param: null, code: 'side_unavailable' };

  test('refuses more than side.requests at once, in the shape of the client', async () => {
    const { answer, letGo, waiting } = hung();
    await start(answer, { side: { requests: 2 } });
    const first = [post('{}'), ask('/v1/tasks')];
    await until(() => waiting() === 2);
    const refused = await post('{}');
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await errorOf(refused)).toMatchObject(chatError);
    expect(await errorOf(await ask('/v1/ledger'))).toEqual({
      type: 'server_error',
      code: 'side_unavailable',
      message: expect.stringContaining('side.requests'),
      help: 'docs/errors.md#side_unavailable',
    });
    letGo();
    for (const response of await Promise.all(first)) expect(response.status).toBe(200);
    expect((await post('{}')).status).toBe(200);
  });

  test('has rows in the ledger of the calls and tasks that it refuses, and of nothing else', async () => {
    const { answer, letGo, waiting } = hung();
    const rows: LedgerRow[] = [];
    const addRefusals = async (added: readonly LedgerRow[]): Promise<void> => void rows.push(...added);
    await start(answer, { addRefusals, side: { requests: 2, requestBytes: 4096, maxBodyBytes: 3000 } });
    const first = post('x'.repeat(2000));
    await until(() => waiting() === 1);
    const raw = upload('any', 'Transfer-Encoding: chunked', chunk(2097));
    expect((await raw.answer()).status).toBe(503);
    await until(() => rows.length === 1);
    const told = { key: undefined, dataClass: 'open', outcome: 'side_unavailable', refusals: 1, costMicroUsd: 0 };
    expect(rows).toMatchObject([{ ...told, kind: 'task', why: expect.stringContaining('side.requestBytes') }]);
    const second = post('{}');
    await until(() => waiting() === 2);
    expect((await ask('/v1/ledger')).status).toBe(503);
    expect((await post('{}')).status).toBe(503);
    await until(() => rows.length === 2);
    expect(rows[1]).toMatchObject({ ...told, kind: 'chat', why: expect.stringContaining('side.requests') });
    letGo();
    for (const response of await Promise.all([first, second])) expect(response.status).toBe(200);
  });

  test('refuses a body whose announced length does not fit into side.requestBytes', async () => {
    const { answer, letGo, waiting } = hung();
    await start(answer, { side: { requestBytes: 4096, maxBodyBytes: 3000 } });
    const first = post('x'.repeat(2000));
    await until(() => waiting() === 1);
    expect((await post('x'.repeat(2097))).status).toBe(503);
    const second = post('x'.repeat(2096));
    await until(() => waiting() === 2);
    letGo();
    for (const response of await Promise.all([first, second])) expect(response.status).toBe(200);
    expect((await post('x'.repeat(3000))).status).toBe(200);
  });

  test('refuses a body without a length once its bytes do not fit, and reads no more of it', async () => {
    const { answer, letGo, waiting } = hung();
    await start(answer, { side: { requestBytes: 4096, maxBodyBytes: 3000 } });
    const first = post('x'.repeat(2000));
    await until(() => waiting() === 1);
    const raw = upload('any', 'Transfer-Encoding: chunked', chunk(2096));
    raw.send(chunk(1));
    const refused = await raw.answer();
    expect([refused.status, refused.headers]).toEqual([
      503,
      expect.objectContaining({ 'retry-after': '1', connection: 'close' }),
    ]);
    expect(JSON.parse(String(await raw.rest())).error.message).toContain('side.requestBytes');
    // The bytes that were read of it are released.
    const second = upload('any', 'Transfer-Encoding: chunked', `${chunk(2096)}0\r\n\r\n`);
    await until(() => waiting() === 2);
    letGo();
    expect([(await first).status, (await second.answer()).status]).toEqual([200, 200]);
    second.socket.destroy();
  });

  test('is released by clients that leave', async () => {
    const { promise: never } = Promise.withResolvers<void>();
    let asked = 0;
    await start(
      async (_request, emit) => {
        asked += 1;
        if (asked === 1) await never;
        emit(whole(200, 'next'));
      },
      { side: { requests: 1 } },
    );
    const control = new AbortController();
    const left = ask('/v1/tasks', { signal: control.signal });
    await until(() => asked === 1);
    expect((await ask('/v1/tasks')).status).toBe(503);
    control.abort();
    await expect(left).rejects.toThrow();
    await until(async () => (await ask('/v1/tasks')).status === 200);
  });
});

describe('the quota of one key of several', () => {
  const keys = ['one', 'two'].map((id) => ({ id, secret: `secret-of-${id}` }));
  const postAs = (id: string, body: string) =>
    ask('/v1/chat/completions', {
      method: 'POST',
      headers: { ...headers, authorization: `Bearer secret-of-${id}` },
      body,
    });

  test('is not used up by bodies that do not come', async () => {
    const answer: SideHandler = async (_request, emit) => {
      emit(whole(200, 'here'));
    };
    await start(answer, {
      keys,
      side: { requestBytes: 4096, maxBodyBytes: 2048 },
    });
    const trickles = Array.from({ length: 16 }, (_, at) =>
      upload('secret-of-one', at % 2 === 0 ? 'Content-Length: 2048' : 'Transfer-Encoding: chunked', chunk(1)),
    );
    for (let turn = 0; turn < 4; turn++) {
      for (const id of ['two', 'one']) expect((await postAs(id, 'x'.repeat(1024))).status).toBe(200);
    }
    for (const { socket } of trickles) socket.destroy();
  });

  test('is half of side.requests and of side.requestBytes', async () => {
    const { answer, letGo, waiting } = hung();
    await start(answer, { keys, side: { requests: 4, requestBytes: 4096, maxBodyBytes: 2048 } });
    const asked = [postAs('one', 'x'.repeat(2048))];
    await until(() => waiting() === 1);
    const refused = await postAs('one', 'x');
    expect([refused.status, (await errorOf(refused)).message]).toEqual([503, expect.stringContaining('of this key')]);
    asked.push(postAs('one', ''));
    await until(() => waiting() === 2);
    expect((await postAs('one', '')).status).toBe(503);
    asked.push(postAs('two', 'x'.repeat(2048)));
    await until(() => waiting() === 3);
    letGo();
    for (const response of await Promise.all(asked)) expect(response.status).toBe(200);
    expect((await postAs('one', 'x'.repeat(2048))).status).toBe(200);
  });

  test('is half of side.streams, sockets included', async () => {
    await start(hung().answer, { keys, side: { streams: 4 } });
    const open = async (id: string) => {
      const bearer = { headers: { authorization: `Bearer secret-of-${id}` } };
      const socket = new WebSocket(`ws://127.0.0.1:${gateway.port}/v1/ui/chat`, bearer);
      return once(socket, 'open').then(
        () => socket,
        (error: Error) => error.message,
      );
    };
    const first = (await open('one')) as WebSocket;
    expect(await open('one')).toBeInstanceOf(WebSocket);
    expect(await open('one')).toContain('503');
    expect(await open('two')).toBeInstanceOf(WebSocket);
    first.close();
    await once(first, 'close');
    expect(await open('one')).toBeInstanceOf(WebSocket);
  });
});
