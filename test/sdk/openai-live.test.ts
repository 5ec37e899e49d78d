// Runs the WebSocket class of the Live API in the official OpenAI SDK, against a provider that follows a script.

import OpenAI from 'openai';
import type { ServerEvent } from 'openai/resources/live/live';
import { LiveWS } from 'openai/resources/live/ws';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import { closed } from '../support/inbox.ts';
import { type FakeProvider, startProvider } from '../support/provider.ts';
import { spokenTurn } from '../support/recording.ts';
import { Heard, type ServedGateway, serveGateway, trust } from '../support/sdk.ts';

const MODEL = 'gpt-live-1';
const KEY = 'secret-of-the-demo-key';
const LISTED_KEY = 'secret-of-the-listed-key';
let provider: FakeProvider;
let gateway: ServedGateway;

beforeAll(async () => {
  provider = await startProvider({ onSession: playLive });
  gateway = await serveGateway({
    keys: [
      { id: 'demo', secret: KEY },
      { id: 'listed', secret: LISTED_KEY, models: [`openai/${MODEL}`] },
    ],
    providers: { openai: { baseUrl: provider.url, apiKey: 'secret-of-the-provider', allowPrivate: true } },
  });
  trust(gateway);
});

afterAll(async () => {
  await gateway?.close();
  await provider?.close();
});

/** The models of the sessions that were started at the provider. */
const started: string[] = [];

/** Sends back all audio, bills it, and closes when it is asked to. */
function playLive(ws: WebSocket): void {
  let seconds = 0;
  const send = (event: object) => ws.send(JSON.stringify(event));
  ws.on('message', (data) => {
    const event = JSON.parse(data.toString());
    if (event.type === 'session.start') {
      started.push(event.session.model);
      send({ type: 'session.started', event_id: 'event_1', session: { id: 'live_1', ...event.session } });
    }
    if (event.type === 'session.input_audio.append') {
      send({ type: 'session.output_audio.delta', delta: event.audio });
      seconds += Buffer.from(event.audio, 'base64').length / 48_000;
      send({ type: 'session.usage.updated', event_id: 'event_2', usage: { seconds } });
    }
    if (event.type !== 'session.close') return;
    send({ type: 'session.closed', event_id: 'event_3', reason: 'close_requested', usage: { seconds } });
    ws.close(1000, 'closed');
  });
}

function open(baseUrl: string, apiKey = KEY) {
  const client = new LiveWS(new OpenAI({ baseURL: `${baseUrl}/v1`, apiKey }));
  const heard = new Heard<ServerEvent>();
  client.on('event', heard.add);
  client.on('error', heard.fail);
  return { client, heard };
}

test.each(['http', 'https'] as const)('a full-duplex session passes in both directions, over %s', async (scheme) => {
  const { client, heard } = open(gateway[scheme]);
  client.send({ type: 'session.start', session: { model: MODEL } });
  const { session } = await heard.type('session.started');
  expect(session).toMatchObject({ id: 'live_1', model: MODEL });
  const turn = spokenTurn('librivox-0880', 24_000);
  for (const audio of turn) client.send({ type: 'session.input_audio.append', audio });
  client.send({ type: 'session.close' });
  const end = new Promise((resolve) => client.on('close', (code, reason) => resolve({ code, reason })));
  expect(await heard.type('session.closed')).toMatchObject({ reason: 'close_requested' });
  expect(await end).toEqual({ code: 1000, reason: 'closed' });
  await closed(await provider.next());
  const echoed = heard.events.flatMap((event) => (event.type === 'session.output_audio.delta' ? event.delta : []));
  expect(echoed).toEqual(turn);
});

test('a model that the key may not use never reaches the provider, and is an error event', async () => {
  const { client, heard } = open(gateway.http, LISTED_KEY);
  client.send({ type: 'session.start', event_id: 'mine', session: { model: 'gpt-live-2' } });
  await expect(heard.failed).rejects.toThrow('this key may not use the model gpt-live-2');
  expect(heard.events).toMatchObject([
    { type: 'error', error: { code: 'model_not_allowed', client_event_id: 'mine' } },
  ]);
});

test('a wrong key is an error of the SDK that says so', async () => {
  const { heard } = open(gateway.http, 'not-a-key-of-this-gateway');
  await expect(heard.failed).rejects.toThrow('Unexpected server response: 401');
});
