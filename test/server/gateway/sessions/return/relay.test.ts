// Tests over real processes that a client which comes back is served, whichever of them accepts it.

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import { openClient, refusedUpgrade } from '../../../../support/gateway.ts';
import { closed, message } from '../../../../support/inbox.ts';
import { type FakeProvider, startProvider } from '../../../../support/provider.ts';
import { type ServedGateway, serveGateway, trust } from '../../../../support/sdk.ts';

const TRIES = 12;

let provider: FakeProvider;
let gateway: ServedGateway;
beforeAll(async () => {
  provider = await startProvider();
  gateway = await serveGateway({
    processes: 2,
    keys: [
      { id: 'app', secret: 'secret-of-app' },
      { id: 'other', secret: 'secret-of-other' },
    ],
    providers: { openai: { baseUrl: provider.url, apiKey: 'secret-of-the-provider', allowPrivate: true } },
  });
  trust(gateway);
});
afterAll(async () => {
  await gateway?.close();
  await provider?.close();
});

const bearer = (key: string) => ({ headers: { authorization: `Bearer ${key}` } });
const pathOf = (parameters: string): string => `/v1/realtime?model=gpt-realtime-2.1&${parameters}`;

const text = async (ws: WebSocket): Promise<string> => String((await message(ws)).data);

/** The system deals connections out, so that of many some come to the process that does not hold the session. */
test.each(['ws', 'https'] as const)('a client that comes back by %s is served by each process', async (scheme) => {
  const base = gateway[scheme].replace('https', 'wss');
  const open = (parameters: string) => openClient(base + pathOf(parameters), bearer('secret-of-app'));
  const id = crypto.randomUUID();
  let client = await open(`trunkline-survive=client&trunkline-session=${id}`);
  const upstream = await provider.next();
  for (let number = 0; number < TRIES; number++) {
    client.terminate();
    upstream.send(`down ${number}`);
    client = await open(`trunkline-resume=${id}.${number}`);
    expect(await text(client)).toBe(`down ${number}`);
    const long = `up ${number} ${'x'.repeat(300_000)}`;
    client.send(long);
    expect(await text(upstream)).toBe(long);
  }
  upstream.close(1000, 'done');
  expect(await closed(client)).toMatchObject({ code: 1000, reason: 'done' });
});

test('each process tells the client of a session what was taken, and nobody else that there is one', async () => {
  const id = crypto.randomUUID();
  const client = await openClient(
    gateway.ws + pathOf(`trunkline-survive=client&trunkline-session=${id}`),
    bearer('secret-of-app'),
  );
  for (let number = 0; number < TRIES; number++) {
    const answer = await fetch(`${gateway.http}/v1/sessions/${id}/resume`, bearer('secret-of-app'));
    expect(await answer.json()).toEqual({ received: 0, sent: 0, expiresAt: null });
    const refused = async (of: string) => {
      const { status, body } = await refusedUpgrade(
        gateway.ws + pathOf(`trunkline-resume=${of}.0`),
        bearer('secret-of-other'),
      );
      return { status, body: JSON.parse(body) };
    };
    const other = await refused(id);
    expect(other).toMatchObject({ status: 404, body: { error: { code: 'unknown_session' } } });
    expect(other).toEqual(await refused(crypto.randomUUID()));
  }
  client.close(1000);
});

test('the close of a gateway that ends reaches a client that came back through another process', async () => {
  const ending = await serveGateway({
    processes: 2,
    providers: { openai: { baseUrl: provider.url, apiKey: 'secret-of-the-provider', allowPrivate: true } },
  });
  const clients: WebSocket[] = [];
  for (let number = 0; number < TRIES; number++) {
    const id = crypto.randomUUID();
    const first = await openClient(ending.ws + pathOf(`trunkline-survive=client&trunkline-session=${id}`));
    clients.push(await openClient(ending.ws + pathOf(`trunkline-resume=${id}.0`)));
    first.terminate();
  }
  const ends = clients.map(closed);
  await ending.close();
  expect((await Promise.all(ends)).map(({ code }) => code)).toEqual(clients.map(() => 1001));
});
