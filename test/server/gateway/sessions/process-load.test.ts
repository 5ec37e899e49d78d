// A gateway process that can take nothing new, over real sockets: what clients are told, and how little is done for them.

import { afterEach, expect, onTestFinished, test } from 'vitest';
import type { WebSocket } from 'ws';
import { openClient, refusedUpgrade, startGateway, type TestGateway } from '../../../support/gateway.ts';
import { closed, message } from '../../../support/inbox.ts';
import { type FakeProvider, startProvider } from '../../../support/provider.ts';
import { until } from '../../../support/until.ts';

const REALTIME = '/v1/realtime?model=gpt-realtime-2.1';
const KEY = 'a-key-of-the-gateway';
const bearer = (key: string) => ({ headers: { authorization: `Bearer ${key}` } });
let provider: FakeProvider;
let gateway: TestGateway;

afterEach(async () => {
  await gateway.close();
  await provider.close();
});

/** The limits of overload hold from when `limit` is called. */
async function start(more: Record<string, unknown> = {}): Promise<{ limit(overload: object): void }> {
  provider = await startProvider();
  const given = { provider: provider.url, access: 'keys', keys: [{ id: 'app', secret: KEY }], ...more };
  gateway = await startGateway(given);
  const { config } = gateway;
  return {
    limit: (overload) => gateway.gateway.useConfig({ ...config, limits: { ...config.limits, overload } as never }),
  };
}

const open = (): Promise<WebSocket> => openClient(gateway.url + REALTIME, bearer(KEY));
const refused = (path = REALTIME, key = KEY) => refusedUpgrade(gateway.url + path, bearer(key));
const isOverloaded = (reason: string) =>
  until(async () => (await gateway.sample('trunkline_overload', { reason })) === 1);

test('a process short of memory refuses sessions in the shape of their provider, whoever asks, and dials nobody', async () => {
  const { limit } = await start();
  limit({ lagMs: 0, memoryBytes: 1 });
  await isOverloaded('memory');
  const answer = await refused();
  expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '5' } });
  expect(JSON.parse(answer.body).error).toMatchObject({ type: 'server_error', code: 'overloaded' });
  const gemini = '/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent';
  expect(JSON.parse((await refused(gemini)).body).error).toMatchObject({ code: 503, status: 'UNAVAILABLE' });
  expect(await refused(REALTIME, 'no-key-of-anybody')).toMatchObject({ status: 503 });
  expect(provider.requests).toEqual([]);
  expect(await gateway.sample('trunkline_refusals_total', { code: 'overloaded' })).toBe(3);
  expect(gateway.gateway.readiness().sessions).toMatchObject([{ code: 'overloaded' }]);
});

test('a session in a turn goes on beside it, one between turns ends with its notice', async () => {
  const { limit } = await start();
  const [talking, idle] = [await open(), await open()];
  const [upstream] = [await provider.next(), await provider.next()];
  upstream.send(JSON.stringify({ type: 'response.output_audio.delta', delta: 'AAAA' }));
  await message(talking);
  limit({ lagMs: 0, memoryBytes: 1 });
  expect(await closed(idle)).toMatchObject({ code: 1013, reason: 'the gateway is short of memory: try again later' });
  expect(await gateway.nextEnd()).toMatchObject({ reason: 'short-of-memory', closeCode: 1013, mayRetry: true });
  upstream.send('still there');
  expect(String((await message(talking)).data)).toBe('still there');
  talking.send('so is the client');
  expect(String((await message(upstream)).data)).toBe('so is the client');
});

test('sessions open again once there is memory', async () => {
  const { limit } = await start();
  limit({ lagMs: 0, memoryBytes: 1 });
  await isOverloaded('memory');
  limit({ lagMs: 0 });
  await until(async () => (await gateway.sample('trunkline_overload', { reason: 'memory' })) === 0);
  await open();
  expect(gateway.gateway.readiness().sessions).toEqual([]);
}, 20_000);

test('a process whose event loop is late refuses sessions, and ends none', async () => {
  const { limit } = await start();
  const client = await open();
  const upstream = await provider.next();
  limit({ lagMs: 20 });
  let isBusy = true;
  onTestFinished(() => {
    isBusy = false;
  });
  const hold = (): void => {
    const until = performance.now() + 150;
    while (performance.now() < until);
    if (isBusy) setImmediate(hold);
  };
  hold();
  await isOverloaded('lag');
  const answer = await refused();
  isBusy = false;
  expect(JSON.parse(answer.body).error).toMatchObject({
    code: 'overloaded',
    message: expect.stringContaining('lagMs'),
  });
  client.send('on');
  expect(String((await message(upstream)).data)).toBe('on');
}, 20_000);

test('a process that is full asks nobody who the client is', async () => {
  await start({ limits: { maxSessions: 1 } });
  await open();
  const answer = await refused(REALTIME, 'no-key-of-anybody');
  expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '5' } });
  expect(JSON.parse(answer.body).error).toMatchObject({ code: 'too_many_sessions' });
});

test('a client that comes back to its session is served by a process that takes no new ones', async () => {
  const { limit } = await start();
  const query = `${REALTIME}&trunkline-survive=client`;
  const first = await openClient(gateway.url + query, bearer(KEY));
  const id = await until(() => gateway.gateway.records()[0]?.id);
  const upstream = await provider.next();
  upstream.send(JSON.stringify({ type: 'response.output_audio.delta', delta: 'AAAA' }));
  await message(first);
  limit({ lagMs: 0, memoryBytes: 1 });
  await isOverloaded('memory');
  first.terminate();
  const back = await openClient(`${gateway.url}${query}&trunkline-resume=${id}.1`, bearer(KEY));
  upstream.send('for who came back');
  expect(String((await message(back)).data)).toBe('for who came back');
});

test('calls and tasks are refused by a side process that is overloaded, and what is there is told', async () => {
  let asked = 0;
  provider = await startProvider();
  gateway = await startGateway({
    provider: provider.url,
    limits: { overload: { memoryBytes: 1 } },
    askSide: async (_, emit) => {
      asked += 1;
      emit({ status: 200, headers: { 'content-type': 'application/json' } } as never);
      emit(Buffer.from('{}') as never);
    },
  });
  const http = gateway.url.replace('ws:', 'http:');
  const call = () =>
    fetch(`${http}/v1/chat/completions`, {
      method: 'POST',
      body: '{}',
      headers: { 'content-type': 'application/json', authorization: 'Bearer x' },
    });
  const answer = await until(async () => {
    const response = await call();
    return response.status === 503 && response;
  });
  expect(answer.headers.get('retry-after')).toBe('5');
  expect(await answer.json()).toMatchObject({ error: { code: 'overloaded' } });
  const before = asked;
  expect((await call()).status).toBe(503);
  expect(asked).toBe(before);
  expect((await fetch(`${http}/v1/sessions`, { headers: { authorization: 'Bearer x' } })).status).toBe(200);
});
