// Checks the HTTP API of the side path: who is let in, which bodies are taken, how answers are written, and what happens without a side process.

import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type { SideHandler, SideRequest } from '../../../../../server/ipc/side-request.ts';
import { openClient, startGateway, type TestGateway } from '../../../../support/gateway.ts';
import { closed } from '../../../../support/inbox.ts';
import { startProvider } from '../../../../support/provider.ts';
import { openRaw } from '../../../../support/raw-socket.ts';
import { until } from '../../../../support/until.ts';

const keys = [{ id: 'web', secret: 'secret-of-web', team: 'apps' }];
let gateway: TestGateway;
afterEach(() => gateway.close());

async function start(askSide: SideHandler, more: Record<string, unknown> = {}): Promise<void> {
  gateway = await startGateway({ keys, ...more, askSide });
}

const headers = { authorization: 'Bearer secret-of-web', 'content-type': 'application/json' };
const ask = (path: string, options: RequestInit = {}) =>
  fetch(`http://127.0.0.1:${gateway.port}${path}`, { headers, ...options });
const post = (body: string | Buffer, path = '/v1/chat/completions') =>
  ask(path, { method: 'POST', body: body as string });
const whole = (status: number, text: string) => ({
  status,
  headers: { 'content-type': 'text/plain' },
  body: Buffer.from(text),
});

/** Keeps the requests, and answers each with its number. */
function recorder(): { asked: SideRequest[]; answer: SideHandler } {
  const asked: SideRequest[] = [];
  return {
    asked,
    answer: async (request, emit) => {
      asked.push(request);
      emit(whole(200, `answer ${asked.length}`));
    },
  };
}

const down: SideHandler = () => Promise.reject(new Error('the other process is gone'));
const errorOf = async (response: Response) => ((await response.json()) as { error: Record<string, unknown> }).error;

describe('a request', () => {
  test('forwards a request with its requester, its body as it is, and the few headers that matter', async () => {
    const { asked, answer } = recorder();
    await start(answer);
    const body = '{"not": "looked at", ';
    const more = {
      ...headers,
      'x-trunkline-class': 'commodity',
      'idempotency-key': 'k',
      cookie: 'a=b',
      'x-other': 'o',
    };
    const response = await ask('//v1/tasks?state=dead&limit=3', { method: 'POST', headers: more, body });
    expect([response.status, await response.text()]).toEqual([200, 'answer 1']);
    expect(asked[0]).toEqual({
      requester: { scope: 'key', key: 'web', team: 'apps', settings: { id: 'web', team: 'apps' } },
      requestId: response.headers.get('x-request-id'),
      address: '127.0.0.1',
      origin: `http://127.0.0.1:${gateway.port}`,
      method: 'POST',
      path: '/v1/tasks',
      query: { state: 'dead', limit: '3' },
      headers: { 'x-trunkline-class': 'commodity', 'idempotency-key': 'k' },
      body: Buffer.from(body),
      live: undefined,
    });
  });

  test('does not forward a request without a key of the gateway', async () => {
    const { asked, answer } = recorder();
    await start(answer);
    for (const path of ['/v1/sessions/a', '/v1/tasks', '/v1/ledger', '/v1/chat/completions', '/v1/models']) {
      expect((await ask(path, { headers: {} })).status).toBe(401);
    }
    const foreign = await ask('/v1/tasks', { headers: { ...headers, origin: 'https://elsewhere.example' } });
    expect(foreign.status).toBe(403);
    expect(asked).toEqual([]);
  });

  test('refuses a request in the shape that the clients of its path read', async () => {
    await start(down);
    const chat = await post('{}');
    expect([chat.status, chat.headers.get('retry-after')]).toEqual([503, '1']);
    const message = expect.stringContaining('does not answer');
    const plain = { type: 'server_error', code: 'side_unavailable', message, help: 'docs/errors.md#side_unavailable' };
    expect(await errorOf(chat)).toEqual({ ...plain, param: null });
    expect(await errorOf(await ask('/v1/tasks'))).toEqual(plain);
    expect((await ask('/v1/tasks/%ff')).status).toBe(404);
  });

  test('answers a request with HEAD by the headers alone', async () => {
    const { asked, answer } = recorder();
    await start(answer);
    const response = await ask('/v1/tasks', { method: 'HEAD' });
    expect([response.headers.get('content-length'), await response.text()]).toEqual(['8', '']);
    expect(asked[0]?.method).toBe('GET');
  });
});

