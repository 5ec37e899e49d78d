// Tests over real processes what a client that comes back is told of its session, and that nobody else is.

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import { openClient } from '../../../../support/gateway.ts';
import { message } from '../../../../support/inbox.ts';
import { type FakeProvider, startProvider } from '../../../../support/provider.ts';
import { type ServedGateway, serveGateway } from '../../../../support/sdk.ts';
import { until } from '../../../../support/until.ts';

let provider: FakeProvider;
let gateway: ServedGateway;
beforeAll(async () => {
  provider = await startProvider();
  gateway = await serveGateway({
    keys: [
      { id: 'app', secret: 'secret-of-app' },
      { id: 'other', secret: 'secret-of-other' },
    ],
    providers: { openai: { baseUrl: provider.url, apiKey: 'secret-of-the-provider', allowPrivate: true } },
  });
});
afterAll(async () => {
  await gateway?.close();
  await provider?.close();
});

const bearer = (key: string) => ({ headers: { authorization: `Bearer ${key}` } });

const open = (parameters: string): Promise<WebSocket> =>
  openClient(`${gateway.ws}/v1/realtime?model=gpt-realtime-2.1&${parameters}`, bearer('secret-of-app'));

async function resume(id: string, key = 'secret-of-app') {
  const answer = await fetch(`${gateway.http}/v1/sessions/${id}/resume`, bearer(key));
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

test('a client learns what was taken of it, comes back, and goes on', async () => {
  const id = crypto.randomUUID();
  const client = await open(`trunkline-survive=client&trunkline-session=${id}`);
  const upstream = await provider.next();
  client.send('{"type":"a"}');
  expect(String((await message(upstream)).data)).toBe('{"type":"a"}');
  upstream.send('{"type":"b"}');
  await message(client);
  expect(await resume(id)).toEqual({ status: 200, body: { received: 1, sent: 1, expiresAt: null } });
  expect((await resume(id, 'secret-of-other')).status).toBe(404);
  client.terminate();
  await until(async () => (await resume(id)).body.expiresAt !== null);
  const { expiresAt } = (await resume(id)).body;
  expect(Date.parse(String(expiresAt))).toBeGreaterThan(Date.now());
  upstream.send('{"type":"c"}');
  const again = await open(`trunkline-resume=${id}.1`);
  expect(String((await message(again)).data)).toBe('{"type":"c"}');
  expect(await resume(id)).toEqual({ status: 200, body: { received: 1, sent: 2, expiresAt: null } });
  again.close(1000);
});

test('of a session that ends with its client there is nothing to tell', async () => {
  const id = crypto.randomUUID();
  const client = await open(`trunkline-session=${id}`);
  expect((await resume(id)).status).toBe(404);
  client.close(1000);
});
