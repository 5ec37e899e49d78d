// A model of several targets over real processes: what the store has of its sessions and their tries, and the client secrets that are made for its name.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { openStore } from '../../../../server/side/store/open.ts';
import { openClient, refusedUpgrade } from '../../../support/gateway.ts';
import { closed } from '../../../support/inbox.ts';
import { killAll } from '../../../support/processes.ts';
import { type FakeProvider, startProvider } from '../../../support/provider.ts';
import { type Served, serve } from '../../../support/served.ts';
import { storedCalls } from '../../../support/stored.ts';
import { until } from '../../../support/until.ts';

let provider: FakeProvider;
let served: Served;
beforeAll(async () => {
  provider = await startProvider({
    onUpgrade({ url }, socket) {
      const isRefused = url?.includes('m-one') === true;
      if (isRefused) socket.end('HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n');
      return isRefused;
    },
  });
  const account = { kind: 'openai', baseUrl: provider.url, apiKey: 'key-of-account', allowPrivate: true };
  served = await serve({
    providers: { one: account, two: { ...account, apiKey: 'key-of-account-two' } },
    keys: [
      { id: 'app', secret: 'secret-of-app', models: ['voice'] },
      { id: 'free', secret: 'secret-of-free' },
    ],
    models: { voice: ['one/m-one', 'two/m-two'] },
    prices: { 'two/m-two': { minute: 1 } },
  });
});
afterAll(async () => {
  if (served?.child.exitCode === null) killAll(served.child);
  await served?.exited;
  await provider?.close();
});

const bearer = (secret: string) => ({ headers: { authorization: `Bearer ${secret}` } });
const http = () => `http${served.url.slice(2)}`;

async function post(path: string, body: object, secret: string) {
  const headers = { ...bearer(secret).headers, 'content-type': 'application/json' };
  const response = await fetch(`${http()}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

async function open(secret: string): Promise<void> {
  const client = await openClient(`${served.url}/v1/realtime?model=voice`, bearer(secret));
  client.close();
  await closed(client);
}

test('a secret for the name opens sessions at its targets under that name, and no chats', async () => {
  const { body } = await post('/v1/realtime/client_secrets', { session: { model: 'voice' } }, 'secret-of-app');
  const secret = String(body.value);
  const chat = await post('/v1/chat/completions', { messages: [] }, secret);
  expect(chat).toMatchObject({ status: 403, body: { error: { code: 'secret_not_allowed' } } });
  const other = await refusedUpgrade(`${served.url}/v1/realtime?model=two/m-two`, bearer(secret));
  expect(JSON.parse(other.body).error).toMatchObject({ code: 'model_not_allowed' });
  await open(secret);
  expect(provider.requests.map(({ url }) => url)).toEqual(['/v1/realtime?model=m-one', '/v1/realtime?model=m-two']);
});

test('a secret whose session names an account before its model is for that account, and its model', async () => {
  const session = { type: 'realtime', model: 'two/m-two' };
  const { body } = await post('/v1/realtime/client_secrets', { session }, 'secret-of-free');
  expect(body.session).toMatchObject({ model: 'm-two' });
  const secret = String(body.value);
  const client = await openClient(`${served.url}/v1/realtime?model=m-two`, bearer(secret));
  client.close();
  await closed(client);
  expect(provider.requests.at(-1)).toMatchObject({
    url: '/v1/realtime?model=m-two',
    headers: { authorization: 'Bearer key-of-account-two' },
  });
});

test('the store has the name that was asked for, what was tried and why the target was taken, and rows of tries', async () => {
  await open('secret-of-app');
  await until(async () => (await served.sessions()).length === 0);
  const view = await (await fetch(`${served.admin}/sessions`)).text();
  expect(view).not.toContain('key-of-account');
  await served.stop();
  const [last] = (await storedCalls(served.data)).slice(-1);
  const why = 'first of voice, behind one/m-one (upstream_refused 503)';
  expect(last?.session).toMatchObject({ provider: 'two', model: 'm-two', asked: 'voice', tried: ['one/m-one'], why });
  const store = await openStore({ url: 'sqlite', dataDirectory: served.data });
  const rows = (await store.ledger({ limit: 100 })).map(
    ({ kind, gateway, asked, target, tried, outcome, refusals }) => ({
      ...{ kind, gateway, asked, target, tried, outcome, isRefusal: refusals !== undefined },
    }),
  );
  await store.close();
  expect(rows).toContainEqual({
    ...{ kind: 'realtime', gateway: 'two', asked: 'voice', target: 'two/m-two', tried: ['one/m-one'] },
    ...{ outcome: 'ok', isRefusal: false },
  });
  expect(rows).toContainEqual({
    ...{ kind: 'realtime', gateway: 'one', asked: 'voice', target: 'one/m-one', tried: [] },
    ...{ outcome: 'upstream_refused', isRefusal: true },
  });
});
