// Checks what is decided by a first message together with its handshake: who it is, which account serves it, and what is written down of it.

import { afterEach, describe, expect, test } from 'vitest';
import {
  openClient,
  refusedUpgrade,
  startGateway,
  type TestGateway,
  type TestGatewayOptions,
} from '../../../support/gateway.ts';
import { closed, message } from '../../../support/inbox.ts';
import { type FakeProvider, startProvider } from '../../../support/provider.ts';

const PATH = '/transcribe-websocket';
const KEY = 'secret-of-app';
const first = (more: object = {}) => JSON.stringify({ api_key: KEY, model: 'stt-rt-v5', ...more });
const keys = [
  { id: 'app', secret: KEY, team: 'apps' },
  { id: 'listed', secret: 'secret-of-listed', models: ['soniox/stt-*'] },
];
let provider: FakeProvider;
let gateway: TestGateway;

afterEach(async () => {
  await gateway.close();
  await provider.close();
});

async function start(options: Partial<TestGatewayOptions> = {}, account: object = {}): Promise<void> {
  provider = await startProvider();
  const soniox = { baseUrl: provider.url, apiKey: 'provider-secret', allowPrivate: true, ...account };
  gateway = await startGateway({ keys, providers: { soniox }, ...options });
}

/** Returns the event and the close of a client whose first message is refused. */
async function refused(text: string, target = PATH, headers: Record<string, string> = {}) {
  const client = await openClient(gateway.url + target, { headers });
  client.send(text);
  const event = JSON.parse(String((await message(client)).data));
  return { ...event, code: (await closed(client)).code };
}

/** Returns the first message that the provider gets of a client, and the headers that it was dialled with. */
async function passed(text: string, target = PATH, headers: Record<string, string> = {}) {
  const client = await openClient(gateway.url + target, { headers });
  client.send(text);
  const upstream = await provider.next();
  const got = String((await message(upstream)).data);
  client.close();
  await gateway.nextEnd();
  const request = provider.requests.at(-1);
  return { got, url: request?.url, headers: request?.headers };
}

describe('the account', () => {
  test('has its credential where the configuration says: in the handshake, and then not in the message', async () => {
    await start({}, { auth: 'bearer' });
    const { got, headers } = await passed(first());
    expect(got).toBe('{"model":"stt-rt-v5"}');
    expect(headers?.authorization).toBe('Bearer provider-secret');
    expect(await passed(JSON.stringify({ model: 'm' }), PATH, { authorization: `Bearer ${KEY}` })).toMatchObject({
      got: '{"model":"m"}',
    });
  });

  test('gets what the client brings where that is forwarded, with a key in x-trunkline-key', async () => {
    await start({}, { apiKey: 'client' });
    const headers = { 'x-trunkline-key': KEY };
    expect((await passed(first({ api_key: 'of-client' }), PATH, headers)).got).toBe(first({ api_key: 'of-client' }));
    expect(await refused('{"model":"m"}', PATH, headers)).toMatchObject({ error_code: 401, error_type: 'invalid_key' });
    expect(await refused(first())).toMatchObject({ error_code: 401, error_type: 'invalid_key' });
  });

  test('is named in the model of the message, whose provider is told the model alone', async () => {
    const other = await startProvider();
    await start({
      providers: {
        soniox: { baseUrl: 'wss://unreachable.example', apiKey: 'k' },
        other: { kind: 'soniox', baseUrl: other.url, apiKey: 'secret-of-other', allowPrivate: true },
      },
    });
    const client = await openClient(gateway.url + PATH);
    client.send(first({ model: 'other/stt-rt-v5' }));
    expect(String((await message(await other.next())).data)).toBe(first({ api_key: 'secret-of-other' }));
    client.close();
    expect(await gateway.nextEnd()).toMatchObject({ provider: 'other', model: 'stt-rt-v5' });
    await other.close();
  });

  test('that has the model is chosen among those of the path', async () => {
    const other = await startProvider();
    await start({
      providers: {
        soniox: { baseUrl: 'wss://unreachable.example', apiKey: 'k', models: ['nothing-*'] },
        other: { kind: 'soniox', baseUrl: other.url, apiKey: 'secret-of-other', allowPrivate: true, models: ['stt-*'] },
      },
    });
    const client = await openClient(gateway.url + PATH);
    client.send(first());
    await other.next();
    client.close();
    expect(await gateway.nextEnd()).toMatchObject({ provider: 'other' });
    await other.close();
  });

  test('that is not there is told before the 101', async () => {
    await start({ providers: {}, rehearsal: false, keys: [] });
    expect((await refusedUpgrade(gateway.url + PATH)).status).toBe(503);
  });
});

