// Room for what waits for the side process: beyond it clients are told to come back.

import { afterEach, describe, expect, test } from 'vitest';
import type { AnswerSide } from '../../server/side/side-request.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { until } from '../support/until.ts';

let gateway: TestGateway;
afterEach(() => gateway.close());

async function start(askSide: AnswerSide, more: Record<string, unknown> = {}): Promise<void> {
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

describe('room for requests', () => {
  const chatError = { type: 'server_error', param: null, code: 'side_unavailable' };

  /** Asks that are answered when they are let go. */
  function hung() {
    const { promise, resolve: letGo } = Promise.withResolvers<void>();
    let waiting = 0;
    const answer: AnswerSide = async (_request, emit) => {
      waiting += 1;
      await promise;
      emit(whole(200, 'late'));
    };
    return { answer, letGo, waiting: () => waiting };
  }

  test('is for side.requests at once; the next one is told to come back, in the shape of whoever asks', async () => {
    const { answer, letGo, waiting } = hung();
    await start(answer, { side: { requests: 2 } });
    const first = [post('{}'), ask('/v1/tasks')];
    await until(() => waiting() === 2);
    const refused = await post('{}');
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await errorOf(refused)).toMatchObject(chatError);
    expect(await errorOf(await ask('/v1/ledger'))).toEqual({
      code: 'side_unavailable',
      message: expect.stringContaining('side.requests'),
    });
    letGo();
    for (const response of await Promise.all(first)) expect(response.status).toBe(200);
    expect((await post('{}')).status).toBe(200);
  });

  test('is for side.requestBytes of their bodies; what is not announced counts as the most it may be', async () => {
    const { answer, letGo, waiting } = hung();
    await start(answer, { side: { requestBytes: 4096, maxBodyBytes: 3000 } });
    const first = post('x'.repeat(2000));
    await until(() => waiting() === 1);
    expect((await post('x'.repeat(2097))).status).toBe(503);
    const unknown = new ReadableStream({
      start(controller) {
        controller.enqueue(Buffer.from('{}'));
        controller.close();
      },
    });
    const streamed = await ask('/v1/tasks', { method: 'POST', body: unknown, duplex: 'half' } as RequestInit);
    expect(streamed.status).toBe(503);
    const second = post('x'.repeat(2096));
    await until(() => waiting() === 2);
    letGo();
    for (const response of await Promise.all([first, second])) expect(response.status).toBe(200);
    expect((await post('x'.repeat(3000))).status).toBe(200);
  });

  test('is given back by clients that leave', async () => {
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