describe('a body', () => {
  test('takes a body of side.maxBodyBytes and refuses one byte more, announced or not', async () => {
    const { asked, answer } = recorder();
    await start(answer, { side: { maxBodyBytes: 2048 } });
    expect((await post('x'.repeat(2048))).status).toBe(200);
    const announced = await post('x'.repeat(2049));
    expect(announced.status).toBe(413);
    expect(await errorOf(announced)).toMatchObject({ code: 'body_too_large', type: 'invalid_request_error' });
    const pieces = new ReadableStream({
      start(controller) {
        for (const size of [2048, 1]) controller.enqueue(Buffer.alloc(size, 'x'));
        controller.close();
      },
    });
    const streamed = await ask('/v1/tasks', { method: 'POST', body: pieces, duplex: 'half' } as RequestInit);
    expect(streamed.status).toBe(413);
    expect(asked).toHaveLength(1);
  });

  test('refuses a body that is not JSON by its type', async () => {
    await start(recorder().answer);
    const response = await ask('/v1/tasks', {
      method: 'POST',
      headers: { ...headers, 'content-type': 'text/plain' },
      body: '{}',
    });
    expect(response.status).toBe(415);
  });

  test('answers a body that takes longer than handshakeMs with 408', async () => {
    const { asked, answer } = recorder();
    await start(answer, { limits: { handshakeMs: 100 } });
    const raw = openRaw(gateway.port);
    const head = 'Host: localhost\r\nAuthorization: Bearer secret-of-web\r\nContent-Type: application/json';
    raw.send(`POST /v1/tasks HTTP/1.1\r\n${head}\r\nContent-Length: 9\r\n\r\n{`);
    expect((await raw.answer()).status).toBe(408);
    expect(String(await raw.rest())).toContain('body_timeout');
    expect(asked).toEqual([]);
  });

  test('drops a body whose client leaves', async () => {
    const { asked, answer } = recorder();
    await start(answer);
    const raw = openRaw(gateway.port);
    const head = 'Host: localhost\r\nAuthorization: Bearer secret-of-web\r\nContent-Type: application/json';
    raw.send(`POST /v1/tasks HTTP/1.1\r\n${head}\r\nContent-Length: 9\r\n\r\n{`);
    raw.socket.destroy();
    expect((await ask('/v1/tasks')).status).toBe(200);
    expect(asked).toHaveLength(1);
  });
});

describe('an answer', () => {
  test('writes an answer in pieces as they arrive', async () => {
    const next = Promise.withResolvers<void>();
    await start(async (_, emit) => {
      emit({ status: 200, headers: { 'content-type': 'text/event-stream' } });
      emit(Buffer.from('one'));
      await next.promise;
      emit(Buffer.from('two'));
    });
    const reader = (await ask('/v1/sessions/a/events')).body?.getReader();
    expect(Buffer.from((await reader?.read())?.value ?? '').toString()).toBe('one');
    next.resolve();
    expect(Buffer.from((await reader?.read())?.value ?? '').toString()).toBe('two');
    expect((await reader?.read())?.done).toBe(true);
  });

  test('does not make an answer that breaks off look complete', async () => {
    await start(async (_, emit) => {
      emit({ status: 200, headers: {} });
      emit(Buffer.from('half'));
      throw new Error('the other process is gone');
    });
    await expect(ask('/v1/tasks').then((response) => response.text())).rejects.toThrow();
  });

  test('cuts off an answer that nobody reads at side.maxReplyBytes, and tells the side process', async () => {
    let told = false;
    let emitted = 0;
    await start(
      async (_, emit, signal) => {
        emit({ status: 200, headers: {} });
        while (!signal.aborted && emitted < 2 ** 28) {
          emit(Buffer.alloc(65_536));
          emitted += 65_536;
          await new Promise((resolve) => setImmediate(resolve));
        }
        told = signal.aborted;
      },
      { side: { maxReplyBytes: 1024 * 1024 } },
    );
    const socket = connect(gateway.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write('GET /v1/tasks HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer secret-of-web\r\n\r\n');
    socket.pause();
    await until(() => told);
    expect(emitted).toBeLessThan(2 ** 26);
    socket.destroy();
  });

  test('cuts off an answer that does not move for stallMs', async () => {
    const aborted = Promise.withResolvers<void>();
    await start(
      async (_, emit, signal) => {
        signal.addEventListener('abort', () => aborted.resolve());
        emit({ status: 200, headers: {} });
        emit(Buffer.alloc(8 * 1024 * 1024));
        await aborted.promise;
      },
      { limits: { stallMs: 100 } },
    );
    const socket = connect(gateway.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write('GET /v1/tasks HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer secret-of-web\r\n\r\n');
    socket.pause();
    await aborted.promise;
    socket.destroy();
  });

  test('gives up an answer when its client leaves', async () => {
    const aborted = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    await start(async (_, __, signal) => {
      signal.addEventListener('abort', () => aborted.resolve());
      begun.resolve();
      await aborted.promise;
    });
    const leave = new AbortController();
    ask('/v1/chat/completions', { method: 'POST', body: '{}', signal: leave.signal }).catch(() => {});
    await begun.promise;
    leave.abort();
    await aborted.promise;
  });
});

describe('while the side process is down', () => {
  test('answers 503 for a session, a live one too, while the side process is down', async () => {
    const provider = await startProvider();
    await start(down, { provider: provider.url, keys });
    const id = randomUUID();
    const client = await openClient(`${gateway.url}/v1/realtime?model=m&trunkline-session=${id}`, { headers });
    expect((await ask(`/v1/sessions/${id}`)).status).toBe(503);
    expect((await ask(`/v1/sessions/${id}`, { method: 'DELETE' })).status).toBe(503);
    expect((await ask(`/v1/sessions/${id}/events`)).status).toBe(503);
    expect((await ask(`/v1/sessions/${id}/context`)).status).toBe(503);
    expect((await ask(`/v1/sessions/${randomUUID()}`)).status).toBe(503);
    client.close();
    await closed(client);
    await provider.close();
  });

  test('opens sessions and passes frames while the side process is down', async () => {
    const provider = await startProvider();
    await start(down, { provider: provider.url });
    const client = await openClient(`${gateway.url}/v1/realtime?model=m`, { headers });
    client.close();
    await closed(client);
    expect((await gateway.nextEnd()).state).toBe('closed');
    await provider.close();
  });
});