describe('the key', () => {
  test('in the handshake is asked there, and no credential of the message goes upstream', async () => {
    await start();
    const { status } = await refusedUpgrade(gateway.url + PATH, { headers: { authorization: 'Bearer wrong' } });
    expect(status).toBe(401);
    const headers = { authorization: `Bearer ${KEY}` };
    expect((await passed(first({ api_key: 'of-client' }), PATH, headers)).got).toBe(
      first({ api_key: 'provider-secret' }),
    );
    expect((await passed('{"model":"m"}', PATH, headers)).got).toBe('{"api_key":"provider-secret","model":"m"}');
  });

  test('in each message of a kind is replaced, and all else of it stays', async () => {
    await start();
    const client = await openClient(`${gateway.url}/tts-websocket`);
    const stream = (key: string) => `{"voice" : "a", "api_key":\t"${key}", "n":1.0,"stream_id":"s"}`;
    client.send(stream(KEY));
    client.send('{"text":"the api_key is a word","stream_id":"s"}');
    client.send(stream(KEY));
    const upstream = await provider.next();
    const got = [];
    for (let count = 0; count < 3; count += 1) got.push(String((await message(upstream)).data));
    const ours = stream('provider-secret');
    expect(got).toEqual([ours, '{"text":"the api_key is a word","stream_id":"s"}', ours]);
    client.send(`{"api_key":"${KEY}","api_key":"x"}`);
    expect(JSON.parse(String((await message(client)).data))).toMatchObject({ error_type: 'duplicate_key' });
    expect((await closed(client)).code).toBe(1008);
    await gateway.nextEnd();
  });

  test('with a list may use the models of its list', async () => {
    await start();
    const of = (model: string) => first({ api_key: 'secret-of-listed', model });
    expect((await passed(of('stt-rt-v5'))).got).toContain('"model":"stt-rt-v5"');
    expect(await refused(of('tts-rt-v1'))).toMatchObject({
      error_code: 403,
      error_type: 'model_not_allowed',
      code: 1008,
    });
    expect(await refused(first({ api_key: 'secret-of-listed', model: undefined }))).toMatchObject({
      error_type: 'model_not_allowed',
    });
  });

  test('decides about its sessions as any key does', async () => {
    await start({ keys: [{ id: 'app', secret: KEY, maxSessions: 1, maxSessionSeconds: 1 }] });
    const client = await openClient(gateway.url + PATH);
    client.send(first());
    await provider.next();
    expect(await refused(first())).toMatchObject({ error_code: 429, error_type: 'too_many_sessions', code: 1013 });
    expect(JSON.parse(String((await message(client)).data))).toMatchObject({ error_type: 'session_limit' });
    expect((await closed(client)).code).toBe(4503);
    await gateway.nextEnd();
  });
});

test('a refusal is in the log, in the metrics and in the ledger, as one before the 101 is, and no secret is', async () => {
  const rows: object[] = [];
  await start({ addRefusals: async (added: readonly object[]) => void rows.push(...added) });
  await refused(first({ api_key: 'secret-of-listed', model: 'forbidden' }));
  const found = gateway.lines.find(({ msg }) => msg === 'upgrade refused');
  expect(found).toMatchObject({
    key: 'listed',
    provider: 'soniox',
    route: PATH,
    model: 'forbidden',
    code: 'model_not_allowed',
    status: 403,
  });
  expect(await gateway.sample('trunkline_refusals_total', { code: 'model_not_allowed' })).toBe(1);
  await gateway.close();
  expect(rows).toMatchObject([{ outcome: 'model_not_allowed', key: 'listed', asked: 'forbidden', gateway: 'soniox' }]);
  expect(JSON.stringify([gateway.lines, rows])).not.toContain('secret-of');
});

test('a plain GET is told what an upgrade would be: to upgrade', async () => {
  await start();
  const answer = await fetch(`http://127.0.0.1:${gateway.port}${PATH}`);
  expect([answer.status, (await answer.json()).error_type]).toEqual([426, 'invalid_request']);
});

test.each([
  ['a session id that is none', '?trunkline-session=x', 400],
  ['an earlier session to continue', '?trunkline-continue=0191b7a0-0000-4000-8000-000000000001', 400],
])('%s is refused before the 101', async (_what, query, status) => {
  await start();
  expect((await refusedUpgrade(gateway.url + PATH + query)).status).toBe(status);
});
