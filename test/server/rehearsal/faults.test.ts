// The faults that the rehearsal provider injects, as a client meets them.

import { once } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';
import type { RehearsalOptions } from '../../../server/config/rehearsal/rehearsal-schema.ts';
import { type RunningRehearsal, startRehearsal } from '../../../server/rehearsal/host.ts';
import { RehearsalClient } from '../../support/rehearsal-client.ts';

const REALTIME = '/v1/realtime?model=m';
const times = { firstTextMs: 0, tokenMs: 0 };
let host: RunningRehearsal;

afterEach(() => host.close());

async function open(faults: RehearsalOptions['faults'], options: RehearsalOptions = {}): Promise<RehearsalClient> {
  host = await startRehearsal({ times, ...options, faults });
  return new RehearsalClient(host.url + REALTIME);
}

describe('a close', () => {
  test.each([
    [1000, 'done'],
    [1001, 'Your session hit the maximum duration of 60 minutes.'],
    [1008, ''],
    [1011, 'Deadline expired before operation could complete.'],
    [1012, 'restart'],
    [3000, 'invalid_request_error.invalid_api_key'],
    [4000, 'beta'],
    [4999, 'last'],
  ])('reaches the client with the code %d', async (code, reason) => {
    const client = await open({ close: { code, reason, afterMs: 20 } });
    expect(await client.closed()).toEqual({ code, reason });
  });

  test('reaches the client as 1005 without a code', async () => {
    const client = await open({ close: { code: 1005 } });
    expect((await client.closed()).code).toBe(1005);
  });

  test('reaches the client as 1006 when the socket just ends', async () => {
    const client = await open({ close: { code: 1006 } });
    expect((await client.closed()).code).toBe(1006);
  });

  test('is sent with a reserved code, which the client finds invalid', async () => {
    const client = await open({ close: { code: 2999, afterMs: 20 } });
    const [error] = await once(client.socket, 'error');
    expect(error.code).toBe('WS_ERR_INVALID_CLOSE_CODE');
  });
});

test('the fault silence stops all answers while the connection stays alive', async () => {
  const client = await open({ silence: {} });
  let messages = 0;
  client.socket.on('message', () => {
    messages += 1;
  });
  await client.opened();
  client.send({ type: 'response.cancel' });
  client.socket.ping();
  await once(client.socket, 'pong');
  expect(messages).toBe(0);
});

describe('slow reads', () => {
  test('leave sent data with the sender, where another provider reads all of it', async () => {
    const client = await open({ slowReads: {} });
    const healthy = await startRehearsal();
    const other = new RehearsalClient(healthy.url + REALTIME);
    await Promise.all([client.type('session.created'), other.type('session.created')]);
    const audio = Buffer.alloc(3_000_000).toString('base64');
    for (const sender of [client, other]) {
      for (let i = 0; i < 8; i++) sender.send({ type: 'input_audio_buffer.append', audio });
      sender.send({ type: 'input_audio_buffer.clear' });
    }
    await other.type('input_audio_buffer.cleared');
    expect(client.socket.bufferedAmount).toBeGreaterThan(1_000_000);
    client.socket.terminate();
    await healthy.close();
  });

  test('go on after a pause', async () => {
    const client = await open({ slowReads: { afterMs: 0, pauseMs: 20 } });
    await client.type('session.created');
    for (let i = 0; i < 5; i++) client.send({ type: 'input_audio_buffer.clear' });
    for (let i = 0; i < 5; i++) await client.type('input_audio_buffer.cleared');
    client.socket.terminate();
  });
});

test('the fault slowPong delays the answer to a ping, which keeps its bytes', async () => {
  const client = await open({ slowPong: { delayMs: 300 } });
  const order: string[] = [];
  client.socket.on('pong', (data) => order.push(`pong ${data}`));
  await client.type('session.created');
  client.socket.ping('abc');
  client.send({ type: 'input_audio_buffer.clear' });
  await client.type('input_audio_buffer.cleared');
  order.push('cleared');
  await expect.poll(() => order).toEqual(['cleared', 'pong abc']);
});

describe('garbage', () => {
  test.each(['text', 'binary'] as const)('sends a message in a %s frame that is no JSON', async (kind) => {
    const client = await open({ garbage: { kind } });
    const garbage = await new Promise<Buffer>((resolve) => {
      client.socket.on('message', (data: Buffer) => {
        if (!data.toString().startsWith('{"type":"session')) resolve(data);
      });
    });
    expect(() => JSON.parse(garbage.toString())).toThrow();
  });

  test.each([
    ['utf8', 'WS_ERR_INVALID_UTF8'],
    ['opcode', 'WS_ERR_INVALID_OPCODE'],
    ['masked', 'WS_ERR_UNEXPECTED_MASK'],
  ] as const)('sends an invalid frame for the kind %s', async (kind, code) => {
    const client = await open({ garbage: { kind } });
    const [error] = await once(client.socket, 'error');
    expect(error.code).toBe(code);
  });
});

test('the fault bigMessage sends valid JSON of exactly so many bytes', async () => {
  const client = await open({ bigMessage: { afterMs: 0 } });
  const big = await client.type('rehearsal.padding');
  expect(JSON.stringify(big).length).toBe(16 * 1024 * 1024);
});

test('the fault refuse answers with its status, body and headers', async () => {
  const refuse = { status: 429, body: '{"error":{"code":"rate_limit"}}', headers: { 'retry-after': '7' } };
  const client = await open({ refuse });
  const [, response] = await once(client.socket, 'unexpected-response');
  let body = '';
  for await (const chunk of response) body += chunk;
  expect(response.statusCode).toBe(429);
  expect(response.headers).toMatchObject({ 'retry-after': '7', 'content-type': 'application/json' });
  expect(body).toBe(refuse.body);
});

test('sessionCapMs ends a session with an error and a close', async () => {
  const client = await open({}, { sessionCapMs: 50 });
  const { error } = await client.type('error');
  expect(error).toMatchObject({ code: 'session_expired' });
  expect((await client.closed()).code).toBe(1001);
});

test('without faults a connection stays open', async () => {
  const client = await open({});
  await client.type('session.created');
  client.send({ type: 'input_audio_buffer.clear' });
  await client.type('input_audio_buffer.cleared');
  expect(client.events.length).toBe(2);
});
